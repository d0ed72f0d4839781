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
    OUI_BRIDGED = 0x0080c2, /* IEEE 802.1: 1 and 7 are Ethernet, with and without FCS */
    BRIDGED_PAD = 2,        /* aligns the frame (RFC 2684, 5.2); Wireshark takes it for granted everywhere */
    OUI_APPLE = 0x0017f2,
    APPLE_AWDL = 0x0800,          /* wireless direct link: | ... 6 | ether type 2 | */
    OUI_BRIDGE_TUNNEL = 0x0000f8, /* IEEE 802.1H: ether types that must not be translated back */
};

void decode_llc(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 3, SUBJECT_LLC) || !decoder_enter(d))
        return;
    unsigned dsap = layer_u8(&l, 0), ssap = layer_u8(&l, 1), control = layer_u8(&l, 2);
    bool unnumbered = (control & 3) == 3;
    bool information = !(control & 1) || control == 0x03; /* I frames, and UI without poll */
    struct layer rest = layer_after(l, unnumbered ? 3 : 4);

    if (dsap == SAP_SNAP && ssap == SAP_SNAP && information) {
        if (!decoder_need(d, &rest, 5, SUBJECT_LLC))
            return;
        unsigned oui = layer_u32(&rest, 0) >> 8, protocol = layer_u16(&rest, 3);
        if (oui == OUI_BRIDGED && (protocol == 1 || protocol == 7))
            decode_ethernet(d, layer_after(rest, 5 + BRIDGED_PAD));
        else if (oui == OUI_ETHERNET || oui == OUI_BRIDGE_TUNNEL)
            decode_ether_type(d, protocol, layer_after(rest, 5));
        else if (oui == OUI_APPLE && protocol == APPLE_AWDL)
            decode_tag(d, 8, layer_after(rest, 5));
        else
            decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_SNAP_OUI, oui);
        return;
    }
    if (dsap == SAP_IP && information)
        decode_ipv4(d, rest);
    else if (dsap == SAP_3COM && information)
        decode_tag(d, 2, rest);
    else if (dsap == SAP_OSI && information)
        decode_nlpid(d, rest);
}
