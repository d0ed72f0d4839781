/* Segments of other runs: which shard they belong to depends on the run's key and number of threads, so hash and list
 * are found anew, as emit.h does for those that are decoded. */
#include "engine/decode/put_segment.h"
#include "engine/decode/emit.h"

static uint64_t hash_of4(const struct segment4 *s, const struct hash_key *key)
{
    const uint64_t low = (uint64_t)s->address[0] << 16 | s->s.port[0];
    const uint64_t high = (uint64_t)s->address[1] << 16 | s->s.port[1];
    return hash_ends4(low, high, hash_key4(key));
}

static uint64_t hash_of6(const struct segment6 *s, const struct hash_key *key)
{
    struct key6 tuple;
    memcpy(tuple.address, s->address, sizeof tuple.address);
    tuple.ports = s->s.port[0] | (uint64_t)s->s.port[1] << 16;
    tuple.zero = 0;
    return XXH3_64bits_withSecret(&tuple, sizeof tuple, key->secret, HASH_SECRET_SIZE);
}

static uint64_t hosts_of(const struct segment *s, enum family family, const struct hash_key *key)
{
    if (family == FAMILY_IPV6)
        return hosts_hash6(((const struct segment6 *)s)->address, key);
    const uint32_t *address = ((const struct segment4 *)s)->address;
    return hosts_hash4(address[0] | (uint64_t)address[1] << 32, key);
}

void decode_put_segment(struct decoder *d, const struct segment *s, enum family family)
{
    const uint64_t hash = family == FAMILY_IPV4 ? hash_of4((const struct segment4 *)s, d->key)
                                                : hash_of6((const struct segment6 *)s, d->key);
    struct segment *to = list_add(d, family, d->rules == RULES_4_0 ? hosts_of(s, family, d->key) : hash);
    if (!to)
        return;
    memcpy(to, s, segment_size(family));
    to->hash = hash_tag(hash);
}
