/* TCP, RFC 9293, 3.1.
 *
 *     0                   1                   2                   3
 *    |          Source Port          |       Destination Port        |
 *    |                        Sequence Number                        |
 *    |                    Acknowledgment Number                      |
 *    | Offset|Rsrvd|     Flags       |            Window             |
 *    |           Checksum            |         Urgent Pointer        |
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "../decode.h"

ALWAYS_INLINE struct segment *list_add(struct decoder *d, enum family family, uint64_t hash)
{
    struct segment_list *list = &d->lists[family * d->shards + hash_shard(hash, d->shards)];
    if (unlikely(list->count == list->capacity) && segment_list_grow(list, segment_size(family))) {
        d->failed = true;
        return NULL;
    }
    return segment_list_at(list, list->count++, family);
}

/* The key that is hashed: both endpoints, the lower first, without padding. */
struct key4 {
    uint32_t address[2];
    uint16_t port[2];
};
struct key6 {
    uint8_t address[2][16];
    uint16_t port[2];
};
_Static_assert(sizeof(struct key4) == 12 && sizeof(struct key6) == 36, "no padding is hashed");

void decode_tcp(struct decoder *d, struct layer l)
{
    if (unlikely(l.captured < d->tcp_header_bytes)) {
        d->counts->segments_truncated++;
        decoder_need(d, &l, d->tcp_header_bytes, SUBJECT_TCP);
        return;
    }
    /* One frame can hold many quoted or sampled segments, but not as many as this and be real. */
    if (unlikely((d->position & 0xff) == 0xff)) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_DEPTH, 0xff);
        return;
    }
    uint16_t source = layer_u16(&l, 0), destination = layer_u16(&l, 2);
    uint16_t offset_flags = layer_u16(&l, 12);
    uint32_t header = (offset_flags >> 12) * 4u;
    uint8_t bits = d->bits;

    if (!d->unfinished && !(bits & SEGMENT_QUOTED) && l.length >= header)
        bits |= SEGMENT_LENGTH_KNOWN;
    if (header < 20)
        bits |= SEGMENT_SHORT_OFFSET;

    struct segment *s;
    if (likely(d->ip.family == FAMILY_IPV4)) {
        uint32_t from = load_be32(d->ip.source), to = load_be32(d->ip.destination);
        bool flow = from > to || (from == to && source > destination);
        struct key4 key = {{flow ? to : from, flow ? from : to},
                           {flow ? destination : source, flow ? source : destination}};
        uint64_t hash = XXH3_64bits_withSecret(&key, sizeof key, d->key->secret, HASH_SECRET_SIZE);
        if (!(s = list_add(d, FAMILY_IPV4, hash)))
            return;
        struct segment4 *s4 = (struct segment4 *)s;
        s4->address[0] = key.address[0];
        s4->address[1] = key.address[1];
        s->port[0] = key.port[0];
        s->port[1] = key.port[1];
        s->hash = hash_tag(hash);
        bits |= flow ? SEGMENT_FLOW : 0;
    } else {
        int order = memcmp(d->ip.source, d->ip.destination, 16);
        bool flow = order > 0 || (order == 0 && source > destination);
        struct key6 key;
        memcpy(key.address[flow], d->ip.source, 16);
        memcpy(key.address[!flow], d->ip.destination, 16);
        key.port[flow] = source;
        key.port[!flow] = destination;
        uint64_t hash = XXH3_64bits_withSecret(&key, sizeof key, d->key->secret, HASH_SECRET_SIZE);
        if (!(s = list_add(d, FAMILY_IPV6, hash)))
            return;
        memcpy(((struct segment6 *)s)->address, key.address, sizeof key.address);
        s->port[0] = key.port[0];
        s->port[1] = key.port[1];
        s->hash = hash_tag(hash);
        bits |= flow ? SEGMENT_FLOW : 0;
    }
    s->position = d->position++;
    s->time = d->frame->time;
    s->seq = layer_u32(&l, 4);
    s->ack = layer_u32(&l, 8);
    s->payload = bits & SEGMENT_LENGTH_KNOWN ? l.length - header : 0;
    s->wire = d->frame->length;
    s->flags = (uint16_t)((offset_flags & 0x0fff) | d->frame->decimals << 12);
    s->bits = bits;
    s->completeness = 0;
}
