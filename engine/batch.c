/* The text of a batch grows as rows are appended. */
#include "engine/batch.h"

#include <stdlib.h>

char *text_room(struct text *t, size_t n)
{
    if (unlikely(t->capacity - t->length < n)) {
        size_t capacity = MAX(t->capacity * 2, t->length + n + 4096);
        char *bytes = realloc(t->bytes, capacity);
        if (!bytes)
            return NULL;
        t->bytes = bytes;
        t->capacity = capacity;
    }
    return t->bytes + t->length;
}
