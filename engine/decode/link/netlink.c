/* Linux netlink, as nlmon devices capture it (LINKTYPE_NETLINK, and Linux cooked captures of such a device).
 *
 *     | packet type 2 | ARPHRD 2 | unused 10 | family 2 | then messages:
 *     | length 4, it counts all of the message | type 2 | flags 2 | sequence number 4 | port 4 |
 *
 * Messages are in the byte order of the machine that captured. Those of netfilter (family 12) have the
 * subsystem in the type's upper byte; packets are in those of queues and of logs (linux/netfilter/):
 *
 *     | address family 1 | version 1 | resource 2 | then: | length 2 | type 2 | value, padded to 4 bytes |
 *
 * A message begins where the one before ends, without padding, as Wireshark reads them.
 */
#include "engine/decode/protocols.h"

enum {
    ARPHRD_NETLINK = 824,
    COOKED_HEADER = 16,
    MESSAGE_HEADER = 16,

    FAMILY_NETFILTER = 12,
    SUBSYSTEM_QUEUE = 3,
    SUBSYSTEM_LOG = 4,

    QUEUE_PACKET = 0,
    QUEUE_VERDICT = 1, /* may bring a changed packet back */
    LOG_PACKET = 0,

    ATTRIBUTE_TYPE = 0x3fff,
    ATTRIBUTE_HEADER = 1, /* | packet id 4 | ether type 2 | hook 1 | */
    ATTRIBUTE_PAYLOAD = 10,
};

struct order {
    bool little;
};

static uint32_t read16(struct order o, const struct layer *l, uint32_t offset)
{
    return o.little ? layer_le16(l, offset) : layer_u16(l, offset);
}

static uint32_t read32(struct order o, const struct layer *l, uint32_t offset)
{
    return o.little ? layer_le32(l, offset) : layer_u32(l, offset);
}

/* A queued packet, from the address family on. */
static void decode_queued(struct decoder *d, struct order o, struct layer l)
{
    unsigned protocol = 0;
    const struct surroundings around = decoder_surroundings(d);
    for (l = layer_after(l, 4); l.captured >= 4;) {
        uint32_t size = read16(o, &l, 0);
        unsigned type = read16(o, &l, 2) & ATTRIBUTE_TYPE;
        if (size < 4) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_NETLINK, 0);
            return;
        }
        struct layer value = layer_after(layer_first(l, size), 4);
        if (type == ATTRIBUTE_HEADER && value.length >= 7)
            protocol = layer_u16(&value, 4);
        else if (type == ATTRIBUTE_PAYLOAD && protocol) {
            decoder_go_back(d, around);
            decode_ether_type(d, protocol, value);
        }
        l = layer_after(l, (size + 3) & ~3u);
    }
}

/* whole: the message is as long as it claims. */
static void decode_netfilter(struct decoder *d, struct order o, unsigned type, bool whole, struct layer l)
{
    unsigned subsystem = type >> 8, message = type & 0xff;
    if (subsystem == SUBSYSTEM_QUEUE && (message == QUEUE_PACKET || message == QUEUE_VERDICT))
        decode_queued(d, o, l);
    else if (subsystem == SUBSYSTEM_LOG && message == LOG_PACKET && o.little && whole)
        decode_nflog(d, l);
}

/* A length is less than 64 KB mostly: the order in which it is smaller is right. */
void decode_netlink(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, COOKED_HEADER, SUBJECT_NETLINK) || !decoder_enter(d))
        return;
    bool netfilter = layer_u16(&l, 2) == ARPHRD_NETLINK && layer_u16(&l, 14) == FAMILY_NETFILTER;
    l = layer_after(l, COOKED_HEADER);
    struct order o = {.little = layer_le32(&l, 0) <= layer_u32(&l, 0)};
    const struct surroundings around = decoder_surroundings(d);
    while (netfilter && l.length) {
        if (!decoder_need(d, &l, MESSAGE_HEADER, SUBJECT_NETLINK))
            return;
        uint32_t size = read32(o, &l, 0);
        if (size < MESSAGE_HEADER) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_NETLINK, 0);
            return;
        }
        decoder_go_back(d, around);
        decode_netfilter(d, o, read16(o, &l, 4), size <= l.length + 3,
                         layer_after(layer_first(l, size), MESSAGE_HEADER));
        l = layer_after(l, size);
    }
}
