/* Reports of an earlier run in the directory that a run writes into. */
#ifndef TCPREUSE_EARLIER_H
#define TCPREUSE_EARLIER_H

#include "io/reports/names.h"

/* Prints a note that names the files of reports of an earlier run, if there are any: reports that are not
 * among those written with this suffix. */
void earlier_print(const char *path, const bool written[REPORT_NAMES], const char *suffix);

#endif
