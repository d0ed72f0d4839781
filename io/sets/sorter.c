/* A binary heap of frames by time, then by the order in which they were put in. */
#include "io/sets/sorter.h"
#include "engine/list.h"

#include <stdlib.h>

static bool is_before(const struct held_frame *a, const struct held_frame *b)
{
    return a->frame.time < b->frame.time || (a->frame.time == b->frame.time && a->number < b->number);
}

int sorter_add(struct sorter *s, const struct frame *frame, struct chunk *chunk, const void *context)
{
    const struct held_frame held = {*frame, s->added++, chunk, context};
    struct held_frame *last = LIST_ADD(s);
    if (!last) {
        if (chunk)
            chunk_drop(chunk);
        return -1;
    }
    s->newest = held.number ? MAX(s->newest, frame->time) : frame->time;
    uint32_t i = (uint32_t)(last - s->items);
    for (; i && is_before(&held, &s->items[(i - 1) / 2]); i = (i - 1) / 2)
        s->items[i] = s->items[(i - 1) / 2];
    s->items[i] = held;
    return 0;
}

const struct held_frame *sorter_peek(const struct sorter *s, bool all)
{
    if (!s->count)
        return NULL;
    const int64_t time = s->items[0].frame.time;
    /* Nothing before it, and nothing at its time, can come that is late by the window only. */
    if (all || (time < s->newest && (uint64_t)s->newest - (uint64_t)time >= (uint64_t)s->window))
        return &s->items[0];
    return NULL;
}

void sorter_advance(struct sorter *s)
{
    if (s->items[0].chunk)
        chunk_drop(s->items[0].chunk);
    const struct held_frame last = s->items[--s->count];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < s->count; i = child) {
        if (child + 1 < s->count && is_before(&s->items[child + 1], &s->items[child]))
            child++;
        if (!is_before(&s->items[child], &last))
            break;
        s->items[i] = s->items[child];
    }
    s->items[i] = last;
}

void sorter_free(struct sorter *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->items[i].chunk)
            chunk_drop(s->items[i].chunk);
    free(s->items);
    *s = (struct sorter){0};
}
