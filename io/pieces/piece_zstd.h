/* Compression of sections: zstd, or nothing in a build without it. Thread-safe. */
#ifndef TCPREUSE_PIECE_ZSTD_H
#define TCPREUSE_PIECE_ZSTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool piece_zstd_available(void);
/* Compresses into memory of the caller's, of so many bytes. The length; 0: it does not fit, or memory is
 * short. */
size_t piece_zstd_compress(uint8_t *to, size_t room, const uint8_t *from, size_t count);
/* False unless from is exactly one frame of `count` bytes. errno is ENOMEM then if memory is short. */
bool piece_zstd_decompress(uint8_t *to, size_t count, const uint8_t *from, size_t stored);

#endif
