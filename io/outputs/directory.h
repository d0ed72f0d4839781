/* The directory that files are written into. */
#ifndef TCPREUSE_DIRECTORY_H
#define TCPREUSE_DIRECTORY_H

/* Makes the directory, and its parents, where they do not exist. 0, or -1 after printing an error. */
int directory_make(const char *path);

#endif
