/* The bytes of state files and piece files, shared by their writer and reader. All numbers are little-endian.
 *
 *     0  8  magic                      0 16  name of a section, filled up with zeros
 *     8  4  version                   16  4  how it is stored
 *    12  4  kind                      20  4  0
 *    16  8  0                         24  8  its bytes
 *    24  8  XXH3-64 of these 24       32  8  its bytes as they are stored, which follow
 *                                     40  8  XXH3-64 of those
 *   then sections                     48  8  XXH3-64 of these 48
 *
 * The last section is called `end`, and its bytes are the XXH3-128 of the file before it. */
#ifndef TCPREUSE_PIECE_LAYOUT_H
#define TCPREUSE_PIECE_LAYOUT_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/util.h"
#include "io/pieces/piece_file.h"

#define PIECE_MAGIC "\x89tcpr\r\n\x1a"
#define PIECE_END   "end"

enum {
    PIECE_HEAD_BYTES = 32,
    PIECE_SECTION_HEAD_BYTES = 56,
    PIECE_DIGEST_BYTES = 16,
};

enum piece_storage { PIECE_PLAIN = 0, PIECE_ZSTD = 1 };

static inline void piece_digest_bytes(const XXH3_state_t *state, uint8_t digest[PIECE_DIGEST_BYTES])
{
    const XXH128_hash_t hash = XXH3_128bits_digest(state);
    store_le64(digest, hash.low64);
    store_le64(digest + 8, hash.high64);
}

#endif
