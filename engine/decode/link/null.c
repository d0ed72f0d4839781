/* BSD loopback encapsulation (LINKTYPE_NULL and LINKTYPE_LOOP of the pcap registry).
 *
 *     | address family 4 | ...
 *
 * NULL has the family in the byte order of the machine that captured, LOOP in network order. The families of
 * IPv6 are those of the BSDs (24, 28) and of macOS (30). Some writers of NULL put the family into 16 bits, an
 * ether type in its place, or a PPP frame; Wireshark takes these too (found by trying values on tshark), so
 * they are taken here.
 */
#include "engine/decode/protocols.h"

enum {
    AF_BSD_INET = 2,
    AF_BSD_INET6_NETBSD = 24,
    AF_BSD_INET6_FREEBSD = 28,
    AF_BSD_INET6_MACOS = 30,

    ETHER_TYPE_MIN = 0x0600,
    NULL_LENGTH_MAX = 1500, /* above, it is an ether type */
    PPP_FLAG = 0xff03,
};

void decode_bsd_family(struct decoder *d, uint32_t family, struct layer l)
{
    switch (family) {
    case AF_BSD_INET:
        decode_ipv4(d, l);
        return;
    case AF_BSD_INET6_NETBSD:
    case AF_BSD_INET6_FREEBSD:
    case AF_BSD_INET6_MACOS:
        decode_ipv6(d, l);
        return;
    }
}

/* The family, or an ether type, whatever order and width the writer gave it. */
static uint32_t family_in_some_order(uint32_t little_endian)
{
    uint32_t v = little_endian;
    if (v > 0xffff)
        return v >> 16 < 6 ? v >> 16 : __builtin_bswap32(v);
    return (v & 0xff) == 0 && v < ETHER_TYPE_MIN ? v >> 8 : v;
}

void decode_null(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_NULL) || !decoder_enter(d))
        return;
    if (layer_u16(&l, 0) == PPP_FLAG) {
        decode_ppp_hdlc(d, l);
        return;
    }
    uint32_t family = family_in_some_order(layer_le32(&l, 0));
    l = layer_after(l, 4);
    if (family > NULL_LENGTH_MAX)
        decode_ether_type(d, family & 0xffff, l);
    else
        decode_bsd_family(d, family, l);
}

void decode_loop(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_NULL) || !decoder_enter(d))
        return;
    decode_bsd_family(d, layer_u32(&l, 0), layer_after(l, 4));
}
