/* A binary heap of cursors, ordered as mergecap orders frames. */
#include "io/sets/cursor_heap.h"

#include <stdlib.h>

static bool cursor_before(struct cursor *a, struct cursor *b)
{
    return comes_first(cursor_peek(a)->time, a->input->order, cursor_peek(b)->time, b->input->order);
}

static void down(struct cursor_heap *heap, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= heap->count)
            return;
        if (child + 1 < heap->count && cursor_before(heap->cursors[child + 1], heap->cursors[child]))
            child++;
        if (!cursor_before(heap->cursors[child], heap->cursors[i]))
            return;
        struct cursor *c = heap->cursors[i];
        heap->cursors[i] = heap->cursors[child];
        heap->cursors[child] = c;
        i = child;
    }
}

int cursor_heap_add(struct cursor_heap *heap, struct cursor *c)
{
    if (!c)
        return -1;
    if (!cursor_peek(c)) {
        cursor_destroy(c);
        return 0;
    }
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 16;
        struct cursor **cursors = realloc(heap->cursors, capacity * sizeof(struct cursor *));
        if (!cursors) {
            cursor_destroy(c);
            return -1;
        }
        heap->cursors = cursors;
        heap->capacity = capacity;
    }
    size_t i = heap->count++;
    heap->cursors[i] = c;
    for (; i && cursor_before(heap->cursors[i], heap->cursors[(i - 1) / 2]); i = (i - 1) / 2) {
        struct cursor *parent = heap->cursors[(i - 1) / 2];
        heap->cursors[(i - 1) / 2] = heap->cursors[i];
        heap->cursors[i] = parent;
    }
    return 0;
}

void cursor_heap_update_first(struct cursor_heap *heap)
{
    if (!cursor_peek(heap->cursors[0])) {
        cursor_destroy(heap->cursors[0]);
        heap->cursors[0] = heap->cursors[--heap->count];
    }
    down(heap, 0);
}

void cursor_heap_clear(struct cursor_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++)
        cursor_destroy(heap->cursors[i]);
    free(heap->cursors);
    *heap = (struct cursor_heap){0};
}
