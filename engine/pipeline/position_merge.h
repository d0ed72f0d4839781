/* A k-way merge of a batch's lists, one for each shard and family, by position. Few lists have items, so the next one
 * is found by comparing the heads of all. */
#ifndef TCPREUSE_POSITION_MERGE_H
#define TCPREUSE_POSITION_MERGE_H

#include "engine/pipeline.h"
#include "engine/pipeline/stream_map.h"

/* The rest of a list, never empty. */
struct position_list {
    const uint8_t *item, *end;
    size_t size; /* of an item */
    enum family family;
    unsigned list;                    /* the caller's */
    const struct stream_map *streams; /* of the list's table */
};

struct position_merge {
    unsigned count; /* of lists that are not used up */
    struct position_list list[PIPELINE_THREADS * FAMILIES];
};

ALWAYS_INLINE void position_merge_add(struct position_merge *m, const struct position_list *list)
{
    if (list->item != list->end)
        m->list[m->count++] = *list;
}

/* The list whose item comes first; NULL when all are used up. offset: of the items' position, a uint32_t.
 * Positions differ. */
ALWAYS_INLINE struct position_list *position_merge_first(struct position_merge *m, size_t offset)
{
    if (!m->count)
        return NULL;
    struct position_list *first = &m->list[0];
    for (unsigned i = 1; i < m->count; i++)
        if (load_raw32(m->list[i].item + offset) < load_raw32(first->item + offset))
            first = &m->list[i];
    return first;
}

/* Moves to the list's next item. Invalidates the pointer: the last list takes the place of one that is used up. */
ALWAYS_INLINE void position_merge_advance(struct position_merge *m, struct position_list *list)
{
    list->item += list->size;
    if (list->item == list->end)
        *list = m->list[--m->count];
}

#endif
