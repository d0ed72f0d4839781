/* Counts frames and payload by direction. In a walk of its own over the segments, which are still in the
 * cache after the passes: in the passes it would double the number of their variants. */
#include "engine/conversations/ways.h"
#include "engine/conversations/events.h"

int ways_begin(struct record_chunks *ways, uint32_t last_record, const struct creation_list *created)
{
    if (record_chunks_grow(ways, last_record, sizeof(struct ways)))
        return -1;
    for (uint32_t i = 0; i < created->count; i++)
        *ways_of(ways, created->items[i].record) = (struct ways){0};
    return 0;
}

ALWAYS_INLINE void count(const struct record_chunks *ways, const struct segment_list *list,
                         enum family family)
{
    enum { AHEAD = 16 }; /* segments whose counters are fetched ahead */
    const size_t size = segment_size(family);
    for (const uint8_t *at = list->items; at < list->end; at += size) {
        const struct segment *const s = (const void *)at;
        const struct segment *const later = (const void *)(at + AHEAD * size);
        if (likely((const uint8_t *)later < list->end))
            __builtin_prefetch(ways_of(ways, later->record), 1);
        struct ways *const w = ways_of(ways, s->record);
        const unsigned flow = s->bits & SEGMENT_FLOW;
        w->frames[flow]++;
        w->payload[flow] += s->payload;
    }
}

void ways_count(struct record_chunks *ways, const struct segment_list *list, enum family family)
{
    if (family == FAMILY_IPV4)
        count(ways, list, FAMILY_IPV4);
    else if (family == FAMILY_IPV6)
        count(ways, list, FAMILY_IPV6);
    else
        count(ways, list, FAMILY_KEYED);
}
