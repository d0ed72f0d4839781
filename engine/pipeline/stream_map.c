/* Memory of the map, chunk by chunk. */
#include "engine/pipeline/stream_map.h"
#include "engine/pages.h"

enum {
    DIRECTORY = 1 << (32 - STREAM_CHUNK_BITS),
    CHUNK_SIZE = STREAM_CHUNK * sizeof(uint32_t),
    HIGHER_SIZE = STREAM_CHUNK * sizeof(uint16_t),
};

int stream_map_init(struct stream_map *m)
{
    *m = (struct stream_map){.chunks = pages_alloc(DIRECTORY * sizeof *m->chunks, false),
                             .higher = pages_alloc(DIRECTORY * sizeof *m->higher, false)};
    if (m->chunks && m->higher)
        return 0;
    stream_map_free(m);
    return -1;
}

void stream_map_free(struct stream_map *m)
{
    for (uint32_t i = 0; i < m->chunks_end; i++) {
        pages_free(m->chunks[i], CHUNK_SIZE);
        pages_free(atomic_load_explicit(&m->higher[i], memory_order_relaxed), HIGHER_SIZE);
    }
    pages_free(m->chunks, DIRECTORY * sizeof *m->chunks);
    pages_free((void *)m->higher, DIRECTORY * sizeof *m->higher);
    *m = (struct stream_map){0};
}

int stream_map_add_chunk(struct stream_map *m, uint32_t record)
{
    const uint32_t chunk = record >> STREAM_CHUNK_BITS;
    /* The first chunk in small pages, so that a small capture touches little memory. */
    m->chunks[chunk] = pages_alloc(CHUNK_SIZE, chunk > 0);
    if (!m->chunks[chunk])
        return -1;
    m->chunks_end = MAX(m->chunks_end, chunk + 1);
    return 0;
}

int stream_map_add_higher(struct stream_map *m, uint32_t record)
{
    uint16_t *higher = pages_alloc(HIGHER_SIZE, false);
    if (!higher)
        return -1;
    /* release: stream_map_get() of other workers sees zeros. */
    atomic_store_explicit(&m->higher[record >> STREAM_CHUNK_BITS], higher, memory_order_release);
    return 0;
}
