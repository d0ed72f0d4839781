/* PPP: the protocol field (RFC 1661, 2; RFC 1662, 3 for address and control), multilink (RFC 1990, 3) and
 * bridging (RFC 3518, 4.2).
 *
 *     | FF 03, or nothing | protocol 1 or 2 | ...
 *     |B|E|0 0 0 0 0 0| sequence number 3 | ...                    after 0x003d
 *     |F|I|Z|B| pads  | MAC type | LAN id 4, if I | ... | FCS 4, if F      after 0x0031
 *
 * A protocol number is even in its first byte and odd in its second; so a first byte that is odd is the whole
 * number, compressed (RFC 1661, 6.5).
 */
#include "../decode.h"

enum {
    PPP_ADDRESS = 0xff, /* all stations; a control byte follows it */

    PPP_IPV4 = 0x0021,
    PPP_VJ_COMPRESSED = 0x002d, /* RFC 1144; needs the state of the line */
    PPP_VJ_UNCOMPRESSED = 0x002f,
    PPP_BRIDGING = 0x0031,
    PPP_MULTILINK = 0x003d,
    PPP_ENCRYPTED = 0x0053,
    PPP_IPV6 = 0x0057,
    PPP_MUX = 0x0059,
    PPP_COMPRESSED_LINK = 0x00fb,
    PPP_COMPRESSED = 0x00fd,
    PPP_MPLS_UNICAST = 0x0281,
    PPP_MPLS_MULTICAST = 0x0283,

    MULTILINK_WHOLE = 0xc0, /* begins and ends in this fragment */

    BRIDGE_FCS = 0x80,
    BRIDGE_LAN_ID = 0x40,
    BRIDGE_CONTROL = 0x10,
    MAC_ETHERNET = 1,
};

static void decode_bridged(struct decoder *d, struct layer l)
{
    unsigned flags = layer_u8(&l, 0), mac = layer_u8(&l, 1);
    if (flags & BRIDGE_CONTROL)
        return;
    uint32_t header = flags & BRIDGE_LAN_ID ? 6 : 2;
    if (!decoder_need(d, &l, header, SUBJECT_PPP))
        return;
    l = layer_after(l, header);
    if (flags & BRIDGE_FCS)
        l = layer_first(l, l.length - MIN(l.length, 4));
    if (mac == MAC_ETHERNET)
        decode_ethernet(d, l);
    else
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_PPP_PROTOCOL, PPP_BRIDGING);
}

void decode_ppp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 1, SUBJECT_PPP) || !decoder_enter(d))
        return;
    if (layer_u8(&l, 0) == PPP_ADDRESS)
        l = layer_after(l, 2);
    uint32_t size = layer_u8(&l, 0) & 1 ? 1 : 2;
    if (!decoder_need(d, &l, size, SUBJECT_PPP))
        return;
    unsigned protocol = size == 1 ? layer_u8(&l, 0) : layer_u16(&l, 0);
    l = layer_after(l, size);

    switch (protocol) {
    case PPP_IPV4:
        decode_ipv4(d, l);
        return;
    case PPP_IPV6:
        decode_ipv6(d, l);
        return;
    case PPP_MPLS_UNICAST:
    case PPP_MPLS_MULTICAST:
        decode_mpls(d, l);
        return;
    case PPP_BRIDGING:
        decode_bridged(d, l);
        return;
    case PPP_MULTILINK:
        if (decoder_need(d, &l, 4, SUBJECT_PPP) && (layer_u8(&l, 0) & MULTILINK_WHOLE) == MULTILINK_WHOLE)
            decode_ppp(d, layer_after(l, 4));
        else
            decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_PPP_PROTOCOL, protocol);
        return;
    case PPP_VJ_COMPRESSED:
    case PPP_VJ_UNCOMPRESSED:
    case PPP_ENCRYPTED:
    case PPP_MUX:
    case PPP_COMPRESSED_LINK:
    case PPP_COMPRESSED:
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_PPP_PROTOCOL, protocol);
        return;
    }
}
