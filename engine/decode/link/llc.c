/* Logical link control (IEEE 802.2) and SNAP (RFC 1042).
 *
 *     | DSAP 1 | SSAP 1 | control 1 or 2 | ...
 *     | AA | AA | 03 | OUI 3 | protocol 2 | ...
 */
#include "engine/decode/protocols.h"

enum {
    SAP_IP = 0x06,
    SAP_3COM = 0x80, /* | ether type 2 | */
    SAP_SNAP = 0xaa,
    SAP_OSI = 0xfe, /* what follows starts with an NLPID (ISO/IEC TR 9577) */

    OUI_ETHERNET = 0x000000,
    OUI_BRIDGED = 0x0080c2, /* IEEE 802.1 */
    BRIDGED_ETHERNET = 1,
    BRIDGED_TOKEN_RING = 3,
    BRIDGED_FDDI = 4,
    BRIDGED_WITHOUT_FCS = 6, /* is added to it */
    BRIDGED_PAD = 2,         /* aligns the frame (RFC 2684, 5.2); Wireshark takes it for granted everywhere */
    OUI_APPLE = 0x0017f2,
    APPLE_AWDL = 0x0800,          /* wireless direct link: | ... 6 | ether type 2 | */
    OUI_BRIDGE_TUNNEL = 0x0000f8, /* IEEE 802.1H: ether types that must not be translated back */
};

static void decode_bridged(struct decoder *d, unsigned protocol, struct layer l)
{
    switch (protocol > BRIDGED_WITHOUT_FCS ? protocol - BRIDGED_WITHOUT_FCS : protocol) {
    case BRIDGED_ETHERNET:
        decode_ethernet(d, l);
        return;
    case BRIDGED_TOKEN_RING:
        decode_token_ring(d, l);
        return;
    case BRIDGED_FDDI: /* the byte before is of the pad */
        decode_fddi(d, layer_after(l, 1));
        return;
    default:
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_SNAP_OUI, OUI_BRIDGED);
    }
}

void decode_snap(struct decoder *d, uint32_t bridged_pad, struct layer l)
{
    if (!decoder_need(d, &l, 5, SUBJECT_LLC))
        return;
    unsigned oui = layer_u32(&l, 0) >> 8, protocol = layer_u16(&l, 3);
    l = layer_after(l, 5);
    if (oui == OUI_ETHERNET || oui == OUI_BRIDGE_TUNNEL)
        decode_ether_type(d, protocol, l);
    else if (oui == OUI_BRIDGED)
        decode_bridged(d, protocol, layer_after(l, bridged_pad));
    else if (oui == OUI_APPLE && protocol == APPLE_AWDL)
        decode_tag(d, 8, l);
    else
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_SNAP_OUI, oui);
}

void decode_llc(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 3, SUBJECT_LLC) || !decoder_enter(d))
        return;
    unsigned dsap = layer_u8(&l, 0), ssap = layer_u8(&l, 1), control = layer_u8(&l, 2);
    bool unnumbered = (control & 3) == 3;
    bool information = !(control & 1) || control == 0x03; /* I frames, and UI without poll */
    struct layer rest = layer_after(l, unnumbered ? 3 : 4);

    if (dsap == SAP_SNAP && ssap == SAP_SNAP && information) {
        decode_snap(d, BRIDGED_PAD, rest);
        return;
    }
    if (dsap == SAP_IP && information)
        decode_ipv4(d, rest);
    else if (dsap == SAP_3COM && information)
        decode_tag(d, 2, rest);
    else if (dsap == SAP_OSI && information) {
        d->ip.source = NULL; /* as in decode_link() */
        decode_nlpid(d, rest);
    }
}
