/* Sections in a build without zstd: none is compressed. */
#include "io/pieces/piece_zstd.h"

#include <errno.h>

bool piece_zstd_available(void)
{
    return false;
}

size_t piece_zstd_compress(uint8_t *to, size_t room, const uint8_t *from, size_t count)
{
    (void)to;
    (void)room;
    (void)from;
    (void)count;
    return 0;
}

bool piece_zstd_decompress(uint8_t *to, size_t count, const uint8_t *from, size_t stored)
{
    (void)to;
    (void)count;
    (void)from;
    (void)stored;
    errno = EINVAL;
    return false;
}
