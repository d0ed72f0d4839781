/* The clock by which conversations expire: one for all segments of a run, in their order, that never goes back. So what is idle
 * for too long once stays so, and it does not matter when a shard looks for it, nor into which batches a run is cut.
 *
 * It goes on with the latest time of all segments so far. Where time goes back, it stands, until time has come to that latest one
 * again; and where time goes back by more than the limit, as in captures of other days, or behind a time stamp that is wrong, it
 * goes on from there. */
#ifndef TCPREUSE_IDLE_CLOCK_H
#define TCPREUSE_IDLE_CLOCK_H

#include "engine/util.h"

/* Zeroed, it has not begun. */
struct idle_clock {
    uint64_t ticks; /* ns */
    int64_t time;   /* that was latest when it had come so far */
    bool begun;
};

/* A sum, or the greatest there is: no clock goes round. */
ALWAYS_INLINE uint64_t idle_clock_add(uint64_t ticks, uint64_t more)
{
    return ticks + more < ticks ? UINT64_MAX : ticks + more;
}

/* The clock at a segment, as long as no segment since has been earlier than the one before it, and the first of these was
 * taken in. */
ALWAYS_INLINE uint64_t idle_clock_at(const struct idle_clock *c, int64_t time)
{
    return time > c->time ? idle_clock_add(c->ticks, (uint64_t)time - (uint64_t)c->time) : c->ticks;
}

/* Takes in the time of the next segment. limit: ns. */
ALWAYS_INLINE void idle_clock_take(struct idle_clock *c, int64_t time, uint64_t limit)
{
    c->ticks = c->begun ? idle_clock_at(c, time) : 0;
    if (!c->begun || time > c->time || (uint64_t)c->time - (uint64_t)time > limit)
        c->time = time;
    c->begun = true;
}

/* The clock from a segment of a batch on. */
struct idle_clock_change {
    uint32_t position; /* in the batch: see events.h */
    struct idle_clock clock;
};

/* In order of position; the first one is at the batch's begin. */
struct idle_clock_list {
    struct idle_clock_change *items;
    uint32_t count, capacity;
};

#endif
