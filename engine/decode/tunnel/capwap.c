/* CAPWAP data channel, RFC 5415, 4.3.
 *
 *    |Version| Type  |  HLEN 5 | RID 5 | WBID 5  |T|F|L|W|M|K|Flags|
 *    |          Fragment ID          |     Frag Offset         |Rsvd |
 *
 * HLEN counts 4 bytes. T says that a frame of the wireless binding follows, else one of IEEE 802.3.
 */
#include "engine/decode/link/wlan.h"

enum {
    CAPWAP_DTLS = 1, /* Wireshark takes all other types for plain */
    CAPWAP_NATIVE = 0x100,
    CAPWAP_FRAGMENT = 0x080,
    CAPWAP_KEEP_ALIVE = 0x008,
    CAPWAP_BINDING = 0x3e00,
    CAPWAP_BINDING_80211 = 0x0200,
};

void decode_capwap(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_CAPWAP) || !decoder_enter(d))
        return;
    uint32_t word = layer_u32(&l, 0);
    uint32_t size = (word >> 19 & 0x1f) * 4;
    if (word & CAPWAP_KEEP_ALIVE)
        return;
    if ((word >> 24 & 15) == CAPWAP_DTLS || word & CAPWAP_FRAGMENT) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_CAPWAP, word >> 24 & 15);
        return;
    }
    if (!decoder_need(d, &l, size, SUBJECT_CAPWAP))
        return;
    l = layer_after(l, size);
    if (!(word & CAPWAP_NATIVE))
        decode_ethernet(d, l);
    else if ((word & CAPWAP_BINDING) ==
             CAPWAP_BINDING_80211) /* Cisco's order of bytes, which Wireshark expects */
        decode_80211_frame(d, l, (struct wlan_capture){.swapped = true});
}
