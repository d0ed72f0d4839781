/* An array of items numbered like the records of a table, in chunks that never move. Zeroed, it is empty; new
 * items are zero. One thread at a time makes room. */
#ifndef TCPREUSE_RECORD_CHUNKS_H
#define TCPREUSE_RECORD_CHUNKS_H

#include "engine/conversations/table.h"

struct record_chunks {
    uint8_t **chunks; /* RECORD_CHUNK items each */
    uint32_t count, capacity;
};

/* item_size: bytes, the same in all calls for an array. */
void record_chunks_free(struct record_chunks *c, size_t item_size);
/* Makes room for this record and all before it. 0, or -1 when memory is short. */
int record_chunks_grow(struct record_chunks *c, uint32_t record, size_t item_size);

ALWAYS_INLINE bool record_chunks_has(const struct record_chunks *c, uint32_t record)
{
    return record >> RECORD_CHUNK_BITS < c->count;
}

/* The record's item, for which room has been made. */
ALWAYS_INLINE void *record_chunks_at(const struct record_chunks *c, uint32_t record, size_t item_size)
{
    return c->chunks[record >> RECORD_CHUNK_BITS] + (size_t)(record & (RECORD_CHUNK - 1)) * item_size;
}

#endif
