/* The directory that reports are written into. */
#ifndef TCPREUSE_DIRECTORY_H
#define TCPREUSE_DIRECTORY_H

#include "io/reports/names.h"

/* Makes the directory, and its parents, where they do not exist. 0, or -1 after printing an error. */
int directory_make(const char *path);
/* Prints a note that names the files of reports of an earlier run, if there are any: reports that are not
 * among those written with this suffix. */
void directory_print_earlier(const char *path, const bool written[REPORT_NAMES], const char *suffix);

#endif
