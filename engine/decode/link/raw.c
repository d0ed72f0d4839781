/* Raw IP (LINKTYPE_RAW and the DLT_RAW numbers of old): an IP packet, its version in the first 4 bits.
 * Linux ISDN devices captured more than that under the same number: PPP behind nothing, one or six bytes, and
 * IP behind ten zero bytes. Wireshark looks for these first. */
#include "engine/decode/protocols.h"

enum { PPP_FLAG = 0xff03 };

static bool ten_zeros(const struct layer *l)
{
    return l->captured > 10 && !layer_u32(l, 0) && !layer_u32(l, 4) && !layer_u16(l, 8);
}

void decode_raw(struct decoder *d, struct layer l)
{
    if (layer_u16(&l, 0) == PPP_FLAG)
        decode_ppp_hdlc(d, l);
    else if (layer_u16(&l, 1) == PPP_FLAG)
        decode_ppp_hdlc(d, layer_after(l, 1));
    else if (layer_u16(&l, 6) == PPP_FLAG)
        decode_ppp_hdlc(d, layer_after(l, 6));
    else if (unlikely(ten_zeros(&l)))
        decode_ipv4(d, layer_after(l, 10));
    else
        decode_ip_any(d, l);
}
