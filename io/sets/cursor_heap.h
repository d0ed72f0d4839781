/* The cursors of a merge as a binary heap: the one with the earliest frame is first. For one thread at a
 * time. */
#ifndef TCPREUSE_CURSOR_HEAP_H
#define TCPREUSE_CURSOR_HEAP_H

#include "io/sets/cursor.h"

struct cursor_heap {
    struct cursor **cursors; /* each has a frame; [0] has the earliest */
    size_t count, capacity;
};

/* mergecap's order of two frames: the earlier first; of two at the same time, the one whose input was named
 * later. */
static inline bool comes_first(int64_t time, size_t order, int64_t other_time, size_t other_order)
{
    return time < other_time || (time == other_time && order > other_order);
}

/* Takes ownership of c, which is destroyed if it has no frame. 0, or -1 when memory is short, or c is NULL;
 * then c is destroyed as well. */
int cursor_heap_add(struct cursor_heap *heap, struct cursor *c);
/* Restores the order after the first cursor was advanced; destroys it if it has no frame left. */
void cursor_heap_update_first(struct cursor_heap *heap);
/* Destroys all cursors. */
void cursor_heap_clear(struct cursor_heap *heap);

#endif
