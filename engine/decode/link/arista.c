/* Arista's header with a time stamp (ether type 0xd28b), which switches put into mirrored frames.
 *
 *     | subtype 2 | version 2 | time stamp 8, or 6 where the version is 0x20 or 0x21 | type 2 | ...
 *
 *     | 9 | 0x11 | ... 16 | Ethernet
 *
 * Which subtypes and versions are followed, and by which generation, was found by trying all on tshark. What
 * follows is a type; a number that would be a length of LLC is none.
 */
#include "engine/decode/protocols.h"

enum {
    SUBTYPE_TIMESTAMP = 1,
    SUBTYPE_TIMESTAMP_3 = 3,
    ETHERNET_FOLLOWS = 0x00090011, /* subtype and version */
    LENGTH_MAX = 1500,
};

/* The length of the time stamp, or 0. */
static uint32_t stamp_size(enum rules rules, unsigned subtype, unsigned version)
{
    bool newer = rules != RULES_4_0;
    switch (version) {
    case 0x10:
        return subtype == SUBTYPE_TIMESTAMP ? 8 : 0;
    case 0x11:
        return subtype == SUBTYPE_TIMESTAMP && newer ? 8 : 0;
    case 0x20:
        return subtype == SUBTYPE_TIMESTAMP || (subtype == SUBTYPE_TIMESTAMP_3 && newer) ? 6 : 0;
    case 0x21:
        return subtype == SUBTYPE_TIMESTAMP && newer ? 6 : 0;
    default:
        return 0;
    }
}

void decode_arista(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_TAG) || !decoder_enter(d))
        return;
    if (layer_u32(&l, 0) == ETHERNET_FOLLOWS && d->rules != RULES_4_0) {
        decode_ethernet(d, layer_after(l, 20));
        return;
    }
    uint32_t size = stamp_size(d->rules, layer_u16(&l, 0), layer_u16(&l, 2));
    if (!size) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, 0xd28b);
        return;
    }
    size += 4;
    if (!decoder_need(d, &l, size + 2, SUBJECT_TAG))
        return;
    unsigned type = layer_u16(&l, size);
    if (type > LENGTH_MAX)
        decode_ether_type(d, type, layer_after(l, size + 2));
}
