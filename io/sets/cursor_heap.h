/* The cursors of a merge, the one whose frame is next first. One thread at a time. */
#ifndef TCPREUSE_CURSOR_HEAP_H
#define TCPREUSE_CURSOR_HEAP_H

#include "io/sets/cursor.h"

struct cursor_heap {
    struct cursor **cursors; /* a binary heap */
    size_t count, capacity;
};

/* Which of two frames mergecap takes first: the earlier; of two at the same time the one of the input that
 * was given later. */
static inline bool comes_first(int64_t time, size_t order, int64_t other_time, size_t other_order)
{
    return time < other_time || (time == other_time && order > other_order);
}

/* Takes the cursor over, if it has a frame; else it is destroyed. 0, or -1 when memory is short (or c is
 * NULL), and then it is destroyed, too. */
int cursor_heap_add(struct cursor_heap *heap, struct cursor *c);
/* The first cursor has been advanced: finds its place, or destroys it when it has no frame any more. */
void cursor_heap_update_first(struct cursor_heap *heap);
/* Destroys all cursors. */
void cursor_heap_clear(struct cursor_heap *heap);

#endif
