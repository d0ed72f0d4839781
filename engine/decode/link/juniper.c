/* Juniper routers' link types.
 *
 *     | 4D 47 43 | flags 1 | extensions: length 2, then type 1, length 1, value | cookie ... | payload ...
 *
 * The cookie's size and meaning depend on the link type (tried out on tshark; the masks are those of
 * tcpdump's print-juniper.c). Flag 80: extensions are there. Flag 02: no link layer; | protocol 1 | 3 | comes
 * before the payload.
 */
#include "engine/decode/protocols.h"

enum {
    MAGIC = 0x4d4743,
    FLAG_NO_LINK_LAYER = 0x02,
    FLAG_IN = 0x01,
    FLAG_EXTENSIONS = 0x80,

    LINK_MLPPP = 130,
    LINK_MLFR = 131,
    LINK_GGSN = 133,
    LINK_ATM2 = 135,
    LINK_SERVICES = 136,
    LINK_ATM1 = 137,
    LINK_PPPOE = 167,
    LINK_ETHERNET = 178,
    LINK_PPP = 179,
    LINK_FRAME_RELAY = 180,
    LINK_CHDLC = 181,
    LINK_VP = 183,

    ATM1_CONTROL = 0x80, /* a cell of operation and maintenance */
    ATM2_CONTROL = 0x70,
    ATM2_BRIDGED = 0x3fe,

    LLC_SNAP = 0xaaaa03,
    LLC_OSI = 0xfefe03,
    CONTROL_UI = 0x03,
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
};

static void decode_juniper_protocol(struct decoder *d, unsigned protocol, struct layer l)
{
    switch (protocol) {
    case 2: /* IP */
    case 3:
        decode_ipv4(d, l);
        return;
    case 4: /* MPLS, and what it carries */
    case 5:
    case 8:
    case 32:
        decode_mpls(d, l);
        return;
    case 6: /* IPv6 */
    case 7:
        decode_ipv6(d, l);
        return;
    case 10: /* OSI, which starts with an NLPID */
    case 33:
    case 201:
        decode_nlpid(d, l);
        return;
    case 200:
        decode_ppp_protocol(d, l);
        return;
    case 202: /* LLC */
    case 203:
        decode_llc(d, l);
        return;
    case 204:
        decode_ethernet(d, l);
        return;
    case 207:
        decode_frame_relay(d, l);
        return;
    case 208:
        decode_chdlc(d, l);
        return;
    }
}

/* False when there is nothing more to do; else *l is what follows the common header. */
static bool skip_header(struct decoder *d, struct layer *l, unsigned *flags)
{
    if (!decoder_need(d, l, 4, SUBJECT_JUNIPER) || !decoder_enter(d))
        return false;
    *flags = layer_u8(l, 3);
    if (layer_u32(l, 0) >> 8 != MAGIC) /* Wireshark goes on as if there were no header */
        return true;
    uint32_t size = *flags & FLAG_EXTENSIONS ? 6u + layer_u16(l, 4) : 4;
    if (!decoder_need(d, l, size, SUBJECT_JUNIPER))
        return false;
    *l = layer_after(*l, size);
    if (*flags & FLAG_NO_LINK_LAYER) { /* Wireshark reads one byte of the protocol */
        decode_juniper_protocol(d, layer_u8(l, 0), layer_after(*l, 4));
        return false;
    }
    return true;
}

/* Is it a PPP protocol number of those that carry something? */
static bool looks_like_ppp(const struct layer *l)
{
    unsigned protocol = layer_u16(l, 0);
    return protocol == PPP_IPV4 || protocol == PPP_IPV6 || protocol == PPP_MPLS;
}

/* What an ATM line may carry. No field tells which, so the bytes are examined. bridged: Ethernet, unless it
 * is LLC. */
static void decode_atm(struct decoder *d, struct layer l, bool bridged)
{
    unsigned head = layer_u32(&l, 0) >> 8;
    if (head == LLC_SNAP || head == LLC_OSI)
        decode_llc(d, l);
    else if (bridged)
        decode_ethernet(d, l);
    else if (layer_u8(&l, 0) == CONTROL_UI)
        decode_nlpid(d, layer_after(l, 1));
    else
        decode_ip_any(d, l);
}

static void decode_atm2(struct decoder *d, struct layer l, bool bridged)
{
    if (!bridged && looks_like_ppp(&l))
        decode_ppp_protocol(d, l);
    else
        decode_atm(d, l, bridged);
}

void decode_juniper(struct decoder *d, unsigned link_type, struct layer l)
{
    unsigned flags;
    if (!skip_header(d, &l, &flags))
        return;
    bool in = flags & FLAG_IN;
    switch (link_type) {
    case LINK_MLPPP:
        if (!looks_like_ppp(&l))
            l = layer_after(l, 2);
        if (looks_like_ppp(&l))
            decode_ppp_protocol(d, l);
        return;
    case LINK_MLFR:
        if (layer_u8(&l, 2) == CONTROL_UI)
            decode_nlpid(d, layer_after(l, 3));
        return;
    case LINK_GGSN:
        decode_juniper_protocol(d, layer_le16(&l, 0), layer_after(l, 4));
        return;
    case LINK_ATM1:
        if (layer_u8(&l, 0) != ATM1_CONTROL)
            decode_atm(d, layer_after(l, 4), false);
        return;
    case LINK_ATM2:
        if (!(layer_u8(&l, 7) & ATM2_CONTROL))
            decode_atm2(d, layer_after(l, 8), !in && layer_u32(&l, 0) & ATM2_BRIDGED);
        return;
    case LINK_SERVICES:
        decode_ip_any(d, layer_after(l, in ? 16 : 12));
        return;
    case LINK_PPPOE:
    case LINK_ETHERNET:
        decode_ethernet(d, l);
        return;
    case LINK_PPP:
        decode_ppp_protocol(d, layer_after(l, 2));
        return;
    case LINK_FRAME_RELAY:
        decode_frame_relay(d, l);
        return;
    case LINK_CHDLC:
        decode_chdlc(d, l);
        return;
    case LINK_VP:
        decode_ip_any(d, layer_after(l, 18));
        return;
    }
}
