/* The tuple's hash, from a conversation instead of from headers. */
#include "engine/decode/rehash.h"
#include "engine/decode/emit.h"

uint64_t rehash_conversation(const union conversation_any *c, enum family family, const struct hash_key *key)
{
    if (family == FAMILY_IPV4) {
        const uint64_t low = (uint64_t)c->v4.address[0] << 16 | c->c.port[0];
        const uint64_t high = (uint64_t)c->v4.address[1] << 16 | c->c.port[1];
        return hash_ends4(low, high, hash_key4(key));
    }
    struct key6 k = {.ports = c->c.port[0] | (uint64_t)c->c.port[1] << 16};
    memcpy(k.address, c->v6.address, sizeof k.address);
    return XXH3_64bits_withSecret(&k, sizeof k, key->secret, HASH_SECRET_SIZE);
}
