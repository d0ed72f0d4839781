/* AYIYA, draft-massar-v6ops-ayiya, 3.
 *
 *    | IDLen | IDType| SigLen| HshMth| AutMth| OpCode|  Next Header  |
 *    |                           Epoch Time                          |
 *    | identity: 2 ^ IDLen bytes | signature: SigLen words |
 */
#include "engine/decode/protocols.h"

enum { AYIYA_FORWARD = 1 };

void decode_ayiya(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_AYIYA) || !decoder_enter(d))
        return;
    uint32_t size = 8 + (1u << (layer_u8(&l, 0) >> 4)) + (layer_u8(&l, 1) >> 4) * 4u;
    unsigned operation = layer_u8(&l, 2) & 15, next = layer_u8(&l, 3);
    if (operation == AYIYA_FORWARD && decoder_need(d, &l, size, SUBJECT_AYIYA))
        decode_ip_protocol(d, next, layer_after(l, size));
}
