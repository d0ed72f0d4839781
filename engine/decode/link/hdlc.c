/* Cisco HDLC, and PPP in HDLC-like framing (RFC 1662, 3.1).
 *
 *     Cisco   | address 0F or 8F | control 1  | ether type 2        | ...
 *     PPP     | address FF       | control 03 | PPP protocol 1 or 2 | ...
 *
 * A line that is captured as PPP may speak Cisco HDLC instead: its address byte tells.
 */
#include "engine/decode/protocols.h"

enum {
    CISCO_UNICAST = 0x0f,
    CISCO_MULTICAST = 0x8f,

    CHDLC_OSI = 0xfefe,
};

void decode_chdlc(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_HDLC) || !decoder_enter(d))
        return;
    decode_chdlc_protocol(d, layer_u16(&l, 2), layer_after(l, 4));
}

bool decode_chdlc_protocol(struct decoder *d, unsigned protocol, struct layer l)
{
    switch (protocol) {
    case 0x0800:
    case 0x86dd:
    case 0x8847:
    case 0x8848:
    case 0x6558: /* transparent Ethernet bridging */
        decode_ether_type(d, protocol, l);
        return true;
    case CHDLC_OSI: /* | 03 | NLPID ... */
        decode_nlpid(d, layer_after(l, 1));
        return true;
    default:
        return false;
    }
}

void decode_ppp_hdlc(struct decoder *d, struct layer l)
{
    unsigned address = layer_u8(&l, 0);
    if (address == CISCO_UNICAST || address == CISCO_MULTICAST)
        decode_chdlc(d, l);
    else
        decode_ppp(d, l);
}

/* LINKTYPE_PPP_WITH_DIR: | 0 received, 1 sent | PPP in HDLC-like framing */
void decode_ppp_direction(struct decoder *d, struct layer l)
{
    decode_ppp_hdlc(d, layer_after(l, 1));
}
