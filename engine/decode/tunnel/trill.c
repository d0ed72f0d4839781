/* TRILL, RFC 6325, 3.
 *
 *    | V 2 |R 2|M|Op-Length 5| Hop Count 6 | egress 2 | ingress 2 | options, 4 bytes each | Ethernet
 */
#include "engine/decode/protocols.h"

void decode_trill(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 6, SUBJECT_TRILL) || !decoder_enter(d))
        return;
    uint32_t options = (layer_u16(&l, 0) >> 6 & 0x1f) * 4u;
    decode_ethernet(d, layer_after(l, 6 + options));
}
