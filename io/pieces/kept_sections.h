/* The sections of a piece file: packed batches, several a section, and then what they are. */
#ifndef TCPREUSE_KEPT_SECTIONS_H
#define TCPREUSE_KEPT_SECTIONS_H

#define KEPT_BATCHES "batches"
#define KEPT_ABOUT   "about"

#endif
