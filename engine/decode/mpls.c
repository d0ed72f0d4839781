/* MPLS label stack, RFC 3032, 2.1.
 *
 *    |                Label (20)             | Exp |S|      TTL      |
 *
 * What follows the bottom of the stack is not said.
 */
#include "../decode.h"

enum { MPLS_BOTTOM = 0x100 };

void decode_mpls(struct decoder *d, struct layer l)
{
    uint32_t entry;
    if (!decoder_enter(d))
        return;
    do {
        if (!decoder_need(d, &l, 4, SUBJECT_MPLS))
            return;
        entry = layer_u32(&l, 0);
        l = layer_after(l, 4);
    } while (!(entry & MPLS_BOTTOM));

    switch (layer_u8(&l, 0) >> 4) {
    case 4:
        decode_ipv4(d, l);
        return;
    case 6:
        decode_ipv6(d, l);
        return;
    }
}
