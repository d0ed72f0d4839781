/* Keyed hash of the canonical tuple. The secret is drawn at start, so that nobody can craft tuples that fall
 * on one shard or bucket; no result depends on it. decode/emit.h has the functions: XXH3 with a secret for
 * IPv6, and for IPv4 less. */
#ifndef TCPREUSE_HASH_H
#define TCPREUSE_HASH_H

#include "engine/util.h"

#define HASH_SECRET_SIZE                                                                                     \
    192 /* XXH3 takes 136 bytes or more, and quality does not rise beyond its own default */

struct hash_key {
    uint8_t secret[HASH_SECRET_SIZE];
};

/* Draws a secret from the kernel. Thread-safe. 0, or -1 when there is no randomness to be had. */
int hash_key_draw(struct hash_key *key);

/* The shard (0 to shards - 1) comes from the uppermost bits, the tag in the shard's table from the upper
 * half, too: its own uppermost bits say little more than the shard then, but a bucket's number comes from
 * lower ones. The lower half is worth less (decode/emit.h). */
ALWAYS_INLINE unsigned hash_shard(uint64_t hash, unsigned shards)
{
    return (unsigned)((unsigned __int128)hash * shards >> 64);
}

ALWAYS_INLINE uint32_t hash_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1; /* 0 marks an empty slot, and no bucket's number has this bit */
}

#endif
