/* Link types and ether types that are not expected to carry TCP: USB, Bluetooth, field buses. Some can: what a
 * USB device or a Bluetooth channel carries is said once, when it is set up, and Wireshark follows it from
 * there; this program does not. So that such frames are not lost silently, those that hold what looks like an
 * IP packet with TCP are counted as unsupported.
 *
 * An IPv4 header is known by its checksum, an IPv6 header, which has none, by the data offset and the flags of
 * the TCP header behind it too.
 */
#include "engine/decode/protocols.h"

enum { PROTOCOL_TCP = 6, IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20, FIVE_WORDS = 5 };

static bool ipv4_sum_is_right(const struct layer *l, uint32_t at, uint32_t size)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < size; i += 2)
        sum += layer_u16(l, at + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static bool is_ipv4_tcp(const struct layer *l, uint32_t at)
{
    uint32_t size = (layer_u8(l, at) & 0x0f) * 4u;
    return size >= IPV4_HEADER && layer_u8(l, at + 9) == PROTOCOL_TCP && layer_bytes(l, at, size) &&
           layer_u16(l, at + 2) >= size + TCP_HEADER && ipv4_sum_is_right(l, at, size);
}

static bool is_ipv6_tcp(const struct layer *l, uint32_t at)
{
    const uint8_t *tcp = layer_bytes(l, at + IPV6_HEADER, TCP_HEADER);
    return layer_u8(l, at + 6) == PROTOCOL_TCP && tcp && layer_u16(l, at + 4) >= TCP_HEADER &&
           layer_u16(l, at + 4) <= l->length - at - IPV6_HEADER && tcp[12] >> 4 >= FIVE_WORDS &&
           (tcp[12] & 0x0e) == 0;
}

void decode_unexpected(struct decoder *d, enum subject subject, unsigned value, struct layer l)
{
    for (uint32_t at = 0; at + IPV4_HEADER <= l.captured; at++) {
        unsigned version = layer_u8(&l, at) >> 4;
        if ((version == 4 && is_ipv4_tcp(&l, at)) || (version == 6 && is_ipv6_tcp(&l, at))) {
            decoder_stop(d, OUTCOME_UNSUPPORTED, subject, value);
            return;
        }
    }
}
