/* L2TP data messages: version 2, RFC 2661, 3.1; version 3, RFC 3931, 4.1.
 *
 *    |T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |     Length, if L      |           version 2
 *    |           Tunnel ID           |      Session ID       |
 *    |         Ns, if S              |      Nr, if S         |
 *    |     Offset Size, if O         | pad, as many bytes    |
 *
 *    |                           Session ID                          |   version 3 over IP
 *    |     Cookie: 0, 4 or 8 bytes   | sublayer: 0 or 4 bytes
 *
 * What a version 3 session carries was agreed when it was set up; its data are not looked into.
 */
#include "engine/decode/protocols.h"

enum {
    L2TP_CONTROL = 0x8000,
    L2TP_LENGTH = 0x4000,
    L2TP_SEQUENCE = 0x0800,
    L2TP_OFFSET = 0x0200,
    L2TP_VERSION = 0x000f,
};

bool decode_l2tp(struct decoder *d, struct layer l)
{
    unsigned flags = layer_u16(&l, 0), version = flags & L2TP_VERSION;
    if (version != 2 && version != 3)
        return false;
    if (!decoder_need(d, &l, 6, SUBJECT_L2TP) || !decoder_enter(d) || flags & L2TP_CONTROL)
        return true;
    if (version == 3) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_L2TP, version);
        return true;
    }
    if (flags & L2TP_LENGTH)
        l = layer_first(l, layer_u16(&l, 2));
    l = layer_after(l, flags & L2TP_LENGTH ? 8 : 6);
    if (flags & L2TP_SEQUENCE)
        l = layer_after(l, 4);
    if (flags & L2TP_OFFSET) {
        if (!decoder_need(d, &l, 2, SUBJECT_L2TP))
            return true;
        l = layer_after(l, 2u + layer_u16(&l, 0));
    }
    decode_ppp(d, l);
    return true;
}

void decode_l2tp_ip(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 4, SUBJECT_L2TP) && layer_u32(&l, 0) != 0) /* session 0 is control */
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_L2TP, 3);
}
