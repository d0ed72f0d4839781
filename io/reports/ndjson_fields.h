/* Rows of JSON made of rows of CSV, of the reports that have few. */
#ifndef TCPREUSE_NDJSON_FIELDS_H
#define TCPREUSE_NDJSON_FIELDS_H

#include "io/reports/row_format.h"

/* Append a row. 0, or -1 when memory is short. Thread-safe. */
int ndjson_format_episode(enum naming naming, struct sink *sink, struct text *text,
                          const struct episode_row *row);
int ndjson_format_endpoint(enum naming naming, struct sink *sink, struct text *text,
                           const struct endpoint_row *row);

#endif
