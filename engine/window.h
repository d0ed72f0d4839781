/* Reading records in memory: the window they lie in, readers of chains of records, and a turn of walking several
 * chains side by side. This is all that a capture format has to know of the engine. */
#ifndef TCPREUSE_WINDOW_H
#define TCPREUSE_WINDOW_H

#include "engine/frame.h"

enum { LANES = 8 };

/* The memory of an input that is accessible: position i is bytes[i - base], for base <= i < end. */
struct window {
    const uint8_t *bytes;
    uint64_t base, end;
};

ALWAYS_INLINE const uint8_t *window_at(const struct window *w, uint64_t position)
{
    return w->bytes + (position - w->base);
}

ALWAYS_INLINE uint64_t window_position(const struct window *w, const uint8_t *p)
{
    return (uint64_t)(p - w->bytes) + w->base;
}

enum lane_state {
    LANE_UNUSED, /* the batch has fewer lanes */
    LANE_OPEN,   /* to be read from position on */
    LANE_DONE,   /* read to its limit */
    LANE_LOST,   /* guessing found no record boundary in it: settling decodes it, if one starts in it */
    LANE_LATE,   /* its next frame is later than the batch's time_limit */
    LANE_CHANGE, /* at position is something that changes how later records are read, such as a new section:
                    settling has the source read it, and continues behind it */
    LANE_FAULT,  /* the chain breaks at position; what was read before it counts, once the lane is proven */
};

/* Reads one chain of records: its position, and why it stopped. One thread at a time. */
struct record_reader {
    uint64_t position;    /* of the next record */
    uint64_t limit;       /* a record that begins here or behind it is not of the chain */
    const void *context;  /* how records are to be read, in the source's own terms */
    uint64_t fault_value; /* the number found there */
    unsigned fault;       /* what broke, in the source's own code; it can put it in words */
    enum lane_state state;
};

/* Frames a reader gives in one turn. The descriptions of all of them take 4 KB of the L1 cache; with 8 frames
 * a turn 64-byte frames take 4 % more instructions, with 32 there is no difference. */
enum { WALK_FRAMES = 16 };

/* One turn of walking: up to WALK_FRAMES frames of each open reader from first on, before end. */
struct walk {
    /* Set by the caller. */
    unsigned first, end;
    struct record_reader *reader[LANES]; /* those from first on, before end */
    /* Set by the walk. */
    struct frame frame[LANES][WALK_FRAMES];
    unsigned count[LANES];
};

/* Walks the open readers a step each in turn, so that the cache misses of their chains overlap.
 * next(reader, frame) gives the reader's next record, or false after changing its state. */
#define WALK_READERS(walk, next)                                                                             \
    do {                                                                                                     \
        for (unsigned i_ = (walk)->first; i_ < (walk)->end; i_++)                                            \
            (walk)->count[i_] = 0;                                                                           \
        for (unsigned k_ = 0; k_ < WALK_FRAMES; k_++)                                                        \
            for (unsigned i_ = (walk)->first; i_ < (walk)->end; i_++) {                                      \
                struct record_reader *reader_ = (walk)->reader[i_];                                          \
                if (reader_->state == LANE_OPEN && next(reader_, &(walk)->frame[i_][k_]))                    \
                    (walk)->count[i_] = k_ + 1;                                                              \
            }                                                                                                \
    } while (0)

/* For an input that has its frames in an array, with their indexes as positions: moves reader i over its next frames.
 * Returns how many, and the index of the first; the caller copies them to walk->frame[i]. */
ALWAYS_INLINE unsigned walk_take(struct walk *walk, unsigned i, uint64_t *first)
{
    struct record_reader *reader = walk->reader[i];
    unsigned n = 0;
    *first = reader->position;
    if (reader->state == LANE_OPEN) {
        n = (unsigned)MIN(reader->limit - reader->position, (uint64_t)WALK_FRAMES);
        reader->position += n;
        if (!n)
            reader->state = LANE_DONE;
    }
    walk->count[i] = n;
    return n;
}

#endif
