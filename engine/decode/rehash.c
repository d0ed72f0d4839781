/* The tuple's hash, from what is kept of it instead of from headers. */
#include "engine/decode/rehash.h"
#include "engine/decode/emit.h"

#include <assert.h>

_Static_assert(sizeof((struct segment4 *)0)->address == sizeof((struct conversation4 *)0)->address &&
                   sizeof((struct segment6 *)0)->address == sizeof((struct conversation6 *)0)->address,
               "segments and conversations have their addresses alike");

uint64_t rehash_tuple(const void *addresses, const uint16_t port[2], enum family family,
                      const struct hash_key *key)
{
    assert(family < ADDRESS_FAMILIES);
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
