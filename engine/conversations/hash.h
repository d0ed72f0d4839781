/* The keyed hash of the canonical tuple: its key, and how its bits are used. decode/emit.h computes it, with
 * XXH3 for IPv6 and a shorter function for IPv4. The key is secret and new in each run, so that nobody can
 * craft tuples that all fall on one shard or bucket. No result depends on it. */
#ifndef TCPREUSE_HASH_H
#define TCPREUSE_HASH_H

#include "engine/util.h"

#define HASH_SECRET_SIZE 192 /* bytes. XXH3 needs 136; this is its own default, and more adds no quality */

struct hash_key {
    uint8_t secret[HASH_SECRET_SIZE];
};

/* Draws a key from the kernel. Thread-safe. 0, or -1 when the kernel gives none. */
int hash_key_draw(struct hash_key *key);

/* The shard, 0 to shards - 1, comes from the topmost bits, the tag in the shard's table is the whole upper
 * half. Within a shard the tag's topmost bits vary little, but a bucket's number comes from its lower bits.
 * The lower half of the hash is of lower quality (decode/emit.h). */
ALWAYS_INLINE unsigned hash_shard(uint64_t hash, unsigned shards)
{
    return (unsigned)((unsigned __int128)hash * shards >> 64);
}

ALWAYS_INLINE uint32_t hash_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1; /* never 0, an empty slot; no bucket's number uses bit 0 */
}

#endif
