/* Memory of such arrays, chunk by chunk. */
#include "engine/conversations/record_chunks.h"
#include "engine/list.h"
#include "engine/pages.h"

#include <stdlib.h>

void record_chunks_free(struct record_chunks *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        pages_free(c->chunks[i], (size_t)1 << RECORD_CHUNKS_BITS);
    free(c->chunks);
    *c = (struct record_chunks){0};
}

int record_chunks_grow(struct record_chunks *c, uint32_t record, size_t item_size)
{
    while (!record_chunks_has(c, record, item_size)) {
        if (list_reserve(&c->chunks, &c->capacity, (uint64_t)c->count + 1, sizeof *c->chunks))
            return -1;
        /* The first chunk in small pages, so that a small capture touches little memory. */
        uint8_t *chunk = pages_alloc((size_t)1 << RECORD_CHUNKS_BITS, c->count > 0);
        if (!chunk)
            return -1;
        c->chunks[c->count++] = chunk;
    }
    return 0;
}
