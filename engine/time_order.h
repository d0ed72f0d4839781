/* Are frames in order of time? Counts those that are earlier than the frame right before them, and by how much
 * a frame is late at most. One frame in order costs a comparison: what else there is to know is found at the
 * frames that go back.
 *
 * Zeroed, it has no frames. One thread at a time. */
#ifndef TCPREUSE_TIME_ORDER_H
#define TCPREUSE_TIME_ORDER_H

#include "engine/frame.h"

#include <stdbool.h>

struct time_order {
    bool begun;             /* there have been frames; else first to latest say nothing */
    int64_t first, last;    /* times of the first frame and of the last one; ns */
    int64_t earliest;       /* of the first frame and those that go back: no frame is earlier */
    int64_t latest;         /* of the frames right before those: no frame but the last one is later */
    uint64_t frames_back;   /* frames earlier than the one right before them */
    uint64_t furthest_back; /* ns by which a frame is earlier than the latest one before it, at most */
};

/* For a loop over frames of times below INT64_MAX: what to compare the first one with. */
ALWAYS_INLINE int64_t time_order_before(const struct time_order *o)
{
    return o->begun ? o->last : INT64_MAX;
}
/* For such a loop: a frame's time is below the one before it, or below what time_order_before() gave. The
 * loop sets last behind its last frame. */
void time_order_note_back(struct time_order *o, int64_t before, int64_t time);

/* The next n frames, of any times. */
void time_order_add(struct time_order *o, const struct frame *frames, unsigned n);
/* What follows on o: the frames of next. */
void time_order_append(struct time_order *o, const struct time_order *next);
/* What follows is not compared with the frames before it. */
void time_order_restart(struct time_order *o);

#endif
