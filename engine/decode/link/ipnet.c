/* Solaris ipnet devices (LINKTYPE_IPNET): | version 1 | family 1 | hook 2 | length 4 | interface 4 |
 * group interface 4 | source zone 4 | destination zone 4 | IP ... */
#include "engine/decode/protocols.h"

enum { SOLARIS_INET = 2, SOLARIS_INET6 = 26 };

void decode_ipnet(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 24, SUBJECT_IPNET) || !decoder_enter(d))
        return;
    unsigned family = layer_u8(&l, 1);
    /* The packet is the last bytes of the frame, as many as its length says. */
    uint32_t size = layer_u32(&l, 4);
    if (size > l.length) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPNET, 0);
        return;
    }
    l = layer_after(l, l.length - size);
    if (family == SOLARIS_INET)
        decode_ipv4(d, l);
    else if (family == SOLARIS_INET6)
        decode_ipv6(d, l);
}
