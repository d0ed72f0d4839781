/* Memory of segment lists: growth, and spare memory that is handed from the last reader to the next
 * writer. */
#include "engine/conversations/segment.h"

#include <stdlib.h>

enum { SEGMENTS_FIRST = 64 }; /* that a list without spare memory has room for */

int spare_lists_init(struct spare_lists *s, uint32_t most, uint32_t first)
{
    struct segment_list *lists = calloc(FAMILIES * (size_t)most, sizeof *lists);
    if (!lists)
        return -1;
    *s = (struct spare_lists){.most = most, .first = first};
    for (int f = 0; f < FAMILIES; f++)
        s->lists[f] = lists + (size_t)f * most;
    return 0;
}

void spare_lists_free(struct spare_lists *s)
{
    for (int f = 0; f < FAMILIES; f++)
        for (uint32_t i = 0; i < s->count[f]; i++)
            free(s->lists[f][i].items);
    free(s->lists[0]);
    *s = (struct spare_lists){0};
}

void spare_lists_give(struct spare_lists *s, struct segment_list *list, enum family f)
{
    if (!list->items)
        return;
    segment_list_clear(list);
    if (s->count[f] < s->most)
        s->lists[f][s->count[f]++] = *list;
    else
        free(list->items);
    *list = (struct segment_list){0};
}

int segment_list_grow(struct segment_list *list, struct spare_lists *spare, enum family f)
{
    if (!list->items && spare && spare->count[f]) {
        *list = spare->lists[f][--spare->count[f]];
        return 0;
    }
    const size_t size = (size_t)(list->limit - list->items), used = (size_t)(list->end - list->items);
    const size_t more = size ? size * 2 : segment_size(f) * (spare ? spare->first : (uint32_t)SEGMENTS_FIRST);
    uint8_t *items = realloc(list->items, more);
    if (!items)
        return -1;
    *list = (struct segment_list){items, items + used, items + more};
    /* cppcheck-suppress memleak ; the list has them */
    return 0;
}

int segment_list_append(struct segment_list *list, const void *segments, size_t bytes,
                        struct spare_lists *spare, enum family f)
{
    while ((size_t)(list->limit - list->end) < bytes)
        if (segment_list_grow(list, spare, f))
            return -1;
    if (bytes)
        memcpy(list->end, segments, bytes);
    list->end += bytes;
    return 0;
}
