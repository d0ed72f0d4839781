/* Geneve, RFC 8926, 3.4. The version is not looked at.
 *
 *    |Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
 *    |        Virtual Network Identifier (VNI)       |    Reserved   |
 *    |                    Variable-Length Options                    |
 */
#include "engine/decode/protocols.h"

void decode_geneve(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_GENEVE) || !decoder_enter(d))
        return;
    d->network = (layer_u32(&l, 4) >> 8) + 1;
    uint32_t size = 8 + (layer_u8(&l, 0) & 0x3f) * 4u;
    if (decoder_need(d, &l, size, SUBJECT_GENEVE))
        decode_ether_type(d, layer_u16(&l, 2), layer_after(l, size));
}
