/* IPv6, RFC 8200, 3 and 4.
 *
 *    |Version| Traffic Class |           Flow Label                  |
 *    |         Payload Length        |  Next Header  |   Hop Limit   |
 *    |                Source Address (16 bytes)                      |
 *    |              Destination Address (16 bytes)                   |
 *
 * Extension headers: | next header | length in 8 bytes, without the first 8 | ...
 */
#include "engine/decode/protocols.h"

enum {
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_AH = 51, /* RFC 4302: length in 4 bytes, minus 2 */
    NEXT_NONE = 59,
    NEXT_DESTINATION = 60,
    NEXT_MOBILITY = 135,
    NEXT_HIP = 139,
    NEXT_SHIM6 = 140,

    FRAGMENT_OFFSET = 0xfff8,
    FRAGMENT_MORE = 1,

    OPTION_PAD1 = 0,
    OPTION_CALIPSO = 7,         /* RFC 5570 */
    OPTION_JUMBO = 0xc2,        /* RFC 2675 */
    OPTION_HOME_ADDRESS = 0xc9, /* RFC 6275 */

    ROUTING_SOURCE = 0,   /* RFC 2460, 4.4 */
    ROUTING_MOBILE = 2,   /* RFC 6275, 6.4 */
    ROUTING_RPL = 3,      /* RFC 6554 */
    ROUTING_SEGMENTS = 4, /* RFC 8754 */
};

/* The length of a jumbogram, or 0. */
static uint32_t jumbo_length(const struct layer *options)
{
    for (uint32_t at = 2; at + 2 <= options->captured;) {
        unsigned type = layer_u8(options, at);
        if (type == OPTION_PAD1) {
            at++;
            continue;
        }
        if (type == OPTION_JUMBO && layer_u8(options, at + 1) == 4)
            return layer_u32(options, at + 2);
        at += 2u + layer_u8(options, at + 1);
    }
    return 0;
}

/* Hop-by-hop and destination options. The home address of a mobile node is the source. As in Wireshark, an option that begins at
 * the last byte has its length behind the header, and the home address and the compartments of CALIPSO have to be
 * there, whatever the option's length. */
static bool decode_options6(struct decoder *d, const struct layer *l, uint32_t size)
{
    for (uint32_t at = 2; at < size && at < l->captured;) {
        unsigned type = layer_u8(l, at);
        if (type == OPTION_PAD1) {
            at++;
            continue;
        }
        uint32_t length = layer_u8(l, at + 1);
        if (!decoder_need(d, l, at + 2 + length, SUBJECT_IPV6))
            return false;
        if (type == OPTION_CALIPSO && !decoder_need(d, l, at + 10 + 4u * layer_u8(l, at + 6), SUBJECT_IPV6))
            return false;
        if (type == OPTION_HOME_ADDRESS) {
            if (!decoder_need(d, l, at + 18, SUBJECT_IPV6))
                return false;
            if (d->ip.family == FAMILY_IPV6)
                d->ip.source = l->at + at + 2;
        }
        at += 2 + length;
    }
    return true;
}

/* | next header | length | type | segments left | 4 | addresses |. Where segments are left, the destination
 * is still to come: the last address, or the first where the list is written backwards. */
static bool decode_routing(struct decoder *d, const struct layer *l, uint32_t size)
{
    unsigned type = layer_u8(l, 2), left = layer_u8(l, 3);
    bool first = type == ROUTING_MOBILE || type == ROUTING_SEGMENTS;
    if (first && size < 24) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
        return false;
    }
    bool last = type == ROUTING_SOURCE || (type == ROUTING_RPL && !layer_u8(l, 4)) /* not compressed */;
    const uint8_t *address = first ? layer_bytes(l, 8, 16) : layer_bytes(l, size - 16, 16);
    if (left && address && d->ip.family == FAMILY_IPV6 && (first || (last && size >= 24)))
        d->ip.destination = address;
    return true;
}

/* Unlike one of IPv4, a first fragment that is not all there shows nothing in Wireshark. */
static __attribute__((noinline)) void decode_fragment6(struct decoder *d, const struct layer *header)
{
    unsigned fragment = layer_u16(header, 2);
    struct layer l = layer_after(*header, 8);
    if (d->ip.family != FAMILY_IPV6) { /* the header stands in IPv4, where it says nothing */
        decode_ip_protocol(d, layer_u8(header, 0), l);
        return;
    }
    if (l.captured && l.captured == l.length && !d->short_payload) {
        struct fragment f = {.key.id = layer_u32(header, 4),
                             .offset = fragment & FRAGMENT_OFFSET,
                             .next = layer_u8(header, 0),
                             .more = fragment & FRAGMENT_MORE};
        decode_fragment(d, &f, l);
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 6);
}

void decode_ipv6(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 40, SUBJECT_IPV6) || !decoder_enter(d))
        return;
    if (unlikely(layer_u8(&l, 0) >> 4 != 6)) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
        return;
    }
    uint32_t payload = layer_u16(&l, 4);
    unsigned next = layer_u8(&l, 6);
    d->ip = (struct ip_addresses){FAMILY_IPV6, l.at + 8, l.at + 24, -1};
    l = layer_after(l, 40);
    if (unlikely(!payload && next == NEXT_HOP_BY_HOP && l.captured >= 8)) {
        struct layer options = layer_first(l, (layer_u8(&l, 1) + 1u) * 8);
        payload = jumbo_length(&options);
        if (payload <= UINT16_MAX) /* that is no jumbogram, and wrong */
            payload = 0;
    }
    d->short_payload = payload > l.length;
    decode_ipv6_next(d, next, layer_first(l, payload));
}

void decode_ipv6_next(struct decoder *d, unsigned next, struct layer l)
{
    for (;;) {
        uint32_t size;
        switch (next) {
        case NEXT_HOP_BY_HOP:
        case NEXT_DESTINATION:
            if (!decoder_need(d, &l, 8, SUBJECT_IPV6))
                return;
            size = (layer_u8(&l, 1) + 1u) * 8;
            if (!decode_options6(d, &l, size))
                return;
            break;
        case NEXT_ROUTING:
            if (!decoder_need(d, &l, 8, SUBJECT_IPV6))
                return;
            size = (layer_u8(&l, 1) + 1u) * 8;
            if (!decode_routing(d, &l, size))
                return;
            break;
        case NEXT_SHIM6:
            if (!decoder_need(d, &l, 8, SUBJECT_IPV6))
                return;
            size = (layer_u8(&l, 1) + 1u) * 8;
            break;
        case NEXT_AH:
            if (!decoder_need(d, &l, 12, SUBJECT_IPV6))
                return;
            size = (layer_u8(&l, 1) + 2u) * 4;
            break;
        case NEXT_FRAGMENT:
            if (!decoder_need(d, &l, 8, SUBJECT_IPV6))
                return;
            if (layer_u16(&l, 2) & (FRAGMENT_OFFSET | FRAGMENT_MORE)) { /* else atomic, RFC 6946 */
                decode_fragment6(d, &l);
                return;
            }
            size = 8;
            break;
        case NEXT_NONE:
        case NEXT_MOBILITY:
        case NEXT_HIP: /* nothing follows these two in practice, and Wireshark does not look */
            return;
        default:
            decode_ip_protocol(d, next, l);
            return;
        }
        if (!decoder_need(d, &l, size, SUBJECT_IPV6))
            return;
        next = layer_u8(&l, 0);
        l = layer_after(l, size);
    }
}
