/* The tuple's hash, from what is kept of it instead of from headers. */
#include "engine/decode/rehash.h"
#include "engine/decode/emit.h"

_Static_assert(sizeof((struct segment4 *)0)->address == sizeof((struct conversation4 *)0)->address &&
                   sizeof((struct segment6 *)0)->address == sizeof((struct conversation6 *)0)->address,
               "segments and conversations have their addresses alike");
_Static_assert(offsetof(struct segment_keyed, realm) ==
                       offsetof(struct segment_keyed, address) + sizeof((struct segment_keyed *)0)->address &&
                   offsetof(struct conversation_keyed, realm) ==
                       offsetof(struct conversation_keyed, address) +
                           sizeof((struct conversation_keyed *)0)->address,
               "and their realms behind them");

uint64_t rehash_tuple(const void *addresses, const uint16_t port[2], enum family family,
                      const struct hash_key *key)
{
    if (family == FAMILY_KEYED) {
        struct key_with_realm keyed = {.tuple.ports = port[0] | (uint64_t)port[1] << 16};
        memcpy(keyed.tuple.address, addresses, sizeof keyed.tuple.address);
        memcpy(&keyed.realm, (const uint8_t *)addresses + sizeof keyed.tuple.address, sizeof keyed.realm);
        return XXH3_64bits_withSecret(&keyed, sizeof keyed, key->secret, HASH_SECRET_SIZE);
    }
    if (family == FAMILY_IPV4) {
        uint32_t address[2];
        memcpy(address, addresses, sizeof address);
        const uint64_t low = (uint64_t)address[0] << 16 | port[0];
        const uint64_t high = (uint64_t)address[1] << 16 | port[1];
        return hash_ends4(low, high, hash_key4(key));
    }
    struct key6 tuple = {.ports = port[0] | (uint64_t)port[1] << 16};
    memcpy(tuple.address, addresses, sizeof tuple.address);
    return XXH3_64bits_withSecret(&tuple, sizeof tuple, key->secret, HASH_SECRET_SIZE);
}
