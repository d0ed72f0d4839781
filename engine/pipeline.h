/* The engine: takes batches from a source, and gives the rows of the reports to a sink. */
#ifndef TCPREUSE_PIPELINE_H
#define TCPREUSE_PIPELINE_H

#include "engine/conversations/table.h"
#include "engine/filter.h"
#include "engine/pipeline/step_clock.h"
#include "engine/sink.h"
#include "engine/source.h"

/* Frames first to last, inclusive, counted from 1. */
struct frame_range {
    uint64_t first, last;
};

struct pipeline_params {
    struct source *source;
    struct sink *sink;
    unsigned threads; /* 1 to PIPELINE_THREADS */
    enum rules rules;
    /* Frames that are numbered but not looked at; ascending, disjoint; owned by the caller. */
    const struct frame_range *ignore;
    size_t ignore_count;
    struct filter *filter; /* NULL: all frames are looked at */
    /* What lets conversations be forgotten; then each is reported when it ends. 0: nothing of the kind. */
    uint64_t max_conversations; /* a thread keeps its part of so many, and the longest idle go first */
    int64_t expire;             /* ns without a segment */
    bool timed;                 /* keep time step by step, and measure the tables at the end */
};

enum { PIPELINE_THREADS = 256 };

enum pipeline_error {
    PIPELINE_OK,
    PIPELINE_MEMORY, /* short of memory */
    PIPELINE_WRITE,  /* the sink could not write, and knows why */
    PIPELINE_THREAD, /* a thread could not be started */
    PIPELINE_RANDOM, /* no secret for the hash */
};

/* Where a worker's time went. */
struct worker_times {
    double seconds[STEPS];
    uint64_t steps[STEPS]; /* how often the step did something */
    double processor;      /* seconds on a processor */
};

/* What was found. Final once pipeline_run() has returned. */
struct pipeline_totals {
    struct decode_counts decoded;
    uint64_t frames; /* numbered */
    uint64_t conversations;
    uint64_t tuples; /* one whose conversation was forgotten counts again when it comes back */
    uint64_t reuses[TRIGGERS];
    uint64_t expired;   /* conversations that were forgotten after params.expire */
    uint64_t displaced; /* and because there were more than params.max_conversations */
    uint64_t batches;
    uint64_t lanes;
    uint64_t lanes_redone; /* guessed boundaries that were wrong, and lanes without any */
    double seconds;        /* wall time of pipeline_run() */
    bool conserved;        /* frames = the sum of all outcomes */
    bool stopped;          /* by pipeline_stop() */

    /* If params.timed. */
    struct worker_times *times; /* one a thread; owned by the pipeline */
    struct table_measures tables[FAMILIES];
};

/* What a progress display may read while the pipeline runs. */
struct pipeline_progress {
    uint64_t frames, bytes, conversations, reuses;
};

struct pipeline;

/* NULL when memory is short. The parameters are copied; what they point to must outlive the pipeline. */
struct pipeline *pipeline_create(const struct pipeline_params *params);
/* Runs to the end of the source, on threads of its own. Returns when all rows are written. */
enum pipeline_error pipeline_run(struct pipeline *p);
/* Asks a pipeline to take no more batches than a source that ends_itself gives, and to finish. Any thread,
 * and from signal handlers. */
void pipeline_stop(struct pipeline *p);
/* Any thread. */
struct pipeline_progress pipeline_progress(const struct pipeline *p);
const struct pipeline_totals *pipeline_totals(const struct pipeline *p);
void pipeline_destroy(struct pipeline *p);

#endif
