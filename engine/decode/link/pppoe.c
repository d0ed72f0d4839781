/* PPP over Ethernet, session stage, RFC 2516, 4.
 *
 *    |  VER  | TYPE  |     CODE      |          SESSION_ID           |
 *    |            LENGTH             |           PPP
 */
#include "engine/decode/protocols.h"

void decode_pppoe(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 6, SUBJECT_PPPOE) || !decoder_enter(d))
        return;
    d->ip.source = NULL; /* of the frame around, if any: for fragments of multilink the MAC addresses count */
    decode_ppp_protocol(d, layer_first(layer_after(l, 6), layer_u16(&l, 4)));
}
