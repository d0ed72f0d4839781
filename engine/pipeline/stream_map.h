/* Record number to stream number, for one table. Numbering writes and reads it, in batch order; formatting
 * reads it once the batch is numbered (acquire of BATCH_NUMBERED). An entry never changes while a batch that
 * refers to it is under way, so no lock is needed.
 *
 * Four bytes an entry, and two more where stream numbers need more bits. With eight, 1.5 M conversations took 6 MB
 * more than 130. */
#ifndef TCPREUSE_STREAM_MAP_H
#define TCPREUSE_STREAM_MAP_H

#include "engine/util.h"

#include <stdatomic.h>

enum {
    STREAM_CHUNK_BITS = 19, /* 2 MB: one huge page */
    STREAM_CHUNK = 1 << STREAM_CHUNK_BITS,
};

struct stream_map {
    uint32_t **chunks;         /* 2^13 of them, so that the directory never moves */
    uint16_t *_Atomic *higher; /* as many: bits 32 to 47, since frame numbers have 48. NULL: all 0 */
    uint32_t chunks_end;       /* behind the last chunk that there is */
};

/* 0, or -1 when memory is short. */
int stream_map_init(struct stream_map *m);
void stream_map_free(struct stream_map *m);
/* For stream_map_set(): adds the record's chunk, and its higher bits. 0, or -1 when memory is short. */
int stream_map_add_chunk(struct stream_map *m, uint32_t record);
int stream_map_add_higher(struct stream_map *m, uint32_t record);

/* 0, or -1 when memory is short. */
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
    /* acquire: numbering may add it, for later conversations, while formatting reads. */
    const uint16_t *higher = atomic_load_explicit(&m->higher[chunk], memory_order_acquire);
    return (unlikely(higher) ? (uint64_t)higher[at] << 32 : 0) | m->chunks[chunk][at];
}

/* Prefetches for a stream_map_get() that comes soon. The entry need not be set yet. */
ALWAYS_INLINE void stream_map_fetch(const struct stream_map *m, uint32_t record)
{
    const uintptr_t chunk = (uintptr_t)m->chunks[record >> STREAM_CHUNK_BITS];
    __builtin_prefetch((const void *)(chunk + sizeof(uint32_t) * (record & (STREAM_CHUNK - 1))));
}

#endif
