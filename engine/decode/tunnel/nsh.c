/* Network service header, RFC 8300, 2.2.
 *
 *    |Ver|O|U|    TTL    |   Length  |U|U|U|U|MD Type| Next Protocol |
 *
 * The length counts 4 bytes, with this word. Headers with metadata of type 1 have 24 bytes, whatever it says.
 */
#include "engine/decode/protocols.h"

enum { NSH_IPV4 = 1, NSH_IPV6 = 2, NSH_ETHERNET = 3, NSH_NSH = 4, NSH_MPLS = 5 };

void decode_next_protocol(struct decoder *d, unsigned next, struct layer l)
{
    switch (next) {
    case NSH_IPV4:
        decode_ipv4(d, l);
        return;
    case NSH_IPV6:
        decode_ipv6(d, l);
        return;
    case NSH_ETHERNET:
        decode_ethernet(d, l);
        return;
    case NSH_NSH:
        decode_nsh(d, l);
        return;
    case NSH_MPLS:
        decode_mpls(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_NEXT_PROTOCOL, next);
}

void decode_nsh(struct decoder *d, struct layer l)
{
    enum { HEADER = 8, FIXED = 24 };
    if (!decoder_need(d, &l, HEADER, SUBJECT_NSH) || !decoder_enter(d))
        return;
    unsigned metadata = layer_u8(&l, 2) & 0x0f;
    uint32_t least = metadata == 2 ? 8 : 4, size = MAX((layer_u16(&l, 0) & 0x3f) * 4u, least);
    if (metadata == 1)
        size = FIXED;
    if (decoder_need(d, &l, size, SUBJECT_NSH))
        decode_next_protocol(d, layer_u8(&l, 3), layer_after(l, size));
}
