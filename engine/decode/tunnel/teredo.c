/* Teredo, RFC 4380, 5.1.1. IPv6, after up to two headers that begin with a zero byte.
 *
 *     | 00 01 | id length 1 | value length 1 | id | value | nonce 8 | confirmation 1 |   authentication
 *     | 00 00 | port 2 | IPv4 address 4 |                                               origin indication
 */
#include "engine/decode/protocols.h"

void decode_teredo(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 2, SUBJECT_TEREDO) || !decoder_enter(d))
        return;
    if (layer_u16(&l, 0) == 1) {
        uint32_t size = 13u + layer_u8(&l, 2) + layer_u8(&l, 3);
        if (!decoder_need(d, &l, size, SUBJECT_TEREDO))
            return;
        l = layer_after(l, size);
    }
    if (l.captured >= 8 && layer_u16(&l, 0) == 0)
        l = layer_after(l, 8);
    if (layer_u8(&l, 0) >> 4 == 6)
        decode_ipv6(d, l);
}
