/* The sink that writes reports as CSV (RFC 4180, but lines end in LF as the tools of the field write them).
 */
#ifndef TCPREUSE_CSV_H
#define TCPREUSE_CSV_H

#include "engine/sink.h"

struct csv_sink;

/* The report's name in --reports, and its file's without the ending. */
const char *report_name(enum report report);

struct csv_params {
    const char *directory; /* where reuse.csv and others go, made if it is missing; NULL: standard output
                              takes the one report that is wanted */
    bool wants[REPORTS];
    bool with_origin; /* reuse and packets have the columns file and file_frame */
    bool with_ending; /* conversations has the column ended_by */
    /* When a report goes on in a new file, reuse.1.csv and so on; 0: never. */
    uint64_t rotate_bytes; /* before it grows beyond so many */
    double rotate_seconds; /* with the first row after this time */
};

/* NULL after writing an error to standard error. */
struct csv_sink *csv_sink_create(const struct csv_params *params);
struct sink *csv_sink_sink(struct csv_sink *s);
/* Rows are written when the pipeline writes them. Closes the files; 0, or -1 when something could not be
 * written, after an error on standard error. */
int csv_sink_close(struct csv_sink *s);
void csv_sink_destroy(struct csv_sink *s);

/* Writes all n bytes, whatever write(2) takes at a time. 0, or -1 with errno. */
int write_all(int fd, const void *bytes, size_t n);

#endif
