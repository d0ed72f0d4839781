/* FDDI (ISO 9314-2): | frame control 1 | destination 6 | source 6 | LLC ...
 * Frame control: asynchronous LLC frames (0101 xxxx) carry data; Wireshark looks into no others. */
#include "engine/decode/protocols.h"

void decode_fddi(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 13, SUBJECT_FDDI) || !decoder_enter(d))
        return;
    if ((layer_u8(&l, 0) & 0xf0) == 0x50)
        decode_llc(d, layer_after(l, 13));
}
