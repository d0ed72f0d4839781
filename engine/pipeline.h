/* The engine: takes batches of frames from a source and gives rows of the reports to a sink.
 * engine/pipeline/pipeline.c explains how. */
#ifndef TCPREUSE_PIPELINE_H
#define TCPREUSE_PIPELINE_H

#include "engine/conversations/episode.h"
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
    /* Frames that are numbered but not decoded; ascending, disjoint; owned by the caller. */
    const struct frame_range *ignore;
    size_t ignore_count;
    struct filter *filter; /* NULL: all frames are decoded */
    /* Limits beyond which conversations are forgotten; each is then reported when it ends. 0: no limit. */
    uint64_t max_conversations;     /* divided among the threads; the longest idle go first */
    int64_t expire;                 /* ns without a segment */
    uint64_t expire_begun;          /* conversations that have begun since (engine/pipeline/epochs.h) */
    struct verdict_params verdicts; /* the timers are owned by the caller */
    /* ns within which the copy of a packet is dropped (conversations/copies.h); 0: none is. Its frame is still
     * numbered and counted. */
    int64_t drop_copies;
    /* enum key_parts that belong to the key of conversations, beside the tuple. Segments then have a realm; with
     * KEY_INTERFACE the source sets the interface of each frame. 0 under RULES_4_0. */
    unsigned key_parts;
    struct port_range port_range; /* that clients are assumed to take their ports from; for endpoints.csv */
    struct decode_as_list decode_as; /* its items are the caller's */
    /* Stop after settling: the sink gets packed batches (engine/packed.h) as the text of REPORT_REUSE, no rows. */
    bool keeps;
    /* Of the hash; copied. Pipelines that have one key understand each other's hashes: what one keeps lies by shard, and another
     * one with as many threads need not look at each segment to put it there. NULL: the pipeline draws its own. */
    const struct hash_key *key;
    bool timed; /* measure the time of each step, and the tables at the end */
};

enum { PIPELINE_THREADS = 256 };

enum pipeline_error {
    PIPELINE_OK,
    PIPELINE_MEMORY,  /* short of memory */
    PIPELINE_WRITE,   /* the sink could not write; it keeps the error */
    PIPELINE_THREAD,  /* a thread could not be started */
    PIPELINE_RANDOM,  /* no random key for the hash */
    PIPELINE_DAMAGED, /* a packed batch contradicts itself */
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
    uint64_t tuples; /* counted again when one comes back whose conversation was forgotten */
    uint64_t reuses[TRIGGERS];
    uint64_t verdicts[VERDICT_WORDS]; /* of the reuses, if params.verdicts.wanted */
    uint64_t copies;                  /* segments left out, of params.drop_copies */
    uint64_t expired;                 /* conversations forgotten after params.expire, or expire_begun */
    uint64_t displaced;               /* conversations forgotten beyond params.max_conversations */
    uint64_t batches;
    uint64_t lanes;
    uint64_t lanes_redone; /* decoded again: their guessed start was wrong or missing */
    double seconds;        /* wall time of pipeline_run() */
    bool conserved;        /* frames = the sum of all outcomes */
    bool stopped;          /* by pipeline_stop() */
    bool limited;          /* claiming stopped because the memory budget was exceeded (engine/budget.h) */
    /* The run failed, and some or all conversations, endpoints and waiting reuses have not been reported. */
    bool rest_is_missing;

    /* Only if params.timed. */
    struct worker_times *times; /* one a thread; owned by the pipeline */
    struct table_measures tables[FAMILIES];
};

/* What has been done so far. The counters are read one by one, not at one moment. */
struct pipeline_progress {
    uint64_t frames, bytes, conversations, reuses;
    uint64_t by_trigger[TRIGGERS];      /* the reuses */
    uint64_t by_verdict[VERDICT_WORDS]; /* those of them whose rows are due, if params.verdicts.wanted */
};

/* Bytes that a conversation takes at most: one of IPv6, right after its table has doubled. Of the sink only `wants` is
 * read. */
struct pipeline_footprint {
    size_t kept;   /* during the run */
    size_t at_end; /* in addition, for the last reports, once all frames are read */
};
struct pipeline_footprint pipeline_footprint(const struct pipeline_params *params);

struct pipeline;

/* NULL when memory is short. The parameters are copied; what they point to must outlive the pipeline. */
struct pipeline *pipeline_create(const struct pipeline_params *params);
/* Runs to the end of the source, on threads of its own. Returns when all rows are written. */
enum pipeline_error pipeline_run(struct pipeline *p);

/* Instead of pipeline_run(), for callers whose frames arrive over time, or that want no other thread: pipeline_begin(),
 * then pipeline_advance() while there is something to do, then pipeline_end(). One thread at a time; params.threads is 1.
 * Several such pipelines may take turns on a thread. */
enum pipeline_error pipeline_begin(struct pipeline *p);

enum pipeline_advance {
    PIPELINE_ADVANCED, /* a step or more */
    PIPELINE_WAITS,    /* the source has nothing for now, and all that it gave has been processed */
    PIPELINE_ENDED,    /* the source has ended, and all rows are written; or the run has failed */
};

/* Goes through the steps once: a batch at most. */
enum pipeline_advance pipeline_advance(struct pipeline *p);
/* Releases the source's batches, after a failure reports what can still be reported, and sums up the totals. At any
 * time, once. */
enum pipeline_error pipeline_end(struct pipeline *p);

/* Makes the pipeline finish with the batches that it has claimed, and those that a source with ends_itself
 * still gives. Any thread, and signal handlers. */
void pipeline_stop(struct pipeline *p);
/* While the pipeline runs. Any thread. */
struct pipeline_progress pipeline_progress(const struct pipeline *p);
/* While pipeline_run() runs: has each worker passed through its loop since the last call, busy or idle, or finished? A
 * worker that is blocked, on a disk or a pipe, has not. One thread at a time. */
bool pipeline_goes_on(struct pipeline *p);
const struct pipeline_totals *pipeline_totals(const struct pipeline *p);

/* Saving and loading all that a run knows, as sections of bytes (engine/saved.h) that do not depend on the
 * number of threads. Not for runs under RULES_4_0, nor for those that forget conversations, drop copies or
 * read from ports. */

struct save_target {
    /* Takes a section. Sections of one name continue each other. 0, or -1 after keeping the error. */
    int (*add)(struct save_target *, const char *name, const void *bytes, size_t count);
};

enum save_result {
    SAVE_DONE,
    SAVE_MEMORY,
    SAVE_FAILED, /* the target did, and keeps the error */
};

/* While nothing is under way, that is, all claimed batches have been released: from claim(), or before or after
 * the run. */
enum save_result pipeline_save(struct pipeline *p, struct save_target *to);

/* How many reuses wait for their answer. When and by whom: as pipeline_save(). */
uint64_t pipeline_waiting(const struct pipeline *p);

enum load_result {
    LOAD_DONE,
    LOAD_UNKNOWN, /* no section of the pipeline's */
    LOAD_MEMORY,
    LOAD_RANDOM, /* no random key for the hash */
    LOAD_WRONG,  /* it is damaged, or does not fit a run with these parameters */
};

/* Before the run: loads a section. Sections come in the order in which they were saved. After a failure the
 * pipeline can only be destroyed. */
enum load_result pipeline_load(struct pipeline *p, const char *name, const void *bytes, size_t count);
/* After the last section: checks that nothing is missing. */
enum load_result pipeline_loaded(struct pipeline *p);

/* Not while it runs. NULL is fine. */
void pipeline_destroy(struct pipeline *p);

#endif
