/* Errors that quote the packet they are about.
 *
 *     ICMP (RFC 792)              | type 1 | code 1 | checksum 2 | unused 1 | length 1 | unused 2 | IPv4
 *     ICMPv6 (RFC 4443)           | type 1 | code 1 | checksum 2 | unused 4 | IPv6
 *     its redirect (RFC 4861, 4.5)
 *                                 | type 1 | code 1 | checksum 2 | unused 4 | target 16 | destination 16 |
 *                                   options ...
 *     option of a redirect        | type 4 | length 1 | unused 6 | IPv6
 *
 * The length of ICMP is in words of 4 bytes (RFC 4884), that of an option in words of 8. As in Wireshark, a length of 1 to 3 words
 * is kept to, so there is no segment. Nor is there in an ICMP redirect (5): Wireshark looks at 8 bytes behind the IP header that
 * it quotes.
 */
#include "engine/decode/protocols.h"

enum {
    ICMP_UNREACHABLE = 3,
    ICMP_SOURCE_QUENCH = 4,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,

    QUOTED_LEAST = 128,  /* a shorter length is none (RFC 4884, 5.4) */
    QUOTED_NOTHING = 16, /* unless it is below this */

    ICMPV6_UNREACHABLE = 1,
    ICMPV6_PACKET_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PARAMETER_PROBLEM = 4,
    ICMPV6_REDIRECT = 137,
    OPTION_REDIRECTED = 4,
};

static void decode_quoted(struct decoder *d, struct layer l, void (*decode)(struct decoder *, struct layer))
{
    uint8_t bits = d->bits;
    d->bits |= SEGMENT_QUOTED;
    decode(d, l);
    d->bits = bits;
}

void decode_icmp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_ICMP) || !decoder_enter(d))
        return;
    uint32_t quoted = layer_u8(&l, 5) * 4u;
    if (!quoted || (quoted >= QUOTED_NOTHING && quoted < QUOTED_LEAST))
        quoted = l.length;
    switch (layer_u8(&l, 0)) {
    case ICMP_UNREACHABLE:
    case ICMP_SOURCE_QUENCH:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM:
        decode_quoted(d, layer_first(layer_after(l, 8), quoted), decode_ipv4);
        return;
    }
}

static void decode_redirect(struct decoder *d, struct layer l)
{
    const struct surroundings around = decoder_surroundings(d);
    for (l = layer_after(l, 40); l.captured >= 8;) {
        uint32_t size = layer_u8(&l, 1) * 8u;
        if (!size)
            return;
        decoder_go_back(d, around);
        if (layer_u8(&l, 0) == OPTION_REDIRECTED)
            decode_quoted(d, layer_after(layer_first(l, size), 8), decode_ipv6);
        l = layer_after(l, size);
    }
}

void decode_icmpv6(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_ICMP) || !decoder_enter(d))
        return;
    switch (layer_u8(&l, 0)) {
    case ICMPV6_UNREACHABLE:
    case ICMPV6_PACKET_TOO_BIG:
    case ICMPV6_TIME_EXCEEDED:
    case ICMPV6_PARAMETER_PROBLEM:
        decode_quoted(d, layer_after(l, 8), decode_ipv6);
        return;
    case ICMPV6_REDIRECT:
        decode_redirect(d, l);
        return;
    }
}
