/* Segments of other runs: which shard they belong to depends on the run's key and number of threads, so hash and list
 * are found anew, as emit.h does for those that are decoded. */
#include "engine/decode/put_segment.h"
#include "engine/decode/emit.h"
#include "engine/decode/rehash.h"

#include <assert.h>

static uint64_t hosts_of(const struct segment *s, enum family family, const struct hash_key *key)
{
    assert(family != FAMILY_KEYED); /* 4.0 has no keys */
    if (family == FAMILY_IPV6)
        return hosts_hash6(((const struct segment6 *)s)->address, key);
    const uint32_t *address = ((const struct segment4 *)s)->address;
    return hosts_hash4(address[0] | (uint64_t)address[1] << 32, key);
}

void decode_put_segment(struct decoder *d, const struct segment *s, enum family family)
{
    const void *addresses = family == FAMILY_IPV4   ? (const void *)((const struct segment4 *)s)->address
                            : family == FAMILY_IPV6 ? (const void *)((const struct segment6 *)s)->address
                                                    : ((const struct segment_keyed *)s)->address;
    const uint64_t hash = rehash_tuple(addresses, s->port, family, d->key);
    struct segment *to = list_add(d, family, d->rules == RULES_4_0 ? hosts_of(s, family, d->key) : hash);
    if (!to)
        return;
    memcpy(to, s, segment_size(family));
    to->hash = hash_tag(hash);
}
