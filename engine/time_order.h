/* Are frames in order of time? Counts those that are earlier than the frame right before them, and by how much
 * a frame is late at most. A frame in order costs one comparison; the rest is done at frames that go back.
 *
 * Zeroed, it has no frames. One thread at a time. */
#ifndef TCPREUSE_TIME_ORDER_H
#define TCPREUSE_TIME_ORDER_H

#include "engine/frame.h"

#include <stdbool.h>

struct time_order {
    bool begun;             /* there have been frames; otherwise first to latest are meaningless */
    int64_t first, last;    /* times of the first frame and of the last one; ns */
    int64_t earliest;       /* of the first frame and those that go back: no frame is earlier */
    int64_t latest;         /* of the frames right before those: only the last frame may be later */
    uint64_t frames_back;   /* frames earlier than the one right before them */
    uint64_t furthest_back; /* ns by which a frame is earlier than the latest one before it, at most */
};

/* For a loop over frames with times below INT64_MAX: the time to compare the first one with. */
ALWAYS_INLINE int64_t time_order_before(const struct time_order *o)
{
    return o->begun ? o->last : INT64_MAX;
}
/* For such a loop, where a frame's time is below the one before it, or below time_order_before(). The loop sets
 * `last` after its last frame. */
void time_order_note_back(struct time_order *o, int64_t before, int64_t time);

/* The next n frames, of any times. Those that are no packets have none. */
void time_order_add(struct time_order *o, const struct frame *frames, unsigned n);
/* Appends the frames of next. */
void time_order_append(struct time_order *o, const struct time_order *next);
/* Frames that follow are not compared with those before. */
void time_order_restart(struct time_order *o);

#endif
