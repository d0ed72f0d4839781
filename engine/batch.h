/* The unit of work: a run of consecutive frames, numbered in input order, cut into lanes.
 *
 * A lane is one chain of records. A thread that decodes a batch walks its lanes in turn, unless its frames
 * are small, so that the cache misses of the chains overlap: walking one chain alone costs a miss a frame, 86
 * ns a frame instead of 34 on frames of 491 bytes on average. Lanes of a mapped file begin at guessed
 * boundaries, which settling proves. */
#ifndef TCPREUSE_BATCH_H
#define TCPREUSE_BATCH_H

#include "engine/conversations/announced.h"
#include "engine/conversations/events.h"
#include "engine/conversations/idle_clock.h"
#include "engine/decode/decoder.h"
#include "engine/window.h"

#include <stdatomic.h>

struct lane {
    /* Set by the source at claim, with the reader's limit and context: where records belong to this lane, in
     * positions of the input (file offsets). Settling proves the context, too. */
    uint64_t begin;
    bool exact; /* begin is a record boundary: nothing to guess and nothing to prove */

    /* Set by the worker that decodes: the first record; position is the first one behind the lane in the
     * end. */
    uint64_t start;
    struct record_reader reader;
    /* Where decoding last started or resumed, and how many of the lane's frames lie before: the source finds
     * frame n of the lane by walking n - resumed_frames records from resumed on, with context. */
    uint64_t resumed, resumed_frames;
    uint64_t frames; /* records walked */

    /* Set in settling. */
    uint64_t first_frame;

    /* lists[family * shards + shard]; their memory comes with decoding and goes with their last reader */
    struct segment_list *lists;
    struct fragment_list fragments;
    struct ftp_list ftp;
    struct packet_id_list packet_ids; /* only where copies are dropped */
    struct boundary_list boundaries;  /* read by all shards */
    struct decode_counts counts;
};

/* What a shard found in a batch. Written by the shard's worker while draining, read by numbering, which adds
 * the stream numbers, and by formatting. */
struct shard_result {
    struct creation_list created[FAMILIES];
    struct reuse_list reused[FAMILIES];
    struct ended_list ended[FAMILIES];
    struct found_list found[FAMILIES];
} ALIGNED(CACHE_LINE);

struct text {
    char *bytes;
    size_t length, capacity;
};

enum report {
    REPORT_REUSE,
    REPORT_CONVERSATIONS,
    REPORT_PACKETS,
    REPORT_EPISODES,
    REPORT_ENDPOINTS,
    REPORTS
};

enum batch_state {
    BATCH_FREE,
    BATCH_CLAIMED,
    BATCH_DECODED,    /* by the claimer; release: lanes, lists, counts are for settling */
    BATCH_SETTLED,    /* by settling; release: lists are for the shards */
    BATCH_NUMBERED,   /* by numbering; release: streams are numbered, any worker can format */
    BATCH_FORMATTING, /* taken by compare-and-swap */
    BATCH_FORMATTED,  /* release: text is for the writer */
};

struct batch {
    /* Written by the owner of the batch in its current state, read by workers that look for work. */
    _Atomic unsigned state;
    /* Shards that have drained it: incremented (release) by each, read (acquire) by numbering. */
    _Atomic unsigned drained;

    uint64_t number;
    unsigned worker; /* that claims and decodes it; set before the source is asked to claim */

    /* Set by the source at claim. */
    void *input; /* the source's: which file or queue the lanes belong to */
    bool first;  /* first batch of its input: lanes[0].begin is a boundary, exact */
    /* The times of its frames are not compared with those of the frames before the batch. Otherwise a first
     * frame that is earlier counts as going back in time. */
    bool restarts_time;
    bool mixed;           /* its frames come from several inputs: ask origin() for each of them */
    struct window window; /* that the lanes' positions lie in */
    /* ns. At the first later frame decoding stops, and the source takes over (late()); INT64_MAX: no limit. */
    int64_t time_limit;
    uint64_t frames_before; /* if first: frames of the input that stand before the batch */
    uint64_t epoch;         /* the source's, for accept() */
    void *piece;            /* the source's, to be given back by release() */
    uint64_t mark;          /* the source's own */

    unsigned lanes_used;
    uint64_t first_frame; /* number of the first frame, from settling; frames are counted from 1 */
    uint64_t frames;
    uint64_t input_base; /* number of the last frame before the input's first, from settling */
    uint64_t redone;     /* lanes decoded again */
    /* From settling, where conversations expire by time; read by the shards. */
    struct idle_clock_list clocks;
    uint64_t end_clock; /* behind its last segment */
    struct lane lane[LANES];
    struct segment_list *list_pool; /* all lanes' lists */

    struct announcement_list announcements; /* from settling; read by the shards */
    struct shard_result *result;            /* one a shard */
    /* From numbering, where verdicts are wanted: rows to be reported with this batch, of reuses in it or in
     * earlier ones; read by formatting. */
    struct reported_list {
        struct waiting_row *items; /* engine/pipeline/waiting.h */
        uint32_t count, capacity;
    } reported;
    struct text text[REPORTS];
};

/* For sources whose positions are frame numbers: cuts frames 0 to count - 1 into exact lanes. */
ALWAYS_INLINE void batch_cut_frames(struct batch *b, unsigned count)
{
    b->lanes_used = 0;
    for (unsigned i = 0; i < LANES; i++) {
        unsigned begin = count * i / LANES, limit = count * (i + 1) / LANES;
        if (begin == limit)
            continue;
        struct lane *lane = &b->lane[b->lanes_used++];
        lane->begin = begin;
        lane->reader.limit = limit;
        lane->exact = true;
        lane->reader.context = NULL;
    }
}

/* Room for n more bytes behind t->length; NULL when memory is short. */
char *text_room(struct text *t, size_t n);

#endif
