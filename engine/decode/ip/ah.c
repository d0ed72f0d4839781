/* Authentication header, RFC 4302, 2.
 *
 *    | Next Header   |  Payload Len  |          RESERVED             |
 *    |                 Security Parameters Index (SPI)               |
 *    |                    Sequence Number Field                      |
 *    |                Integrity Check Value-ICV (variable)           |
 *
 * The length counts 4 bytes, less 2.
 */
#include "engine/decode/protocols.h"

void decode_ah(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 12, SUBJECT_AH) || !decoder_enter(d))
        return;
    uint32_t size = (layer_u8(&l, 1) + 2u) * 4;
    if (decoder_need(d, &l, size, SUBJECT_AH))
        decode_ip_protocol(d, layer_u8(&l, 0), layer_after(l, size));
}
