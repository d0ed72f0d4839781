/* ATM as SunATM captures it: | direction 1 bit, 3, traffic 4 bits | VPI 1 | VCI 2 | AAL5 payload ...
 * Traffic 1 is LAN emulation: | client id 2 | Ethernet; 2 is LLC (RFC 2684). 5 and 6 are signalling. Where it
 * is not told, the payload is guessed from its first bytes: SNAP, PPP, bridged Ethernet behind two zeros, or
 * IP. */
#include "engine/decode/protocols.h"

enum {
    TRAFFIC_LANE = 1,
    TRAFFIC_LLC = 2,
    TRAFFIC_GUESSED = 3,
    TRAFFIC_FRAME_RELAY = 4,
    TRAFFIC_ILMI = 5,
    TRAFFIC_SIGNALLING = 6,

    VCI_SIGNALLING = 5,
    LANE_CONTROL = 0xff00,

    SNAP = 0xaaaa03,
    PPP_IPV4 = 0x0021,
};

static void decode_aal5(struct decoder *d, struct layer l)
{
    unsigned head = layer_u16(&l, 0);
    if (layer_u32(&l, 0) >> 8 == SNAP)
        decode_llc(d, l);
    else if (head == PPP_IPV4)
        decode_ppp_protocol(d, l);
    else if (head == 0)
        decode_ethernet(d, layer_after(l, 2));
    else
        decode_ip_any(d, l);
}

void decode_sunatm(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_ATM) || !decoder_enter(d))
        return;
    unsigned traffic = layer_u8(&l, 0) & 0x0f;
    bool signalling = layer_u8(&l, 1) == 0 && layer_u16(&l, 2) == VCI_SIGNALLING;
    l = layer_after(l, 4);
    switch (traffic) {
    case TRAFFIC_LANE:
        if (layer_u16(&l, 0) != LANE_CONTROL)
            decode_ethernet(d, layer_after(l, 2));
        return;
    case TRAFFIC_LLC:
        decode_llc(d, l);
        return;
    case TRAFFIC_ILMI:
    case TRAFFIC_SIGNALLING:
        return;
    case TRAFFIC_GUESSED:
    case TRAFFIC_FRAME_RELAY:
        decode_aal5(d, l);
        return;
    default:
        if (!signalling)
            decode_aal5(d, l);
        return;
    }
}
