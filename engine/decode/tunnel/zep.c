/* ZEP: IEEE 802.15.4 frames in UDP, as sniffers send them.
 *
 *     | EX | 1 | channel 1 | device 2 | FCS mode 1 | quality 1 | reserved 7 | length 1 | ...             version 1
 *     | EX | 2 | 1 | channel 1 | device 2 | FCS mode 1 | quality 1 | time 8 | sequence 4 | reserved 10 | length 1 | ...
 *
 * Type 2 of version 2 is an acknowledgement. What FCS mode 0 puts in place of the check sequence says whether it was right.
 */
#include "engine/decode/protocols.h"

enum { MARK = 0x4558, TYPE_DATA = 1, MODE_RADIO = 0, HEADER_1 = 16, HEADER_2 = 32, SUM_IS_RIGHT = 0x80 };

bool decode_zep(struct decoder *d, struct layer l)
{
    if (layer_u16(&l, 0) != MARK)
        return false;
    unsigned version = layer_u8(&l, 2);
    if (version == 2 && layer_u8(&l, 3) != TYPE_DATA)
        return true;
    uint32_t size = version == 1 ? HEADER_1 : HEADER_2;
    if (!decoder_need(d, &l, size, SUBJECT_WPAN) || !decoder_enter(d))
        return true;
    if (l.length - size > layer_u8(&l, size - 1)) /* it ends with the datagram, as Wireshark wants it */
        return false;
    unsigned mode = layer_u8(&l, version == 1 ? 6 : 7);
    l = layer_first(layer_after(l, size), layer_u8(&l, size - 1));
    if (mode != MODE_RADIO)
        decode_wpan(d, l);
    else if (l.length >= 2 && layer_u8(&l, l.length - 1) & SUM_IS_RIGHT)
        decode_wpan_no_fcs(d, layer_without_last(l, 2));
    return true;
}
