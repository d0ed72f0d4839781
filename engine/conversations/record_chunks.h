/* An array of items numbered like the records of a table, in chunks of 2 MiB, a huge page, that never move. Zeroed,
 * it is empty; new items are zero. One thread at a time makes room. */
#ifndef TCPREUSE_RECORD_CHUNKS_H
#define TCPREUSE_RECORD_CHUNKS_H

#include "engine/conversations/table.h"

struct record_chunks {
    uint8_t **chunks;
    uint32_t count, capacity;
};

enum { RECORD_CHUNKS_BITS = 21 };

/* Of the number of items in a chunk, whose size is a power of two. */
ALWAYS_INLINE unsigned record_chunks_bits(size_t item_size)
{
    return RECORD_CHUNKS_BITS - (unsigned)__builtin_ctzl(item_size);
}

void record_chunks_free(struct record_chunks *c);
/* Makes room for this record and all before it. item_size: bytes, a power of two, the same in all calls for an array.
 * 0, or -1 when memory is short. */
int record_chunks_grow(struct record_chunks *c, uint32_t record, size_t item_size);

ALWAYS_INLINE bool record_chunks_has(const struct record_chunks *c, uint32_t record, size_t item_size)
{
    return record >> record_chunks_bits(item_size) < c->count;
}

/* The record's item, for which room has been made. */
ALWAYS_INLINE void *record_chunks_at(const struct record_chunks *c, uint32_t record, size_t item_size)
{
    const unsigned bits = record_chunks_bits(item_size);
    return c->chunks[record >> bits] + (record & ((UINT64_C(1) << bits) - 1)) * item_size;
}

#endif
