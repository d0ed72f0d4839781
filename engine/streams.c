#include "streams.h"
#include "pages.h"

enum { DIRECTORY = 1 << (32 - STREAM_CHUNK_BITS), CHUNK_SIZE = sizeof(uint64_t) << STREAM_CHUNK_BITS };

int stream_map_init(struct stream_map *m)
{
    m->chunks = pages_alloc(DIRECTORY * sizeof *m->chunks, false);
    return m->chunks ? 0 : -1;
}

void stream_map_free(struct stream_map *m)
{
    for (uint32_t i = 0; i < m->chunks_end; i++)
        pages_free(m->chunks[i], CHUNK_SIZE);
    pages_free(m->chunks, DIRECTORY * sizeof *m->chunks);
    m->chunks = NULL;
    m->chunks_end = 0;
}

int stream_map_add_chunk(struct stream_map *m, uint32_t record)
{
    /* The first in small pages, so that a small capture touches little memory. */
    uint64_t *chunk = pages_alloc(CHUNK_SIZE, record >> STREAM_CHUNK_BITS > 0);
    if (!chunk)
        return -1;
    m->chunks[record >> STREAM_CHUNK_BITS] = chunk;
    m->chunks_end = MAX(m->chunks_end, (record >> STREAM_CHUNK_BITS) + 1);
    return 0;
}
