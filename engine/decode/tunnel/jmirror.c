/* Juniper's packet mirror: | intercept id 4 | session id 4 | IP, or PPP with address and control. */
#include "engine/decode/protocols.h"

bool decode_jmirror(struct decoder *d, struct layer l)
{
    if (!decoder_enter(d))
        return true;
    l = layer_after(l, 8);
    unsigned version = layer_u8(&l, 0) >> 4;
    if (version == 4 || version == 6)
        decode_ip_any(d, l);
    else if (layer_u16(&l, 0) == 0xff03)
        decode_ppp(d, l);
    else
        return false;
    return true;
}
