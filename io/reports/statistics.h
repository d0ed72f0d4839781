/* Where the time went, for people and as a part of summary.json. */
#ifndef TCPREUSE_STATISTICS_H
#define TCPREUSE_STATISTICS_H

#include "io/reports/json.h"
#include "io/reports/summary.h"

/* Adds memory, steps, workers and tables to the object "performance", which is open. */
void statistics_write_json(const struct summary *s, struct json *j);
/* What --stats prints. */
void statistics_print(const struct summary *s, FILE *to);

#endif
