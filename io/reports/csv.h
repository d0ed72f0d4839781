/* The sink that writes the reports: into files, or one to standard output. Their form is CSV (RFC 4180, except
 * that lines end in LF, as Unix tools expect), or another one of row_format.h. */
#ifndef TCPREUSE_CSV_H
#define TCPREUSE_CSV_H

#include "io/outputs/outputs.h"
#include "io/problems.h"
#include "io/reports/row_format.h"

struct csv_sink;

/* Takes rows beside the files, as the format made them, before they are written. */
struct row_taker {
    bool wants[REPORTS];
    /* As write() of struct sink_ops; sink: the one that formatted them. What goes wrong is the taker's to tell: the reports
     * go on. */
    void (*take)(struct row_taker *taker, const struct sink *sink, enum report report,
                 const struct text *rows);
};

/* A report that an earlier run began. */
struct csv_resume {
    uint64_t length; /* bytes that stay; what stands behind them is cut off */
};

struct csv_params {
    /* Where reuse.csv and the others go. NULL: standard output, for a single report. */
    struct outputs *outputs;
    const char *directory; /* its name, for messages */
    /* What could not be written is told to it (problems_tell()). NULL: it is printed only. */
    struct problems *failures;
    bool wants[REPORTS];
    const struct row_format *format; /* NULL: CSV */
    void *format_state;              /* for the format's arrange(); outlives the sink */
    bool with_origin;                /* reuse and packets have the columns file and file_frame */
    bool with_ending;                /* conversations has the column ended_by */
    unsigned
        key_parts; /* enum key_parts: reuse, conversations, packets and episodes have a column for each */
    bool with_community_id; /* reuse and conversations have the column community_id (community_id.h) */
    uint16_t community_id_seed;
    /* Reuse has the columns of verdicts; these name the timers that `undercuts` tells of. NULL: it has not. */
    const struct timers *timers;
    bool for_spreadsheets; /* as in struct sink */
    bool with_mark;        /* files begin with a byte order mark (U+FEFF, in UTF-8) */
    /* A report continues in another file, reuse-2.csv and so on, before one would have more lines than this, of which the
     * header is one; at least 2. 0: never. */
    uint64_t split_rows;
    struct row_taker *taker; /* NULL: none; outlives the sink */
    /* Rotation: when a report continues in a new file, reuse.1.csv and so on. 0: never. */
    uint64_t rotate_bytes; /* before the file would grow beyond this */
    double rotate_seconds; /* with the first rows so long after the first of the file */
    /* Files are written under their own names, and kept when the run fails: for a run that says elsewhere up to which
     * length they are consistent. Not together with rotation. */
    bool in_place;
    /* With in_place: the lengths, one a report, at which an earlier run's files go on. NULL: they begin anew. */
    const struct csv_resume *resume;
};

/* NULL after printing an error. The strings of params outlive the sink. */
struct csv_sink *csv_sink_create(const struct csv_params *params);
struct sink *csv_sink_sink(struct csv_sink *s);
/* Completes the files, after the pipeline has ended, each with its header at least: they get their names. A report that
 * could not be written to its end gets its name, too, with the rows that it has. A run that had no input leaves this
 * out where standard output is to get nothing. 0, or -1 after printing an error for each report that
 * could not be written, but for a reader of standard output that has gone. */
int csv_sink_close(struct csv_sink *s);
/* After csv_sink_close(): the names of the report's files that are in the directory, in their order: of the first one where name is NULL, else of the one
 * after it. NULL: there are no more. */
const char *csv_sink_next_file(const struct csv_sink *s, enum report report, const char *name);
/* What has been written so far goes to the disk; its lengths are told. While no other thread writes. Only
 * in a directory. 0, or -1 if some report could not be written, of which csv_sink_close() tells. */
int csv_sink_sync(struct csv_sink *s, struct csv_resume now[REPORTS]);
/* Nobody reads standard output any more: writing to it failed for that. */
bool csv_sink_lost_reader(const struct csv_sink *s);
/* NULL is fine. Without csv_sink_close() there are no files. */
void csv_sink_destroy(struct csv_sink *s);

#endif
