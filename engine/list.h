/* Lists that grow: any struct that has these three members, with any type of item.
 *
 *     struct reuse_list {
 *         struct reuse *items;
 *         uint32_t count, capacity;
 *     };
 *
 * Zeroed, a list is empty. Whoever owns it frees items; setting count to 0 empties it and keeps the memory.
 * Capacity doubles, so a pointer to an item holds only until the list grows. One thread at a time. */
#ifndef TCPREUSE_LIST_H
#define TCPREUSE_LIST_H

#include "engine/util.h"

/* Appends an item, whose content is undefined. NULL when memory is short; the list is unchanged then. Evaluates
 * its argument more than once. */
#define LIST_ADD(list)                                                                                       \
    (likely((list)->count < (list)->capacity) ||                                                             \
             list_grow(&(list)->items, &(list)->capacity, (uint64_t)(list)->count + 1,                       \
                       sizeof *(list)->items) == 0                                                           \
         ? &(list)->items[(list)->count++]                                                                   \
         : NULL)

/* Makes room for at least `needed` items in total. Also for arrays that are no such struct: items is the address
 * of the pointer to the array. 0, or -1 when memory is short; nothing has changed then. */
int list_grow(void *items, uint32_t *capacity, uint64_t needed, size_t item_size);

ALWAYS_INLINE int list_reserve(void *items, uint32_t *capacity, uint64_t needed, size_t item_size)
{
    return likely(needed <= *capacity) ? 0 : list_grow(items, capacity, needed, item_size);
}

/* The same for `needed` bytes in total. bytes is the address of the pointer to them. */
int buffer_grow(void *bytes, size_t *capacity, size_t needed);

ALWAYS_INLINE int buffer_reserve(void *bytes, size_t *capacity, size_t needed)
{
    return likely(needed <= *capacity) ? 0 : buffer_grow(bytes, capacity, needed);
}

#endif
