/* MPLS label stack, RFC 3032, 2.1; what follows it, RFC 4928, RFC 4385; the associated channel, RFC 5586;
 * Ethernet pseudowires, RFC 4448.
 *
 *    |                Label (20)             | Exp |S|      TTL      |
 *
 *     | 0000 | flags, fragment, length 12 bits | sequence number 2 | Ethernet       control word
 *     | 0001 | version 4 bits | reserved 1 | channel type 2 | ...               associated channel
 *
 * What follows the bottom of the stack is not said. The first four bits tell IP apart, and the associated
 * channel; 0 is a control word or the beginning of an Ethernet address, anything else can only be the latter.
 * Which it is, is guessed from what an Ethernet header would look like, much as Wireshark guesses (it asks
 * its list of vendors, too, which this program has not).
 */
#include "engine/decode/protocols.h"

enum {
    MPLS_BOTTOM = 0x100,
    LABEL_ASSOCIATED_CHANNEL = 13,
    LABEL_OAM_ALERT = 14, /* ITU-T Y.1711: no user's packet */

    CHANNEL_MANAGEMENT = 0x01, /* RFC 5718: | PPP protocol 2 | ... */
    CHANNEL_IPV4 = 0x21,
    CHANNEL_IPV6 = 0x57,
};

static bool looks_like_ethernet(struct layer l)
{
    unsigned type = layer_u16(&l, 12);
    bool group_source = layer_u8(&l, 6) & 1;
    if (l.captured < 14 || group_source)
        return false;
    return type >= 0x0600 ? ether_type_is_known(type) : type <= l.length - 14;
}

static void decode_channel(struct decoder *d, struct layer l)
{
    unsigned type = layer_u16(&l, 2);
    l = layer_after(l, 4);
    if (type == CHANNEL_MANAGEMENT) {
        type = layer_u16(&l, 0); /* the numbers are the same */
        l = layer_after(l, 2);
    }
    if (type == CHANNEL_IPV4)
        decode_ipv4(d, l);
    else if (type == CHANNEL_IPV6)
        decode_ipv6(d, l);
}

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

    if (!l.captured || entry >> 12 == LABEL_OAM_ALERT)
        return;
    if (entry >> 12 == LABEL_ASSOCIATED_CHANNEL) {
        decode_channel(d, l);
        return;
    }
    if (unlikely(d->decode_as.types) && decode_as_number(d, DECODE_AS_MPLS_LABEL, entry >> 12, l))
        return;
    switch (layer_u8(&l, 0) >> 4) {
    case 0:
        if (looks_like_ethernet(l) && !looks_like_ethernet(layer_after(l, 4)))
            decode_ethernet(d, l);
        else
            decode_ethernet(d, layer_after(l, 4));
        return;
    case 1:
        decode_channel(d, l);
        return;
    case 4:
        decode_ipv4(d, l);
        return;
    case 6:
        decode_ipv6(d, l);
        return;
    case 5: /* BIER, RFC 8296 */
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_MPLS, 5);
        return;
    default:
        if (looks_like_ethernet(l))
            decode_ethernet(d, l);
        else
            decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_MPLS, layer_u8(&l, 0) >> 4);
        return;
    }
}
