/* Endace's extensible record format (ERF types, EDM11-01).
 *
 *     | time stamp 8 | type 1 | flags 1 | record length 2 | loss or colour 2 | wire length 2 |
 *     | extension headers 8 each, while the bit 7 of the type, then of the extension's first byte, is set |
 *     | Ethernet: offset 1, pad 1 | multi-channel: 4 | payload ...
 */
#include "engine/decode/protocols.h"

enum {
    HEADER = 16,
    EXTENSION = 8,
    EXTENSION_FOLLOWS = 0x80,

    TYPE_HDLC_POS = 1,
    TYPE_ETHERNET = 2,
    TYPE_ATM = 3,
    TYPE_AAL5 = 4,
    TYPE_MC_HDLC = 5,
    TYPE_MC_AAL5 = 9,
    TYPE_COLOR_HDLC_POS = 10,
    TYPE_COLOR_ETHERNET = 11,
    TYPE_DSM_COLOR_HDLC_POS = 15,
    TYPE_DSM_COLOR_ETHERNET = 16,
    TYPE_COLOR_MC_HDLC_POS = 17,
    TYPE_COLOR_HASH_POS = 19,
    TYPE_COLOR_HASH_ETHERNET = 20,
    TYPE_IPV4 = 22,
    TYPE_IPV6 = 23,
};

/* A line whose protocol is not told: Cisco HDLC or PPP. */
static void decode_hdlc(struct decoder *d, struct layer l)
{
    unsigned head = layer_u16(&l, 0);
    if (head == 0x0f00 || head == 0x8f00)
        decode_chdlc(d, l);
    else
        decode_ppp(d, l);
}

void decode_erf(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, HEADER, SUBJECT_ERF) || !decoder_enter(d))
        return;
    unsigned type = layer_u8(&l, 8) & 0x7f;
    bool extended = layer_u8(&l, 8) & EXTENSION_FOLLOWS;
    uint32_t wire = layer_u16(&l, 14);
    l = layer_after(l, HEADER);
    while (extended) {
        if (!decoder_need(d, &l, EXTENSION, SUBJECT_ERF))
            return;
        extended = layer_u8(&l, 0) & EXTENSION_FOLLOWS;
        l = layer_after(l, EXTENSION);
    }
    /* The wire length is that of the frame alone, also where the frame was cut. Two bytes before an Ethernet
     * frame are not counted in it. */
    const bool ethernet = type == TYPE_ETHERNET || type == TYPE_COLOR_ETHERNET ||
                          type == TYPE_DSM_COLOR_ETHERNET || type == TYPE_COLOR_HASH_ETHERNET;
    if (ethernet)
        l = layer_after(l, 2);
    l.length = wire;
    l.captured = MIN(l.captured, wire);
    switch (type) {
    case TYPE_ETHERNET:
    case TYPE_COLOR_ETHERNET:
    case TYPE_DSM_COLOR_ETHERNET:
    case TYPE_COLOR_HASH_ETHERNET:
        decode_ethernet(d, l);
        return;
    case TYPE_HDLC_POS:
    case TYPE_COLOR_HDLC_POS:
    case TYPE_DSM_COLOR_HDLC_POS:
    case TYPE_COLOR_HASH_POS:
        decode_hdlc(d, l);
        return;
    case TYPE_MC_HDLC:
    case TYPE_COLOR_MC_HDLC_POS:
        decode_hdlc(d, layer_after(l, 4));
        return;
    case TYPE_AAL5:
        decode_llc(d, layer_after(l, 4));
        return;
    case TYPE_MC_AAL5:
        decode_llc(d, layer_after(l, 8));
        return;
    case TYPE_IPV4:
        decode_ipv4(d, l);
        return;
    case TYPE_IPV6:
        decode_ipv6(d, l);
        return;
    default: /* cells, InfiniBand and the like */
        decode_unexpected(d, SUBJECT_ERF, type, l);
        return;
    }
}
