/* Linux netfilter log (LINKTYPE_NFLOG).
 *
 *     | address family 1 | version 1 | resource 2 | then: | length 2 | type 2 | value, padded to 4 bytes |
 *
 * Lengths (they count their own four bytes) and types are in the order of the machine that captured. The type
 * has two flags in its high bits.
 */
#include "engine/decode/protocols.h"

enum {
    FAMILY_LINUX_INET = 2,
    FAMILY_LINUX_INET6 = 10,
    TLV_PACKET = 1, /* | ether type 2 | hook 1 | pad 1 | */
    TLV_PAYLOAD = 9,
    TLV_TYPE = 0x7fff,
};

/* Each order is tried until it leads from value to value up to the end. */
static bool walks_to_end(const struct layer *l, bool little)
{
    uint32_t at = 4;
    while (at + 4 <= l->length) {
        if (at + 4 > l->captured)
            return true;
        uint32_t size = little ? layer_le16(l, at) : layer_u16(l, at);
        if (size < 4)
            return false;
        at += (size + 3) & ~3u;
    }
    return at <= ((l->length + 3) & ~3u);
}

void decode_nflog(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_NFLOG) || !decoder_enter(d))
        return;
    unsigned family = layer_u8(&l, 0), protocol = 0;
    bool little = walks_to_end(&l, true) || !walks_to_end(&l, false);
    struct layer packet = {.at = l.at};
    l = layer_after(l, 4);
    while (l.captured >= 4) {
        uint32_t size = little ? layer_le16(&l, 0) : layer_u16(&l, 0);
        unsigned type = (little ? layer_le16(&l, 2) : layer_u16(&l, 2)) & TLV_TYPE;
        if (size < 4) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_NFLOG, 0);
            return;
        }
        if (type == TLV_PACKET)
            protocol = layer_u16(&l, 4);
        else if (type == TLV_PAYLOAD)
            packet = layer_after(layer_first(l, size), 4);
        l = layer_after(l, (size + 3) & ~3u);
    }
    if (!packet.length)
        return;
    if (protocol)
        decode_ether_type(d, protocol, packet);
    else if (family == FAMILY_LINUX_INET)
        decode_ipv4(d, packet);
    else if (family == FAMILY_LINUX_INET6)
        decode_ipv6(d, packet);
}
