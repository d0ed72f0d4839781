/* GRE: RFC 2784, 2; key and sequence number, RFC 2890, 2; routing, RFC 1701; acknowledgment number, RFC 2637,
 * 4.1.
 *
 *    |C|R|K|S|s|Recur|A| Flags | Ver |         Protocol Type         |
 *    |      Checksum, if C or R      |       Offset, if C or R       |
 *    |                           Key, if K                           |
 *    |                    Sequence Number, if S                      |
 *    |                Acknowledgment Number, if A                    |
 *    | routing, if R: entries of | family 2 | offset 1 | length 1 | address |, to one of all zeros
 */
#include "engine/decode/protocols.h"

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGMENT = 0x0080,
    GRE_VERSION = 0x0007,

    GRE_IPV4 = 0x0800,
    GRE_ERSPAN_III = 0x22eb,
    GRE_EOIP = 0x6400, /* MikroTik's Ethernet over IP */
    GRE_BRIDGING = 0x6558,
    GRE_FRAME_RELAY = 0x6559,
    GRE_ARUBA_FIRST = 0x8200, /* Aruba: IEEE 802.11, by priority in steps of 16 */
    GRE_ARUBA_LAST = 0x8370,
    GRE_ARUBA_MORE_FIRST = 0x9100,
    GRE_ARUBA_MORE_LAST = 0x91f0,
    GRE_IPV6 = 0x86dd,
    GRE_PPP = 0x880b,
    GRE_WCCP = 0x883e,
    GRE_MPLS = 0x8847,
    GRE_MPLS_MULTICAST = 0x8848,
    GRE_A10 = 0x8881, /* 3GPP2 X.S0011: PPP as a stream of bytes */
    GRE_ERSPAN = 0x88be,
    GRE_A10_PACKET = 0x88d2, /* with attributes before it */
    GRE_NSH = 0x894f,
    GRE_ARISTA = 0xd28b,
};

/* Attributes, then PPP: | last 1 bit, type 7 bits | length 1 | value | */
static void decode_a10_packet(struct decoder *d, struct layer l)
{
    for (bool last = false; !last;) {
        if (!decoder_need(d, &l, 2, SUBJECT_GRE))
            return;
        last = layer_u8(&l, 0) & 0x80;
        l = layer_after(l, 2u + layer_u8(&l, 1));
    }
    decode_ppp_framed(d, l);
}

void decode_gre_type(struct decoder *d, unsigned flags, unsigned type, struct layer l)
{
    switch (type) {
    case GRE_IPV4:
        decode_ipv4(d, l);
        return;
    case GRE_IPV6:
        decode_ipv6(d, l);
        return;
    case GRE_EOIP:
    case GRE_BRIDGING:
        decode_ethernet(d, l);
        return;
    case GRE_FRAME_RELAY:
        decode_frame_relay(d, l);
        return;
    case GRE_PPP:
        decode_ppp(d, l);
        return;
    case GRE_WCCP:
        /* Version 2 puts a word before the packet, and nothing says so but that it does not look like IPv4.
         */
        decode_ipv4(d, layer_u8(&l, 0) >> 4 == 4 ? l : layer_after(l, 4));
        return;
    case GRE_MPLS:
    case GRE_MPLS_MULTICAST:
        decode_mpls(d, l);
        return;
    case GRE_ERSPAN:
        if (flags & GRE_SEQUENCE)
            decode_erspan(d, l);
        else
            decode_ethernet(d, l);
        return;
    case GRE_ERSPAN_III:
        decode_erspan(d, l);
        return;
    case GRE_NSH:
        decode_nsh(d, l);
        return;
    case GRE_ARISTA:
        if (d->rules == RULES_4_0) /* unknown to it */
            decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_GRE_PROTOCOL, type);
        else
            decode_arista(d, l);
        return;
    case GRE_A10:
        decode_ppp_framed(d, l);
        return;
    case GRE_A10_PACKET:
        decode_a10_packet(d, l);
        return;
    }
    bool aruba = (type >= GRE_ARUBA_FIRST && type <= GRE_ARUBA_LAST) ||
                 (d->rules != RULES_4_0 && type >= GRE_ARUBA_MORE_FIRST && type <= GRE_ARUBA_MORE_LAST);
    if (aruba && type % 16 == 0)
        decode_80211(d, l);
    else if (type >= 0x0600)
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_GRE_PROTOCOL, type);
}

void decode_gre(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_GRE) || !decoder_enter(d))
        return;
    unsigned flags = layer_u16(&l, 0), type = layer_u16(&l, 2);
    uint32_t size = 4;
    if (flags & (GRE_CHECKSUM | GRE_ROUTING))
        size += 4;
    if (flags & GRE_KEY)
        size += 4;
    if (flags & GRE_SEQUENCE)
        size += 4;
    if (type == GRE_PPP && (flags & GRE_VERSION) == 1 && flags & GRE_ACKNOWLEDGMENT)
        size += 4;
    if (!decoder_need(d, &l, size, SUBJECT_GRE))
        return;
    l = layer_after(l, size);
    if (flags & GRE_ROUTING) {
        for (bool last = false; !last;) {
            if (!decoder_need(d, &l, 4, SUBJECT_GRE))
                return;
            last = layer_u16(&l, 0) == 0 && layer_u8(&l, 3) == 0;
            l = layer_after(l, 4u + layer_u8(&l, 3));
        }
    }
    decode_gre_type(d, flags, type, l);
}
