/* Token Ring (IEEE 802.5).
 *
 *     | access control 1 | frame control 1 | destination 6 | source 6 | routing 2 to 30, or none | LLC ...
 *
 * The first bit of the source address tells of routing information, whose first byte has its length in the
 * low 5 bits. The first 2 bits of frame control are 01 for LLC frames.
 */
#include "engine/decode/protocols.h"

void decode_token_ring(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 14, SUBJECT_TOKEN_RING) || !decoder_enter(d))
        return;
    uint32_t routing = layer_u8(&l, 8) & 0x80 ? layer_u8(&l, 14) & 0x1f : 0;
    if (layer_u8(&l, 1) >> 6 == 1)
        decode_llc(d, layer_after(l, 14 + routing));
}
