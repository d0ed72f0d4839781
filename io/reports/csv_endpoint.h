/* The rows of endpoints.csv. */
#ifndef TCPREUSE_CSV_ENDPOINT_H
#define TCPREUSE_CSV_ENDPOINT_H

#include "engine/sink.h"

/* Appends the row. 0, or -1 when memory is short. Thread-safe. */
int csv_format_endpoint(struct sink *sink, struct text *text, const struct endpoint_row *row);

#endif
