/* LWAPP, Cisco's, between access points and their controllers: RFC 5412, 4.
 *
 *     |Ver|RID|C|F|L| 1 | fragment id 1 | length 2 | signal and noise 2 | an IEEE 802.11 frame
 *
 * With C it is a control message. Frames in several fragments are taken for whole ones, as Wireshark takes
 * them. The MAC address of the access point stands before the header of those to UDP port 12223.
 */
#include "engine/decode/protocols.h"

enum { LWAPP_HEADER = 6, LWAPP_CONTROL = 0x04 };

void decode_lwapp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, LWAPP_HEADER, SUBJECT_LWAPP) || !decoder_enter(d))
        return;
    if (!(layer_u8(&l, 0) & LWAPP_CONTROL))
        decode_80211(d, layer_after(l, LWAPP_HEADER));
}
