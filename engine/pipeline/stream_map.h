/* Record number to stream number, for one table. Written by merging, in batch order; read by merging, and by
 * formatting once merging has numbered the batch (acquire of BATCH_NUMBERED): an entry never changes while a
 * batch that refers to it is under way, so no lock is needed.
 *
 * Four bytes an entry, and two more where stream numbers have become longer than that: in eight, 1.5 M
 * conversations had 6 of 130 MB more, and memory is dear where a virtual machine's host has to find it. */
#ifndef TCPREUSE_STREAMS_H
#define TCPREUSE_STREAMS_H

#include "engine/util.h"

#include <stdatomic.h>

enum {
    STREAM_CHUNK_BITS = 19, /* 2 MB: one huge page */
    STREAM_CHUNK = 1 << STREAM_CHUNK_BITS,
};

struct stream_map {
    uint32_t **chunks;         /* 2^13 of them, so that the directory never moves */
    uint16_t *_Atomic *higher; /* as many, of bits 32 to 47, since frames have 48. NULL: all 0 */
    uint32_t chunks_end;       /* there is none from this one on */
};

int stream_map_init(struct stream_map *m);
void stream_map_free(struct stream_map *m);
/* Of an entry that is the first in its chunk, or the first that needs the higher bits there. */
int stream_map_add_chunk(struct stream_map *m, uint32_t record);
int stream_map_add_higher(struct stream_map *m, uint32_t record);

/* 0 or -1 when memory is short. */
ALWAYS_INLINE int stream_map_set(struct stream_map *m, uint32_t record, uint64_t stream)
{
    const uint32_t chunk = record >> STREAM_CHUNK_BITS, at = record & (STREAM_CHUNK - 1);
    if (unlikely(!m->chunks[chunk]) && stream_map_add_chunk(m, record))
        return -1;
    m->chunks[chunk][at] = (uint32_t)stream;
    uint16_t *higher = atomic_load_explicit(&m->higher[chunk], memory_order_relaxed);
    if (unlikely(stream >> 32 && !higher)) {
        if (stream_map_add_higher(m, record))
            return -1;
        higher = atomic_load_explicit(&m->higher[chunk], memory_order_relaxed);
    }
    if (unlikely(higher))
        higher[at] = (uint16_t)(stream >> 32);
    return 0;
}

ALWAYS_INLINE uint64_t stream_map_get(const struct stream_map *m, uint32_t record)
{
    const uint32_t chunk = record >> STREAM_CHUNK_BITS, at = record & (STREAM_CHUNK - 1);
    /* acquire: merging may begin to use it, for later conversations, while formatting reads. */
    const uint16_t *higher = atomic_load_explicit(&m->higher[chunk], memory_order_acquire);
    return (unlikely(higher) ? (uint64_t)higher[at] << 32 : 0) | m->chunks[chunk][at];
}

/* For a stream_map_get() that comes soon; the entry need not be there yet. */
ALWAYS_INLINE void stream_map_fetch(const struct stream_map *m, uint32_t record)
{
    const uintptr_t chunk = (uintptr_t)m->chunks[record >> STREAM_CHUNK_BITS];
    __builtin_prefetch((const void *)(chunk + sizeof(uint32_t) * (record & (STREAM_CHUNK - 1))));
}

#endif
