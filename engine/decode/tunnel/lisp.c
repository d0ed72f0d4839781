/* LISP data, RFC 9300, 5.
 *
 *    |N|L|E|V|I|R|K|K|            Nonce/Map-Version                  |
 *    |                 Instance ID/Locator-Status-Bits               |
 */
#include "engine/decode/protocols.h"

void decode_lisp(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 8, SUBJECT_LISP) && decoder_enter(d))
        decode_ip_any(d, layer_after(l, 8));
}
