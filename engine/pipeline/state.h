/* What the steps of the pipeline share. pipeline.c explains the pipeline.
 *
 * The steps depend on this state and not on each other. steps.h declares them, and only worker.c calls them.
 *
 * The holder of a step is the worker that has the step's turn. A turn orders its holders (turn.h), so what
 * only holders write and read ("holders only") needs no order of its own. */
#ifndef TCPREUSE_PIPELINE_STATE_H
#define TCPREUSE_PIPELINE_STATE_H

#include "engine/conversations/control.h"
#include "engine/conversations/shard.h"
#include "engine/decode/bluetooth_channels.h"
#include "engine/decode/l2tp_sessions.h"
#include "engine/pipeline.h"
#include "engine/pipeline/endpoints.h"
#include "engine/pipeline/epochs.h"
#include "engine/pipeline/stream_map.h"
#include "engine/pipeline/waiting.h"
#include "engine/turn.h"

#include <pthread.h>

/* A thread with its shard. Used by this thread alone, except for the shard's tables: once the last batch is
 * written, all workers read them for conversations.csv. */
struct worker {
    struct pipeline *pipeline;
    pthread_t thread;
    unsigned index; /* of the worker, its shard and its part of the source */
    bool started;
    uint64_t drained; /* batches that its shard has drained */
    struct shard shard;
    struct spare_lists spare; /* memory of lists that it read last, for the lists that it decodes next */
    struct decoder decoder;
    struct walk walk;
    unsigned phase;    /* of a run that is advanced: how far it has come; worker.c */
    bool small_frames; /* the last batch it decoded had small frames: walk the lanes one by one */
    struct step_clock clock;
    /* How often it looked for work; UINT64_MAX: it has finished. Written by the worker, read by pipeline_goes_on(); relaxed,
     * it orders nothing. */
    _Atomic uint64_t rounds;
    uint64_t rounds_seen; /* by pipeline_goes_on() */
} ALIGNED(CACHE_LINE);

/* Creations in a block of a batch's frames; number.c. */
struct frame_block;

/* A piece of conversations.csv. */
struct row_chunk {
    struct text text;   /* written by the worker that claimed the piece, then read by the holder of writing */
    _Atomic bool ready; /* set by the former (release), read (acquire) and cleared by the latter */
};

/* Where the conversation of a row is. */
struct row_place {
    uint64_t stream;
    uint32_t list, record; /* list: shard * FAMILIES + family */
};

struct pipeline {
    /* Set before the workers start, read by all. */
    struct pipeline_params params;
    struct hash_key key;
    bool has_key;            /* drawn */
    struct loading *loading; /* while the pipeline is loaded, before the run; load.c */
    char **names;            /* of files, which the origins of loaded rows point to */
    uint32_t name_count, name_capacity;
    struct worker *workers; /* params.threads */
    struct batch *batches;  /* a ring: batch n is batches[n & ring_mask]. batch.h: who has it when */
    uint64_t ring_mask;

    /* Claiming. */
    struct turn claim_turn;
    /* Batches handed out. Written by the holder (release), read by holders; and at the end by
     * pipeline_run(). */
    _Atomic uint64_t claimed;
    /* Batches in total; UINT64_MAX until the source ends. Written by the holder (release), read by all
     * (acquire where the number counts, relaxed where UINT64_MAX is enough). */
    _Atomic uint64_t total;

    /* Settling. */
    struct turn settle_turn;
    /* Batches settled. Written by the holder (release), read by draining (acquire): their lists are
     * complete. */
    _Atomic uint64_t settled;
    /* Holders only. */
    uint64_t next_frame;      /* number of the next frame */
    uint64_t input_base;      /* number of the last frame before the input's first */
    uint64_t chain;           /* position where the next lane has to begin */
    const void *context;      /* context that it has to be read with */
    bool broken;              /* the input's chain broke: nothing that follows in this input counts */
    struct decoder redecoder; /* for lanes whose guess was wrong and for reassembled datagrams */
    struct walk rewalk;
    struct fragment_table fragment_table;
    struct l2tp_table l2tp;
    struct bluetooth_table bluetooth;
    struct fragment_list nested;         /* fragments found inside reassembled datagrams */
    struct segment_list *fragment_lists; /* [family * shards + shard]: segments of reassembled datagrams */
    struct control_table controls;
    int64_t latest_segment;       /* time of the latest so far, where copies are dropped */
    struct idle_clock idle_clock; /* where conversations expire by time */
    uint64_t announced;           /* connections that FTP has announced so far */

    /* Numbering. */
    struct turn number_turn;
    /* Batches numbered. Written by the holder (release), read by formatting (acquire). */
    _Atomic uint64_t numbered;
    struct stream_map *streams; /* [shard * FAMILIES + family]; stream_map.h: who reads and what orders it */
    /* Likewise, record number to the stream before it on the tuple, + 1; 0: none. NULL unless conversations are both
     * forgotten and reported, with verdicts. */
    struct stream_map *older;
    struct frame_block *blocks; /* scratch for one batch; holders only */
    size_t block_capacity;
    struct epochs epochs;   /* epochs.h: who writes and reads */
    struct waiting waiting; /* holders only; once all batches are written, whoever finishes the findings */

    /* Writing. */
    struct turn write_turn;
    /* Batches written, whose places are free again. Written by the holder (release), read by claiming and
     * draining (acquire), by formatting (relaxed: only where to start looking) and, with total, by whoever
     * asks whether all is done (acquire). */
    _Atomic uint64_t written;

    /* Rows of reuses that waited for the end of the capture: set by the holder of writing once they are
     * written (release), read by all (acquire). */
    _Atomic bool findings_finished;

    /* endpoints.csv. */
    struct endpoint_reuse_list endpoint_reuses; /* as for waiting */
    _Atomic bool endpoints_written; /* set by the holder of writing (release), read by all (acquire) */

    /* conversations.csv, once all batches are written. */
    _Atomic uint64_t rows_claimed; /* pieces: counted up by whoever formats one (compare-and-swap, relaxed) */
    /* Pieces written. Written by the holder of writing (release), read by all (acquire): the place of the
     * piece in chunks is free again. */
    _Atomic uint64_t rows_written;
    struct row_chunk *chunks; /* a ring like that of the batches */
    /* Where conversations are forgotten: the rows that are left, by stream. Set once by a holder of writing,
     * before rows_sorted (release); read by formatting after it (acquire). */
    struct row_place *rows;
    uint64_t row_count;
    _Atomic bool rows_sorted;

    /* enum pipeline_error. Set once, by the first worker that fails (release), read by all (acquire), which
     * stop then. */
    _Atomic unsigned error;
    /* The first batch in which a step failed; UINT64_MAX: none. Lowered by any worker, before it publishes what it did to
     * the batch (relaxed); no step takes this batch or a later one. */
    _Atomic uint64_t spoilt;
    /* Memory that is freed when a run fails, so that some is available for what is still to be reported. */
    void *reserve;
    /* A table, or the state of numbering, was left half changed. Set by any worker, read once all have ended. */
    _Atomic bool torn;
    /* A row could not be written: no later one is. By the holder of writing. */
    bool cannot_write;
    _Atomic bool stop; /* set by pipeline_stop(), read by claiming; relaxed, since it orders nothing */

    /* For the progress display: each written by the holder of one step, read by any thread; relaxed. */
    _Atomic uint64_t shown_frames, shown_bytes, shown_conversations, shown_reuses;
    _Atomic uint64_t shown_triggers[TRIGGERS], shown_verdicts[VERDICT_WORDS];

    /* Each part written by the holders of one step; read once all workers have ended. Numbering's count of
     * conversations is also read for conversations.csv (order: written). */
    struct pipeline_totals totals;
};

/* Shows the totals of triggers and verdicts. By the holder of the step that changed them. */
void pipeline_show_found(struct pipeline *p);

/* Makes all workers stop. The first error wins. Any thread. */
void pipeline_fail(struct pipeline *p, enum pipeline_error error);

/* For a thread on which several pipelines take turns: sets whether "this thread has failed" to whether p has. */
void pipeline_remember_failure(const struct pipeline *p);

/* After a step on batch n: if this thread has failed, marks the batch as spoilt and returns true. */
bool pipeline_spoils(struct pipeline *p, uint64_t n);

ALWAYS_INLINE bool pipeline_is_batch_sound(const struct pipeline *p, uint64_t n)
{
    return n < atomic_load_explicit(&p->spoilt, memory_order_relaxed);
}

ALWAYS_INLINE bool pipeline_forgets(const struct pipeline *p)
{
    return p->params.max_conversations || p->params.expire || p->params.expire_begun;
}

ALWAYS_INLINE bool pipeline_has_failed(const struct pipeline *p)
{
    return atomic_load_explicit(&p->error, memory_order_acquire) != PIPELINE_OK;
}

/* Writes the rows of a batch that is not spoilt, and empties the text. By the holder of writing. */
void pipeline_write_batch_text(struct pipeline *p, enum report report, struct text *text);
/* Writes rows of the reports that come last, and empties the text. Writes nothing once the pipeline has failed: what a
 * failed step left half done, and what comes after it, is no part of a report. By the holder of writing; whoever made
 * the text has published its failure before the text. */
void pipeline_write_text(struct pipeline *p, enum report report, struct text *text);

/* Gives the memory of a batch's lists of these shards, of all lanes and families, to the worker, which is the last
 * to read them. */
void worker_take_lists(struct worker *w, struct batch *b, unsigned shard, unsigned shards);

/* The thread of a worker. */
void *worker_main(void *worker);
/* Instead of it, on the caller's thread: pipeline_begin() and pipeline_advance() for the only worker. */
void worker_begin(struct worker *w);
enum pipeline_advance worker_advance(struct worker *w);
/* The rows that come once all batches are written. */
void worker_report_rest(struct worker *w);

/* After memory ran out and all workers have ended: takes the batches before the spoilt one through their remaining steps,
 * as if the capture ended there. */
void pipeline_salvage(struct pipeline *p);

#endif
