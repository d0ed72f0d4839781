/* Ethernet behind what hardware puts before it.
 *
 *     mpacket   | preamble 55, repeated | delimiter 1 | Ethernet | CRC 4 |                 IEEE 802.3, 99.3
 *     EPON      | 55 0 to 2 | D5 | 55 55 or security 2 | link id 2 | CRC 1 | Ethernet      IEEE 802.3, 65.1.3
 *     EBHSCR    | major number 50 1 | 31 bytes | Ethernet
 */
#include "engine/decode/protocols.h"

enum {
    PREAMBLE = 0x55,
    DELIMITER = 0xd5,
    CRC = 4,

    EPON_START = 0xd555,
    EPON_ENCRYPTED = 0x02, /* of the security byte */
    EPON_BYTES = 6,        /* from the delimiter on */

    EBHSCR_HEADER = 32,
    EBHSCR_ETHERNET = 0x50,
};

/* The frame check sequence of IEEE 802.3, four bits at a time: mpackets are rare. */
static uint32_t frame_check(const uint8_t *p, uint32_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < n; i++) {
        crc ^= p[i];
        crc = table[crc & 15] ^ crc >> 4;
        crc = table[crc & 15] ^ crc >> 4;
    }
    return ~crc;
}

static bool is_delimiter(unsigned byte)
{
    switch (byte) {
    case DELIMITER: /* an express frame */
    case 0xe6:      /* starts of preemptable frames */
    case 0x4c:
    case 0x7f:
    case 0xb3:
        return true;
    default:
        return false;
    }
}

/* Only the check sequence tells a whole frame from a first fragment, so a truncated frame is not decoded. */
void decode_mpacket(struct decoder *d, struct layer l)
{
    if (!decoder_enter(d))
        return;
    uint32_t at = 0;
    while (at < l.captured && layer_u8(&l, at) == PREAMBLE)
        at++;
    if (!is_delimiter(layer_u8(&l, at))) {
        if (at == 0) /* captured without preamble */
            decode_ethernet(d, l);
        return;
    }
    l = layer_after(l, at + 1);
    if (!decoder_need(d, &l, MAX(l.length, CRC), SUBJECT_ETHERNET))
        return;
    uint32_t size = l.length - CRC;
    if (frame_check(l.at, size) == layer_le32(&l, size))
        decode_ethernet(d, layer_first(l, size));
    else
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 3);
}

void decode_epon(struct decoder *d, struct layer l)
{
    for (uint32_t at = 0; at <= 2; at++)
        if (layer_u16(&l, at) == EPON_START) {
            if (layer_u8(&l, at + 2) & EPON_ENCRYPTED)
                decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_ETHERNET, 0);
            else
                decode_ethernet(d, layer_after(l, at + EPON_BYTES));
            return;
        } else if (layer_u8(&l, at) != PREAMBLE) {
            return;
        }
}

void decode_ebhscr(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, EBHSCR_HEADER, SUBJECT_ETHERNET) && layer_u8(&l, 0) == EBHSCR_ETHERNET)
        decode_ethernet(d, layer_after(l, EBHSCR_HEADER));
}
