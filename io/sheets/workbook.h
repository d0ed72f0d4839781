/* reuse.xlsx: a workbook for people, with a summary, the reuses, the endpoints and what the columns mean. It is made from the
 * rows of CSV, so its numbers are those of the CSV reports. */
#ifndef TCPREUSE_WORKBOOK_H
#define TCPREUSE_WORKBOOK_H

#include "io/reports/csv.h"
#include "io/reports/summary.h"

struct workbook_params {
    struct outputs *outputs;   /* where reuse.xlsx goes, which outlives the workbook */
    const char *directory;     /* its name, also for temporary files without a name */
    struct problems *failures; /* what goes wrong is told to it (problems_tell()) */
    bool endpoints;            /* has a sheet of them */
    uint64_t split_rows;       /* lines of a sheet, the header included; 0: as many as it can hold */
};

struct workbook;

/* NULL after telling what went wrong. */
struct workbook *workbook_create(const struct workbook_params *params);
/* Takes rows of CSV, for struct csv_params. */
struct row_taker *workbook_taker(struct workbook *w);
/* Writes the file, once the pipeline has ended. sink: the one whose rows it has taken. 0, or -1 after telling what went
 * wrong. */
int workbook_write(struct workbook *w, const struct sink *sink, const struct summary *summary);
/* NULL is fine. Also without workbook_write(). */
void workbook_destroy(struct workbook *w);

#endif
