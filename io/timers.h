/* Timers from a file, for verdicts. */
#ifndef TCPREUSE_IO_TIMERS_H
#define TCPREUSE_IO_TIMERS_H

#include "engine/pipeline.h"

enum timers_result { TIMERS_READ, TIMERS_WRONG, TIMERS_UNREADABLE };

/* Reads a CSV file of lines `name,kind,seconds`, with that line of column names or without it; kind is fin,
 * rst, close (both) or idle. Empty lines, and those that begin with #, are comments. Anything but TIMERS_READ:
 * an error has been printed, with the file and the line. */
enum timers_result timers_read(struct timers *timers, const char *path);

#endif
