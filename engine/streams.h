/* Record number to stream number, for one table. Written by merging, in batch order; read by merging, and by
 * formatting once merging has numbered the batch (acquire of BATCH_NUMBERED): an entry never changes while a
 * batch that refers to it is under way, so no lock is needed. */
#ifndef TCPREUSE_STREAMS_H
#define TCPREUSE_STREAMS_H

#include "util.h"

enum { STREAM_CHUNK_BITS = 18 }; /* 2 MB: one huge page */

struct stream_map {
    uint64_t **chunks;   /* 2^14 of them, so that the directory never moves; 8 bytes of address space each */
    uint32_t chunks_end; /* there is none from this one on */
};

int stream_map_init(struct stream_map *m);
void stream_map_free(struct stream_map *m);
int stream_map_add_chunk(struct stream_map *m, uint32_t record);

ALWAYS_INLINE int stream_map_set(struct stream_map *m, uint32_t record, uint64_t stream)
{
    uint32_t chunk = record >> STREAM_CHUNK_BITS;
    if (unlikely(!m->chunks[chunk]) && stream_map_add_chunk(m, record))
        return -1;
    m->chunks[chunk][record & ((1u << STREAM_CHUNK_BITS) - 1)] = stream;
    return 0;
}

ALWAYS_INLINE uint64_t stream_map_get(const struct stream_map *m, uint32_t record)
{
    return m->chunks[record >> STREAM_CHUNK_BITS][record & ((1u << STREAM_CHUNK_BITS) - 1)];
}

/* For a stream_map_get() that comes soon; the entry need not be there yet. */
ALWAYS_INLINE void stream_map_fetch(const struct stream_map *m, uint32_t record)
{
    const uintptr_t chunk = (uintptr_t)m->chunks[record >> STREAM_CHUNK_BITS];
    __builtin_prefetch((const void *)(chunk + sizeof(uint64_t) * (record & ((1u << STREAM_CHUNK_BITS) - 1))));
}

#endif
