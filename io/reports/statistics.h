/* Where the time went, for people and as a part of summary.json. */
#ifndef TCPREUSE_STATISTICS_H
#define TCPREUSE_STATISTICS_H

#include "io/reports/summary.h"

/* The members of "performance" behind the first ones, each with a comma before it. */
void statistics_write_json(const struct summary *s, FILE *f);
void statistics_print(const struct summary *s, FILE *to);

#endif
