/* The hash of a tuple. In a file of its own, so that XXH3, which is all inline, is compiled once for the
 * tables of generation 4.0. */
#include "engine/conversations/tuple.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t tuple_hash(const struct tuple *t, const struct hash_key *key)
{
    return XXH3_64bits_withSecret(t, sizeof *t, key->secret, HASH_SECRET_SIZE);
}
