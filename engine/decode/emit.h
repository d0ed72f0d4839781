/* A TCP header becomes a segment in the list of its shard. */
#ifndef TCPREUSE_EMIT_H
#define TCPREUSE_EMIT_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/decode/decoder.h"

/* What is hashed of an IPv6 tuple: both endpoints, the lower first, padded with zeros to words that are
 * stored and loaded whole. (36 bytes without padding were loaded across their stores, which a processor
 * cannot forward: 7 ns a segment.) */
struct key6 {
    uint8_t address[2][16];
    uint64_t ports, zero;
};
_Static_assert(sizeof(struct key6) == 48, "no padding of the compiler's is hashed");

/* And of a tuple with its realm, of either family; of an IPv4 address the first 4 bytes, in host order. */
struct key_with_realm {
    struct key6 tuple;
    struct realm realm;
};
_Static_assert(sizeof(struct key_with_realm) == 64, "no padding of the compiler's is hashed");

/* Under generation 4.0 all that two hosts have with each other is for one shard, so that one shard alone sees
 * who takes up a connection that was announced without the port of one end. The lower address comes first,
 * IPv4 in the lower half. */
ALWAYS_INLINE uint64_t hosts_hash4(uint64_t addresses, const struct hash_key *key)
{
    return XXH3_64bits_withSecret(&addresses, sizeof addresses, key->secret, HASH_SECRET_SIZE);
}
ALWAYS_INLINE uint64_t hosts_hash6(const uint8_t address[2][16], const struct hash_key *key)
{
    return XXH3_64bits_withSecret(address, 32, key->secret, HASH_SECRET_SIZE);
}

/* Of an IPv4 tuple, each end as one number, address above port: the same for both directions. A product
 * folded as XXH3 does it, and another one, by 2^64 divided by the golden ratio, whose upper half depends on
 * all of it. Of ports, addresses and both in steps of any kind, 200,000 tuples, it fills buckets and shards
 * as evenly as XXH3's own mixing (300 keys: chi-square a degree of freedom 1.00, at worst 1.03), which takes
 * seven instructions more; without any, the worst key leaves 77 % of the tuples outside their own bucket. */
ALWAYS_INLINE uint64_t hash_key4(const struct hash_key *key)
{
    return load_raw64(key->secret);
}
ALWAYS_INLINE uint64_t hash_ends4(uint64_t from, uint64_t to, uint64_t key)
{
    unsigned __int128 product = (unsigned __int128)(from ^ key) * (to ^ key);
    return ((uint64_t)product ^ (uint64_t)(product >> 64)) * UINT64_C(0x9e3779b97f4a7c15);
}

ALWAYS_INLINE bool frame_is_ethernet(const struct frame *f)
{
    enum { LINK_ETHERNET = 1 };
    return f->link_type == LINK_ETHERNET && !f->fcs;
}
ALWAYS_INLINE bool kind_is_ethernet(uint32_t kind)
{
    return frame_is_ethernet(&(struct frame){.kind = kind});
}

ALWAYS_INLINE struct segment *list_add(struct decoder *d, enum family family, uint64_t shard_hash)
{
    struct segment_list *list = &d->lists[family * d->shards + hash_shard(shard_hash, d->shards)];
    struct segment *s = segment_list_add(list, d->spare, family);
    if (unlikely(!s))
        d->failed = true;
    return s;
}

/* Two numbers with one store: the first from the lower half. */
ALWAYS_INLINE void store_pair32(uint32_t pair[2], uint64_t halves)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(pair, &halves, sizeof halves);
#else
    pair[0] = (uint32_t)halves;
    pair[1] = (uint32_t)(halves >> 32);
#endif
}
ALWAYS_INLINE void store_pair16(uint16_t pair[2], uint32_t halves)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(pair, &halves, sizeof halves);
#else
    pair[0] = (uint16_t)halves;
    pair[1] = (uint16_t)(halves >> 16);
#endif
}

ALWAYS_INLINE uint16_t segment_flags(const struct frame *f, uint16_t offset_flags)
{
    return (uint16_t)((offset_flags & 0x0fff) | f->decimals << 12);
}

/* Of a frame of this kind, without any TCP flag. */
ALWAYS_INLINE uint16_t kind_flags(uint32_t kind)
{
    return segment_flags(&(struct frame){.kind = kind}, 0);
}

/* What both families have. tcp: at least 14 bytes, of which acknowledgement and all before it are there. */
ALWAYS_INLINE void fill_segment(struct segment *s, uint64_t hash, const struct frame *f, uint32_t position,
                                const uint8_t *tcp, uint16_t offset_flags, unsigned bits, uint32_t payload)
{
    s->hash = hash_tag(hash);
    s->position = position;
    s->time = f->time;
    s->seq = load_be32(tcp + 4);
    s->ack = load_be32(tcp + 8);
    s->payload = payload;
    s->wire = f->length;
    s->flags = segment_flags(f, offset_flags);
    s->bits = (uint8_t)bits;
    s->completeness = 0;
}

/* Addresses in network order. by_hosts: the shard is that of the hosts. The segment, until the next one; NULL
 * when memory is short. */
ALWAYS_INLINE struct segment *emit_segment4(struct decoder *d, const struct frame *f, uint32_t position,
                                            const uint8_t *source, const uint8_t *destination,
                                            const uint8_t *tcp, uint16_t offset_flags, unsigned bits,
                                            uint32_t payload, bool by_hosts)
{
    /* Address and port in one number, so that one comparison orders the endpoints. */
    uint64_t from = (uint64_t)load_be32(source) << 16 | load_be16(tcp);
    uint64_t to = (uint64_t)load_be32(destination) << 16 | load_be16(tcp + 2);
    unsigned flow = from > to;
    uint64_t low = flow ? to : from, high = flow ? from : to;
    uint64_t addresses = low >> 16 | high >> 16 << 32;
    uint64_t hash = hash_ends4(from, to, hash_key4(d->key));
    struct segment *s = list_add(d, FAMILY_IPV4, by_hosts ? hosts_hash4(addresses, d->key) : hash);
    if (unlikely(!s))
        return NULL;
    store_pair32(((struct segment4 *)s)->address, addresses);
    store_pair16(s->port, (uint32_t)((low & 0xffff) | (high & 0xffff) << 16));
    fill_segment(s, hash, f, position, tcp, offset_flags, bits | flow * SEGMENT_FLOW, payload);
    return s;
}

ALWAYS_INLINE struct segment *emit_segment6(struct decoder *d, const struct frame *f, uint32_t position,
                                            const uint8_t *source, const uint8_t *destination,
                                            const uint8_t *tcp, uint16_t offset_flags, unsigned bits,
                                            uint32_t payload, bool by_hosts)
{
    uint16_t source_port = load_be16(tcp), destination_port = load_be16(tcp + 2);
    int order = memcmp(source, destination, 16);
    unsigned flow = order > 0 || (order == 0 && source_port > destination_port);
    struct key6 key;
    /* cppcheck-suppress uninitvar ; memcpy() writes, and reads none of it */
    memcpy(key.address[flow], source, 16);
    memcpy(key.address[!flow], destination, 16);
    key.ports = (uint64_t)source_port << (flow ? 16 : 0) | (uint64_t)destination_port << (flow ? 0 : 16);
    key.zero = 0;
    /* cppcheck-suppress uninitvar ; flow and !flow are both of its addresses */
    uint64_t hash = XXH3_64bits_withSecret(&key, sizeof key, d->key->secret, HASH_SECRET_SIZE);
    struct segment *s = list_add(d, FAMILY_IPV6, by_hosts ? hosts_hash6(key.address, d->key) : hash);
    if (unlikely(!s))
        return NULL;
    memcpy(((struct segment6 *)s)->address, key.address, sizeof key.address);
    store_pair16(s->port, (uint32_t)key.ports);
    fill_segment(s, hash, f, position, tcp, offset_flags, bits | flow * SEGMENT_FLOW, payload);
    return s;
}

/* Of either family, with its realm: d->key_parts says what belongs to it. Addresses in network order. As above. */
static inline struct segment *emit_segment_keyed(struct decoder *d, const uint8_t *tcp, uint16_t offset_flags,
                                                 unsigned bits, uint32_t payload)
{
    const struct ip_addresses *ip = &d->ip;
    const size_t size = ip->family == FAMILY_IPV4 ? 4 : 16;
    const uint16_t source_port = load_be16(tcp), destination_port = load_be16(tcp + 2);
    const int order = memcmp(ip->source, ip->destination, size);
    const unsigned flow = order > 0 || (order == 0 && source_port > destination_port);
    struct key_with_realm key = {
        .tuple.ports = (uint64_t)source_port << (flow ? 16 : 0) | (uint64_t)destination_port
                                                                      << (flow ? 0 : 16),
        .realm = {.interface = d->key_parts & KEY_INTERFACE ? d->frame->interface : 0,
                  .network = d->key_parts & KEY_VNI ? d->network : 0,
                  .vlan = d->key_parts & KEY_VLAN ? d->vlan : 0,
                  .family = (uint8_t)ip->family}};
    if (ip->family == FAMILY_IPV4) {
        const uint32_t source = load_be32(ip->source), destination = load_be32(ip->destination);
        const uint32_t pair[2] = {flow ? destination : source, flow ? source : destination};
        memcpy(key.tuple.address, pair, sizeof pair); /* as struct segment4 has them */
    } else {
        memcpy(key.tuple.address[flow], ip->source, 16);
        memcpy(key.tuple.address[!flow], ip->destination, 16);
    }
    const uint64_t hash = XXH3_64bits_withSecret(&key, sizeof key, d->key->secret, HASH_SECRET_SIZE);
    struct segment *s = list_add(d, FAMILY_KEYED, hash);
    if (unlikely(!s))
        return NULL;
    memcpy(((struct segment_keyed *)s)->address, key.tuple.address, sizeof key.tuple.address);
    ((struct segment_keyed *)s)->realm = key.realm;
    store_pair16(s->port, (uint32_t)key.tuple.ports);
    fill_segment(s, hash, d->frame, d->position, tcp, offset_flags, bits | flow * SEGMENT_FLOW, payload);
    return s;
}

#endif
