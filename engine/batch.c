/* The text of a batch grows as rows are appended. */
#include "engine/batch.h"
#include "engine/list.h"

char *text_room(struct text *t, size_t n)
{
    if (buffer_reserve(&t->bytes, &t->capacity, t->length + n))
        return NULL;
    return t->bytes + t->length;
}
