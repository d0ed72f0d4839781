/* IPv4, RFC 791, 3.1.
 *
 *    |Version|  IHL  |Type of Service|          Total Length         |
 *    |         Identification        |Flags|      Fragment Offset    |
 *    |  Time to Live |    Protocol   |         Header Checksum       |
 *    |                       Source Address                          |
 *    |                    Destination Address                        |
 */
#include "engine/decode/protocols.h"

enum {
    MORE_FRAGMENTS = 0x2000,
    FRAGMENT_OFFSET = 0x1fff,

    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_LOOSE_ROUTE = 131,
    OPTION_STRICT_ROUTE = 137,
};

/* The least length of options that have a fixed part; one that is shorter is malformed, and ends Wireshark's
 * look at the frame. */
static unsigned option_length(unsigned type)
{
    switch (type) {
    case 7:   /* record route, RFC 791 */
    case 130: /* security, RFC 1108 */
    case 131: /* loose source route */
    case 133: /* extended security */
    case 137: /* strict source route */
        return 3;
    case 11:  /* MTU probe, RFC 1063 */
    case 12:  /* MTU reply */
    case 68:  /* time stamp */
    case 136: /* stream id */
    case 148: /* router alert, RFC 2113 */
        return 4;
    case 134: /* CIPSO */
        return 6;
    case 25: /* quick start, RFC 4782 */
        return 8;
    case 82: /* traceroute, RFC 1393 */
        return 12;
    default:
        return 2;
    }
}

/* Options. Where a source route is not used up, its last address is the destination. */
static __attribute__((noinline)) bool decode_options(struct decoder *d, const struct layer *l,
                                                     uint32_t header)
{
    bool routed = false;
    for (uint32_t at = 20; at < header && at < l->captured;) {
        unsigned type = layer_u8(l, at), length = layer_u8(l, at + 1);
        if (type == OPTION_END)
            break;
        if (type == OPTION_NOP) {
            at++;
            continue;
        }
        if (length < 2 || at + length > header)
            break;
        if (length < option_length(type)) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
            return false;
        }
        if ((type == OPTION_LOOSE_ROUTE || type == OPTION_STRICT_ROUTE) && !routed && length >= 7) {
            unsigned next = layer_u8(l, at + 2);
            const uint8_t *last = layer_bytes(l, at + length - 4, 4);
            routed = true;
            if (next >= 4 && next % 4 == 0 && next < length && last)
                d->ip.destination = last;
        }
        at += length;
    }
    return true;
}

/* Many networks use these addresses. */
static bool is_private(uint32_t address)
{
    return address >> 24 == 10 || address >> 20 == 0xac1 || address >> 16 == 0xc0a8 ||
           address >> 16 == 0xa9fe; /* RFC 1918, RFC 3927 */
}

/* A fragment that is not all there cannot be put together: the first one shows its header, at least.
 *
 * Wireshark makes one number of identification, protocol and, between private addresses, the outermost 802.1Q
 * tag, by exclusive or; so datagrams of different protocols can fall together, and do so here. */
static __attribute__((noinline)) void decode_fragment4(struct decoder *d, const struct layer *ip,
                                                       uint32_t header, uint32_t total)
{
    unsigned fragment = layer_u16(ip, 6);
    struct layer l = layer_after(*ip, header);
    uint32_t length = total ? total - header : l.length;
    if (length && l.captured >= length) {
        struct fragment f = {.key.id = (uint32_t)layer_u16(ip, 4) ^ layer_u8(ip, 9),
                             .offset = (fragment & FRAGMENT_OFFSET) * 8u,
                             .next = layer_u8(ip, 9),
                             .more = fragment & MORE_FRAGMENTS};
        if (is_private(layer_u32(ip, 12)) || is_private(layer_u32(ip, 16)))
            f.key.id ^= d->vlan;
        decode_fragment(d, &f, l);
    } else if (!(fragment & FRAGMENT_OFFSET)) {
        bool unfinished = d->unfinished;
        d->unfinished = true;
        decode_ip_protocol(d, layer_u8(ip, 9), l);
        d->unfinished = unfinished;
        return;
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 4);
}

ALWAYS_INLINE void decode_ipv4_as(struct decoder *d, const unsigned *protocol_known, struct layer l)
{
    if (!decoder_need(d, &l, 20, SUBJECT_IPV4) || !decoder_enter(d))
        return;
    unsigned version = layer_u8(&l, 0) >> 4, header = (layer_u8(&l, 0) & 15) * 4u;
    uint32_t total = layer_u16(&l, 2);
    unsigned fragment = layer_u16(&l, 6), protocol = layer_u8(&l, 9);

    if (unlikely(version != 4)) {
        if (version == 6)
            decode_ipv6(d, l);
        else
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
        return;
    }
    /* Total length 0 is what segmentation offload leaves: the frame tells. */
    if (unlikely(header < 20 || (total < header && total != 0))) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
        return;
    }
    if (total)
        l = layer_first(l, total);
    d->ip = (struct ip_addresses){FAMILY_IPV4, l.at + 12, l.at + 16, layer_u16(&l, 4)};
    if (unlikely(header > 20) && !decode_options(d, &l, header))
        return;
    if (unlikely(fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET))) {
        decode_fragment4(d, &l, header, total);
        return;
    }
    decode_ip_protocol(d, protocol_known ? *protocol_known : protocol, layer_after(l, header));
}

void decode_ipv4(struct decoder *d, struct layer l)
{
    decode_ipv4_as(d, NULL, l);
}

void decode_ipv4_of(struct decoder *d, unsigned protocol, struct layer l)
{
    decode_ipv4_as(d, &protocol, l);
}
