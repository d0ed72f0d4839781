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
#include "../decode.h"

enum {
    L2TP_CONTROL = 0x8000,
    L2TP_LENGTH = 0x4000,
    L2TP_SEQUENCE = 0x0800,
    L2TP_OFFSET = 0x0200,
    L2TP_VERSION = 0x000f,
};

void decode_l2tp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 6, SUBJECT_L2TP) || !decoder_enter(d))
        return;
    unsigned flags = layer_u16(&l, 0);
    if (flags & L2TP_CONTROL)
        return;
    if ((flags & L2TP_VERSION) != 2) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_L2TP, flags & L2TP_VERSION);
        return;
    }
    l = layer_after(l, flags & L2TP_LENGTH ? 8 : 6);
    if (flags & L2TP_SEQUENCE)
        l = layer_after(l, 4);
    if (flags & L2TP_OFFSET) {
        if (!decoder_need(d, &l, 2, SUBJECT_L2TP))
            return;
        l = layer_after(l, 2u + layer_u16(&l, 0));
    }
    decode_ppp(d, l);
}

void decode_l2tp_ip(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 4, SUBJECT_L2TP) && layer_u32(&l, 0) != 0) /* session 0 is control */
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_L2TP, 3);
}
