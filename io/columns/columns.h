/* The columns of the reports: what each is called, holds and means. The header lines of CSV, the members of NDJSON,
 * schema.sql, datapackage.json and the tables of docs/reports.md are made from this one table. Constant, so thread-safe. */
#ifndef TCPREUSE_COLUMNS_H
#define TCPREUSE_COLUMNS_H

#include "engine/sink.h"

/* What a field holds, where it is not empty. */
enum column_type {
    COLUMN_NUMBER,  /* an integer that fits in an int64_t */
    COLUMN_TIME,    /* seconds since 1970-01-01 UTC, with up to 9 decimals */
    COLUMN_SECONDS, /* between two times, likewise; perhaps negative */
    COLUMN_RATIO,   /* a decimal fraction */
    COLUMN_FLAG,    /* 0 or 1 */
    COLUMN_WORD,    /* one of `words` */
    COLUMN_WORDS,   /* names, separated by spaces: of `words`, where there are any */
    COLUMN_NUMBERS, /* integers, separated by spaces */
    COLUMN_ADDRESS, /* IPv4, or IPv6 as RFC 5952 has it */
    COLUMN_UTC,     /* date and time in UTC, RFC 3339 */
    COLUMN_TEXT,
    COLUMN_TYPES
};

/* Which runs have the column. */
enum column_when {
    WHEN_ALWAYS,
    WHEN_VERDICTS,     /* not with --verdicts off */
    WHEN_SPREADSHEET,  /* --spreadsheet; only in CSV */
    WHEN_ENDING,       /* conversations may be forgotten */
    WHEN_COMMUNITY_ID, /* --community-id */
    WHEN_VLAN,         /* these belong to --key */
    WHEN_INTERFACE,
    WHEN_VNI,
    WHEN_ORIGIN, /* several inputs */
    WHENS
};

struct column {
    const char *name;
    enum column_type type;
    enum column_when when;
    bool may_be_empty;
    const char *unit;         /* NULL: none */
    const char *const *words; /* the empty one stands for an empty field; NULL: none are listed */
    unsigned word_count;
    const char *meaning; /* CommonMark, one line; begins in lower case, and has no period at its end */
    const char *source;  /* where it comes from */
};

struct report_columns {
    const char *about; /* what a row is */
    const struct column *items;
    unsigned count;
};

/* In the order of the row. By enum report. */
extern const struct report_columns report_columns[REPORTS];

/* "number", "seconds" ... */
extern const char *const column_type_names[COLUMN_TYPES];
/* "", or when a column is there, such as "with several inputs". */
extern const char *const column_when_texts[WHENS];

/* NDJSON lacks it. */
static inline bool column_is_of_csv_only(const struct column *column)
{
    return column->when == WHEN_SPREADSHEET;
}

/* Whether the rows of CSV that the sink formats have the column. */
bool column_is_written(const struct column *column, const struct sink *sink);

/* The header line of the CSV, with the line feed: its length. */
enum { COLUMNS_LINE_MAX = 1024 };
size_t columns_put_header(const struct sink *sink, enum report report, char line[COLUMNS_LINE_MAX]);

#endif
