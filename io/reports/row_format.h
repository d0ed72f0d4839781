/* The forms in which rows are written. A sink takes one before the run, so that a row costs no branch for it. */
#ifndef TCPREUSE_ROW_FORMAT_H
#define TCPREUSE_ROW_FORMAT_H

#include "io/columns/columns.h"

struct row_format {
    const char *suffix; /* of the reports' files */
    /* As those of struct sink_ops: any thread, several at a time. 0, or -1 when memory is short. */
    int (*reuse)(struct sink *, struct text *, const struct reuse_row *);
    int (*packets)(struct sink *, struct text *, const struct packet_row *, unsigned count);
    int (*conversation)(struct sink *, struct text *, const struct conversation_row *);
    int (*episode)(struct sink *, struct text *, const struct episode_row *);
    int (*endpoint)(struct sink *, struct text *, const struct endpoint_row *);
    /* Writes the line that a file begins with; returns its length. NULL: there is none. */
    size_t (*header)(const struct sink *, enum report, char line[COLUMNS_LINE_MAX]);
    /* Makes what is written of the rows that were formatted, in the report's order, one thread at a time, and
     * appends it to out. state: as the sink was given it. 0, or -1 when memory is short. NULL: rows are
     * written as they were formatted. */
    int (*arrange)(void *state, const struct text *rows, struct text *out);
    /* Appends what follows the last row. NULL: nothing does. 0, or -1 when memory is short. */
    int (*finish)(void *state, struct text *out);
};

/* How a report names its columns. */
enum naming {
    NAMING_OURS, /* as the CSV does */
    NAMING_ECS,  /* as Elastic Common Schema does */
    NAMING_ZEEK, /* as Zeek's logs do */
    NAMINGS
};

extern const struct row_format csv_format;
/* JSON, an object a line. By enum naming. */
extern const struct row_format *const ndjson_formats[NAMINGS];

#endif
