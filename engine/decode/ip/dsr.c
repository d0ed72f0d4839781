/* Dynamic source routing, RFC 4728, 6.1.
 *
 *     | next header 1 | F 1 bit, 7 bits | length of options 2 | options ... |
 *
 * F: a flow state header, without options.
 */
#include "engine/decode/protocols.h"

void decode_dsr(struct decoder *d, struct layer l)
{
    enum { FLOW_STATE = 0x80 };
    if (!decoder_need(d, &l, 4, SUBJECT_IP_PROTOCOL) || !decoder_enter(d))
        return;
    uint32_t size = layer_u8(&l, 1) & FLOW_STATE ? 4 : 4u + layer_u16(&l, 2);
    if (decoder_need(d, &l, size, SUBJECT_IP_PROTOCOL))
        decode_ip_protocol(d, layer_u8(&l, 0), layer_after(l, size));
}
