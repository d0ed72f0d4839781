/* TZSP, TaZmen sniffer protocol (its description by the authors of Kismet's and Airopeek's remote probes).
 *
 *     | version 1 | type 1 | encapsulated protocol 2 | tags ... | frame
 *     tag: | 00, padding | or | 01, the last | or | number 1 | length 1 | value |
 */
#include "engine/decode/protocols.h"

enum {
    TZSP_KEEP_ALIVE = 4,
    TZSP_PORT_OPENER = 5,
    TZSP_ETHERNET = 1,
    TZSP_TOKEN_RING = 2,
    TZSP_PPP = 4,
    TZSP_FDDI = 5,
    TZSP_RAW = 7,
    TZSP_80211 = 18,
    TZSP_PRISM = 119,
    TZSP_RADIOTAP = 126,
    TZSP_AVS = 127,
    TAG_PADDING = 0,
    TAG_END = 1,
};

static void decode_encapsulated(struct decoder *d, unsigned protocol, struct layer l)
{
    switch (protocol) {
    case TZSP_ETHERNET:
        decode_ethernet(d, l);
        return;
    case TZSP_TOKEN_RING:
        decode_token_ring(d, l);
        return;
    case TZSP_PPP:
        decode_ppp_hdlc(d, l);
        return;
    case TZSP_FDDI:
        decode_fddi(d, l);
        return;
    case TZSP_RAW:
        decode_raw(d, l);
        return;
    case TZSP_80211:
        decode_80211(d, l);
        return;
    case TZSP_PRISM:
        decode_prism(d, l);
        return;
    case TZSP_RADIOTAP:
        decode_radiotap(d, l);
        return;
    case TZSP_AVS:
        decode_avs(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_TZSP, protocol);
}

void decode_tzsp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_TZSP) || !decoder_enter(d))
        return;
    unsigned type = layer_u8(&l, 1), protocol = layer_u16(&l, 2);
    if (type == TZSP_KEEP_ALIVE || type == TZSP_PORT_OPENER)
        return;
    l = layer_after(l, 4);
    for (;;) {
        if (!decoder_need(d, &l, 1, SUBJECT_TZSP))
            return;
        unsigned tag = layer_u8(&l, 0);
        l = layer_after(l, tag == TAG_PADDING || tag == TAG_END ? 1 : 2u + layer_u8(&l, 1));
        if (tag == TAG_END)
            break;
    }
    decode_encapsulated(d, protocol, l);
}
