/* IPv4, RFC 791, 3.1.
 *
 *    |Version|  IHL  |Type of Service|          Total Length         |
 *    |         Identification        |Flags|      Fragment Offset    |
 *    |  Time to Live |    Protocol   |         Header Checksum       |
 *    |                       Source Address                          |
 *    |                    Destination Address                        |
 */
#include "../decode.h"

enum { MORE_FRAGMENTS = 0x2000, FRAGMENT_OFFSET = 0x1fff };

void decode_ipv4(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 20, SUBJECT_IPV4) || !decoder_enter(d))
        return;
    unsigned version = layer_u8(&l, 0) >> 4, header = (layer_u8(&l, 0) & 15) * 4u;
    uint32_t total = layer_u16(&l, 2);
    unsigned fragment = layer_u16(&l, 6), protocol = layer_u8(&l, 9);

    if (unlikely(version != 4)) {
        if (version == 6)
            decode_ipv6(d, l);
        else
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
        return;
    }
    /* Total length 0 is what segmentation offload leaves: the frame tells. */
    if (unlikely(header < 20 || (total < header && total != 0))) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
        return;
    }
    if (total)
        l = layer_first(l, total);
    d->ip = (struct ip_addresses){FAMILY_IPV4, l.at + 12, l.at + 16};
    if (unlikely(fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET))) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 4);
        return;
    }
    decode_ip_protocol(d, protocol, layer_after(l, header));
}
