/* The slow half of growing lists: more memory. */
#include "engine/list.h"
#include "engine/budget.h"

#include <stdlib.h>

enum {
    LIST_FIRST = 16,     /* items */
    BUFFER_FIRST = 4096, /* bytes beyond those needed: frames and rows are shorter */
};

/* The array's pointer has any type, so its bytes are copied and never read as a void *. */
static int grow(void *array, size_t before, size_t bytes)
{
    void *memory;
    const bool counts = bytes >= BUDGET_LIST_BYTES;
    if (counts)
        budget_allows(bytes); /* the new array, all of it: the old one stays until it has been copied */
    memcpy(&memory, array, sizeof memory);
    /* cppcheck-suppress memleakOnRealloc ; the array still has the old one */
    memory = realloc(memory, bytes);
    if (!memory)
        return -1;
    memcpy(array, &memory, sizeof memory);
    if (counts)
        budget_take(bytes - before);
    return 0;
}

int list_grow(void *items, uint32_t *capacity, uint64_t needed, size_t item_size)
{
    if (needed > UINT32_MAX)
        return -1;
    uint64_t more = MAX(MAX((uint64_t)*capacity * 2, needed), (uint64_t)LIST_FIRST);
    more = MIN(more, (uint64_t)UINT32_MAX);
    if (grow(items, *capacity * item_size, more * item_size))
        return -1;
    *capacity = (uint32_t)more;
    return 0;
}

int buffer_grow(void *bytes, size_t *capacity, size_t needed)
{
    const size_t more = MAX(*capacity * 2, needed + BUFFER_FIRST);
    if (grow(bytes, *capacity, more))
        return -1;
    *capacity = more;
    return 0;
}
