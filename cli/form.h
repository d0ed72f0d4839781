/* The form of the reports that the options ask for. */
#ifndef TCPREUSE_FORM_H
#define TCPREUSE_FORM_H

#include "cli/options.h"
#include "io/reports/listing.h"

const struct row_format *form_of(const struct options *o);
/* The listing that FORMAT_TEXT is written by; fits the window that standard output is. several: files are read.
 * timers: NULL without verdicts. NULL when memory is short. */
struct listing *form_listing(const struct options *o, bool several, const struct timers *timers);

#endif
