#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/conversations/tuple.h"

uint64_t tuple_hash(const struct tuple *t, const struct hash_key *key)
{
    return XXH3_64bits_withSecret(t, sizeof *t, key->secret, HASH_SECRET_SIZE);
}
