/* LISP data, RFC 9300, 5; of control messages, those that hold another packet, RFC 9301, 5.8.
 *
 *    |N|L|E|V|I|R|K|K|            Nonce/Map-Version                  |
 *    |                 Instance ID/Locator-Status-Bits               |
 *
 *    |Type=8 |S|D|R|R|            Reserved                           |
 */
#include "engine/decode/protocols.h"

void decode_lisp(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 8, SUBJECT_LISP) && decoder_enter(d))
        decode_ip_any(d, layer_after(l, 8));
}

void decode_lisp_control(struct decoder *d, struct layer l)
{
    enum { ENCAPSULATED = 8 };
    if (layer_u8(&l, 0) >> 4 == ENCAPSULATED && decoder_need(d, &l, 4, SUBJECT_LISP) && decoder_enter(d))
        decode_ip_any(d, layer_after(l, 4));
}
