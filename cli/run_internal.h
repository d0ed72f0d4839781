/* What the steps of a run share: run.c, run_open.c and run_report.c. */
#ifndef TCPREUSE_RUN_INTERNAL_H
#define TCPREUSE_RUN_INTERNAL_H

#include "cli/combine.h"
#include "cli/destination.h"
#include "cli/extract.h"
#include "cli/follow.h"
#include "cli/live.h"
#include "cli/metrics.h"
#include "cli/run.h"
#include "cli/service.h"
#include "cli/state.h"
#include "io/filters/bpf.h"
#include "io/html/html.h"
#include "io/reports/csv.h"
#include "io/reports/listing.h"
#include "io/sets/set_source.h"
#include "io/sheets/workbook.h"
#include "io/timers.h"

/* The parts of a run, in the order in which they are made. */
struct run {
    const struct options *options;
    const struct inputs *inputs;
    const struct combine *combine; /* NULL: nothing of the kind */
    struct problems *problems;
    /* Of the run itself and its outputs, for the summary. They have been printed. */
    struct problems failures;
    struct destination destination;
    struct bpf *filter; /* NULL: none */
    struct stop *stop;
    struct set_source_params set; /* of files */
    struct set_source *files;     /* this */
    struct set_relay *relay;      /* or this, fed by the state */
    struct live *live;            /* or this */
    struct state *state;          /* NULL: nobody asks for one */
    struct follow *follow;        /* NULL: no directory is followed */
    struct source *source;        /* what frames come from, whichever it is */
    unsigned threads;
    struct timers timers;      /* that verdicts compare gaps with */
    struct listing *listing;   /* NULL: reports are written in another form */
    struct workbook *workbook; /* NULL: nobody asks for one */
    struct csv_sink *sink;
    struct extract *extract;       /* NULL: nobody asks for it */
    struct html *html;             /* the report page; NULL: not wanted */
    uint64_t memory_limit;         /* bytes; 0: none */
    struct pipeline_params params; /* of the pipeline */
    struct pipeline *pipeline;
    struct service *service;        /* NULL: nobody is to be told */
    struct metrics *metrics;        /* NULL: nobody asks for them */
    struct port_counters *counters; /* one a port, once the run has ended */
    size_t port_count;
    struct clock_shift *shifts; /* one an input; NULL: no times are moved */
};

/* Makes the parts, up to the pipeline. What was made stays in r where a later one fails, which is printed. */
enum exit_status run_open(struct run *r);

/* Closes the reports, gives the extract, and prints what was found. status: of the run so far. Returns what
 * it is then. */
enum exit_status run_report(struct run *r, enum exit_status status);

#endif
