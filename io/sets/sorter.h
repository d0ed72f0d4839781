/* Puts the frames of one input in order of time, as far as a frame is late by no more than a window: a heap of
 * those that may still be overtaken. A later one is given at once, behind what was given before it.
 *
 * What was put in comes out stable: of frames at the same time, the one that was put in first. One thread at a
 * time. */
#ifndef TCPREUSE_SORTER_H
#define TCPREUSE_SORTER_H

#include "engine/frame.h"
#include "io/sets/input.h"

struct held_frame {
    struct frame frame;
    uint64_t number;     /* the order in which it was put in */
    struct chunk *chunk; /* that its bytes lie in, used; NULL: in the mapped input */
    const void *context; /* with which it was walked */
};

struct sorter {
    struct held_frame *items; /* [0] is the next one */
    uint32_t count, capacity;
    uint64_t added;
    int64_t newest; /* time of the latest frame so far */
    int64_t window; /* ns */
};

/* Takes a use of the chunk over, whatever happens. 0, or -1 when memory is short. */
int sorter_add(struct sorter *s, const struct frame *frame, struct chunk *chunk, const void *context);
/* The next frame, or NULL: it may still be overtaken. all: there will be no others. It stays where it is until
 * the next call of another function. */
const struct held_frame *sorter_peek(const struct sorter *s, bool all);
/* Drops it. */
void sorter_advance(struct sorter *s);
/* Drops all. */
void sorter_free(struct sorter *s);

#endif
