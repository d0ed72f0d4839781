/* How the steps of the pipeline share their state. The pipeline is explained in pipeline.c. */
#ifndef TCPREUSE_PIPELINE_INTERNAL_H
#define TCPREUSE_PIPELINE_INTERNAL_H

#include "engine/conversations/control.h"
#include "engine/conversations/shard.h"
#include "engine/pipeline.h"
#include "engine/pipeline/stream_map.h"
#include "engine/pipeline/turn.h"

#include <pthread.h>

struct worker {
    struct pipeline *pipeline;
    pthread_t thread;
    unsigned index;
    bool started;
    uint64_t drained; /* batches that its shard has drained; nobody else looks */
    struct shard shard;
    struct spare_lists spare; /* of what it drained or, if that is for a report of packets, formatted */
    struct decoder decoder;
    struct walk walk;
    bool small_frames; /* were in the batch that it decoded last: lanes are walked one by one */
    struct step_clock clock;
} ALIGNED(CACHE_LINE);

enum { BLOCK_FRAMES = 64 };

/* Creations in so many frames of a batch. */
struct frame_block {
    uint64_t creating; /* bit i: frame i creates conversations */
    uint32_t before;   /* creations in the blocks before */
    uint32_t count;
    bool several; /* some frame creates more than one */
};

struct pipeline {
    struct pipeline_params params;
    struct hash_key key;
    struct worker *workers;
    struct batch *batches; /* a ring: batch n is batches[n & mask] */
    uint64_t ring_mask;

    /* Claiming. Written by the holder of the turn. */
    struct turn claim_turn;
    _Atomic uint64_t claimed; /* batches handed out; release, read by the next holders and by progress */
    _Atomic uint64_t total; /* batches there are, UINT64_MAX until the source ends; release by the claim turn,
                               acquire by all */

    /* Settling. Written by the holder of the turn. */
    struct turn settle_turn;
    _Atomic uint64_t settled; /* batches settled; release, acquire by draining: their lists are complete */
    uint64_t next_frame;      /* number of the next frame */
    int64_t last_time;        /* of the frame before it */
    uint64_t input_base;      /* number of the last frame before the input's first */
    uint64_t chain;           /* position where the next lane has to begin */
    const void *context;      /* what it has to be read with */
    bool broken;              /* the input's chain broke: what follows in this input does not count */
    struct decoder redecoder; /* for lanes whose guess was wrong; with the holder's spare lists */
    struct walk rewalk;
    struct fragment_table fragment_table;
    struct fragment_list nested;         /* fragments found in datagrams that were put together */
    struct segment_list *fragment_lists; /* [family * shards + shard]: segments of such datagrams */
    struct control_table controls;
    uint64_t announced; /* connections announced so far */

    /* Merging. Written by the holder of the turn. */
    struct turn merge_turn;
    _Atomic uint64_t merged;    /* batches numbered */
    struct stream_map *streams; /* [shard * FAMILIES + family] */
    struct frame_block *blocks; /* scratch: of the batch */
    size_t block_capacity;

    /* Writing. Written by the holder of the turn. */
    struct turn write_turn;
    _Atomic uint64_t written; /* batches written and free again; release, acquire by claiming */

    /* The rows of conversations, when all batches are written. */
    _Atomic uint64_t rows_claimed;
    _Atomic uint64_t rows_written;
    struct row_chunk *chunks;
    /* Where conversations are forgotten, the rows that are left: set, with the write turn, before rows_sorted
     * (release, acquire by formatting). */
    struct conversation_row *rows;
    uint64_t row_count;
    _Atomic bool rows_sorted;

    /* Any worker that fails sets it (release) once, all read it (acquire) and stop. */
    _Atomic unsigned error;
    _Atomic bool stop; /* set by pipeline_stop(), read by claiming */

    /* Relaxed, for the display only. */
    _Atomic uint64_t shown_frames, shown_bytes, shown_conversations, shown_reuses;

    struct pipeline_totals totals; /* each part written by one step, read when all workers have ended */
};

/* A piece of conversations.csv on its way. */
struct row_chunk {
    struct text text;
    _Atomic bool ready; /* set by the formatter (release), cleared by the writer */
};

void pipeline_fail(struct pipeline *p, enum pipeline_error error);
ALWAYS_INLINE bool pipeline_has_failed(const struct pipeline *p)
{
    return atomic_load_explicit(&p->error, memory_order_acquire) != PIPELINE_OK;
}

/* pipeline.c: the worker's shard drains the next batch, if one is settled. */
bool drain_step(struct worker *w);
/* Gives the worker the memory of a batch's lists, of all lanes and families and of these shards: it was the
 * last to read them. */
void take_lists(struct worker *w, struct batch *b, unsigned shard, unsigned shards);

/* decode_step.c */
void decode_batch(struct worker *w, struct batch *b);
/* Decodes a lane again from position start on; its lists and counts start afresh. */
void decode_lane_again(struct pipeline *p, struct batch *b, struct lane *lane, uint64_t start);
/* Goes on with a lane from its position on. start_context: what its first records are read with, should it
 * have to start again because its input has become shorter; then it comes to its changes once more. */
void decode_lane_on(struct pipeline *p, struct batch *b, struct lane *lane, const void *start_context);
/* Takes back what the lane has decoded. */
void lane_clear(struct pipeline *p, struct lane *lane);

/* settle_fragments.c: the fragments of a lane that is proven, and counted in the totals. */
void settle_fragments(struct pipeline *p, struct lane *lane);

/* settle_ftp.c: what the FTP control connections in a lane that is proven announce. */
void settle_ftp(struct pipeline *p, struct batch *b, struct lane *lane);

/* settle.c: true when something was done. */
bool settle_step(struct worker *w);

/* merge.c */
bool merge_step(struct pipeline *p);
bool format_step(struct worker *w);
bool write_step(struct pipeline *p);
/* Rows of conversations.csv; true when something was done, *done when all are written. */
bool rows_step(struct worker *w, bool *done);

#endif
