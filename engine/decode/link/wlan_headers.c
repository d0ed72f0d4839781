/* The older headers before 802.11 frames: Prism, AVS, and PPI, which can hold any link type.
 *
 *     Prism: | message code 4 | message length 4 | ... 136 |         either byte order
 *     AVS:   | 80211001 or 80211002 | header length 4 | ...                  big endian
 *     PPI:   | version 1 | flags 1 | header length 2 | link type 4 |         little endian
 *            then: | field type 2 | field length 2 | ... |
 */
#include "engine/decode/link/wlan.h"

enum {
    AVS_VERSION_1 = 0x80211001,
    AVS_VERSION_2 = 0x80211002,

    PRISM_HEADER = 144,
    PRISM_CODE_1 = 0x41, /* in either byte order */
    PRISM_CODE_2 = 0x44,

    LINK_80211 = 105,
    PPI_80211_COMMON = 2, /* | timer 8 | flags 2 | ... */
    PPI_FLAG_FCS = 1,
};

void decode_avs(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_AVS) || !decoder_enter(d))
        return;
    decode_80211(d, layer_after(l, layer_u32(&l, 4)));
}

static bool is_prism(uint32_t code)
{
    return code == PRISM_CODE_1 || code == PRISM_CODE_2;
}

void decode_prism(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_PRISM))
        return;
    if (layer_u32(&l, 0) == AVS_VERSION_1 || layer_u32(&l, 0) == AVS_VERSION_2) {
        decode_avs(d, l);
        return;
    }
    if (!is_prism(layer_u32(&l, 0)) && !is_prism(layer_le32(&l, 0))) /* there is no header */
        decode_80211(d, l);
    else if (decoder_need(d, &l, PRISM_HEADER, SUBJECT_PRISM) && decoder_enter(d))
        decode_80211(d, layer_after(l, PRISM_HEADER));
}

void decode_ppi(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_PPI) || !decoder_enter(d))
        return;
    uint32_t size = MAX(layer_le16(&l, 2), 8), link = layer_le32(&l, 4);
    struct layer packet = layer_after(l, size), fields = layer_after(layer_first(l, size), 8);
    if (link != LINK_80211) {
        decode_link(d, link, packet);
        return;
    }
    bool fcs = false;
    while (fields.captured >= 4) {
        if (layer_le16(&fields, 0) == PPI_80211_COMMON)
            fcs = layer_le16(&fields, 12) & PPI_FLAG_FCS;
        fields = layer_after(fields, 4u + layer_le16(&fields, 2));
    }
    decode_80211_frame(d, packet, (struct wlan_capture){.has_fcs = fcs});
}
