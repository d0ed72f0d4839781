/* Radiotap (https://www.radiotap.org).
 *
 *     | version 1 | pad 1 | length 2 | present 4, again while its bit 31 is set | fields ... | 802.11 ...
 *
 * Everything is little endian, and a field lies at a multiple of its alignment from the header's start. The
 * flags field tells whether the frame ends in a check sequence and whether its header is padded.
 */
#include "engine/decode/link/wlan.h"

enum {
    FIELD_FLAGS = 1,
    FIELD_NO_PSDU = 26, /* nothing of the frame follows */
    FIELD_TLV = 28,
    FIELD_RADIOTAP_SPACE = 29,
    FIELD_VENDOR_SPACE = 30,
    FIELD_MORE = 31,

    FLAG_FCS = 0x10,
    FLAG_PADDED = 0x20,
};

static const struct {
    uint8_t align, size;
} fields[] = {
    [0] = {8, 8},   [1] = {1, 1},  [2] = {1, 1},  [3] = {2, 4},   [4] = {2, 2},   [5] = {1, 1},
    [6] = {1, 1},   [7] = {2, 2},  [8] = {2, 2},  [9] = {2, 2},   [10] = {1, 1},  [11] = {1, 1},
    [12] = {1, 1},  [13] = {1, 1}, [14] = {2, 2}, [15] = {2, 2},  [16] = {1, 1},  [17] = {1, 1},
    [18] = {4, 8},  [19] = {1, 3}, [20] = {4, 8}, [21] = {2, 12}, [22] = {8, 12}, [23] = {2, 12},
    [24] = {2, 12}, [25] = {2, 6}, [26] = {1, 1}, [27] = {2, 4},
};

/* Reads the fields of one present word from *at on; false when one is not known, and nothing behind it
 * either. */
static bool read_fields(const struct layer *l, uint32_t present, uint32_t *at, uint8_t *flags, bool *no_psdu)
{
    for (unsigned bit = 0; bit < FIELD_RADIOTAP_SPACE; bit++) {
        if (!(present & 1u << bit))
            continue;
        if (bit >= FIELD_TLV)
            return false;
        uint32_t align = fields[bit].align;
        *at = (*at + align - 1) & ~(align - 1);
        if (*at + fields[bit].size > l->length)
            return false;
        if (bit == FIELD_FLAGS)
            *flags = layer_u8(l, *at);
        *no_psdu |= bit == FIELD_NO_PSDU;
        *at += fields[bit].size;
    }
    return true;
}

void decode_radiotap(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_RADIOTAP) || !decoder_enter(d))
        return;
    uint32_t size = layer_le16(&l, 2);
    if (size < 8) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_RADIOTAP, 0);
        return;
    }
    struct layer header = layer_first(l, size);
    uint32_t words = 1;
    while (layer_le32(&header, words * 4) >> FIELD_MORE && (words + 1) * 4 < size)
        words++;
    uint32_t at = 4 + words * 4;
    uint8_t flags = 0;
    bool no_psdu = false, vendor = false;
    for (uint32_t i = 1; i <= words; i++) {
        uint32_t present = layer_le32(&header, i * 4);
        if (!vendor && !read_fields(&header, present, &at, &flags, &no_psdu))
            break;
        if (present & 1u << FIELD_RADIOTAP_SPACE)
            vendor = false;
        if (present & 1u << FIELD_VENDOR_SPACE) { /* | OUI 3 | sub name space 1 | length 2 | ... */
            at = (at + 1) & ~1u;
            at += 6u + layer_le16(&header, at + 4);
            vendor = true;
        }
    }
    if (no_psdu)
        return;
    decode_80211_frame(
        d, layer_after(l, size),
        (struct wlan_capture){.has_fcs = (flags & FLAG_FCS) != 0, .padded = (flags & FLAG_PADDED) != 0});
}
