/* DOCSIS MAC frames (CM-SP-MULPI, 6.2).
 *
 *     | frame control 1 | MAC parameter 1 | length 2 | extended header ... | check 2 | packet ...
 *
 * Frame control: type 2 bits, parameter 5 bits, 1 bit that says whether there is an extended header. Its length
 * is the MAC parameter.
 *
 * Types 0 and 2 hold Ethernet, with its FCS; parameter 4 (isolation) does not. A header whose check sequence
 * (CRC of ITU-T X.25, low byte first) is wrong is not followed, as Wireshark does not.
 */
#include "engine/decode/protocols.h"

enum {
    HEADER = 4,
    CHECK = 2,
    TYPE_PACKET = 0,
    TYPE_ISOLATED_PACKET = 2,
    PARAMETER_NONE = 4,
    PRIVACY_UP = 3,
    PRIVACY_DOWN = 4,
    FCS = 4,
};

/* Does a baseline privacy element say that the packet is encrypted?
 *
 *     | type 4 bits, length 4 bits | key and version 1 | encrypted 1 bit, ...
 */
static bool is_encrypted(struct layer elements)
{
    while (elements.captured) {
        unsigned type = layer_u8(&elements, 0) >> 4, size = layer_u8(&elements, 0) & 15;
        if ((type == PRIVACY_UP || type == PRIVACY_DOWN) && layer_u8(&elements, 2) & 0x80)
            return true;
        elements = layer_after(elements, 1 + size);
    }
    return false;
}

static unsigned header_check(const uint8_t *p, uint32_t n)
{
    unsigned crc = 0xffff;
    for (uint32_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
    }
    return crc ^ 0xffff;
}

void decode_docsis(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, HEADER, SUBJECT_DOCSIS) || !decoder_enter(d))
        return;
    unsigned control = layer_u8(&l, 0), type = control >> 6, parameter = control >> 1 & 0x1f;
    uint32_t header = HEADER + (control & 1 ? layer_u8(&l, 1) : 0u);
    if ((type != TYPE_PACKET && type != TYPE_ISOLATED_PACKET) || parameter == PARAMETER_NONE)
        return;
    if (!decoder_need(d, &l, header + CHECK, SUBJECT_DOCSIS))
        return;
    if (header_check(l.at, header) != layer_le16(&l, header)) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_DOCSIS, 0);
        return;
    }
    if (is_encrypted(layer_after(layer_first(l, header), HEADER))) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_DOCSIS, 0);
        return;
    }
    l = layer_after(l, header + CHECK);
    decode_ethernet(d, layer_first(l, l.length - MIN(l.length, FCS)));
}
