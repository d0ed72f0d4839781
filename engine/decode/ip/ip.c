/* IP of either version, and what it carries: the protocol numbers of IANA.
 *
 * Length of decode_ip_protocol: a case for each protocol. */
#include "engine/decode/protocols.h"

enum {
    PROTOCOL_HOP_BY_HOP = 0, /* headers of IPv6, which may stand in IPv4 as well */
    PROTOCOL_ICMP = 1,
    PROTOCOL_IPV4 = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_GRE = 47,
    PROTOCOL_DSR = 48,
    PROTOCOL_ESP = 50,
    PROTOCOL_AH = 51,
    PROTOCOL_SWIPE = 53,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_DESTINATION = 60,
    PROTOCOL_AX25 = 93, /* RFC 1226; the two bytes of FCS at the end do no harm */
    PROTOCOL_ETHERIP = 97,
    PROTOCOL_IPCOMP = 108,
    PROTOCOL_L2TP = 115,
    PROTOCOL_UDPLITE = 136,
    PROTOCOL_MPLS = 137, /* RFC 4023 */
    PROTOCOL_SHIM6 = 140,
    PROTOCOL_ETHERNET = 143, /* RFC 8986 */
    PROTOCOL_NSH = 145,      /* RFC 9491 */
};

/* swIPe: | type 1 | length of this header 1 | policy 2 | packet number 4 | ... Wireshark looks for IPv6 only behind it. */
static void decode_swipe(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_IP_VERSION))
        return;
    l = layer_after(l, layer_u8(&l, 1));
    if (layer_u8(&l, 0) >> 4 == 6)
        decode_ipv6(d, l);
    else
        decode_unexpected(d, SUBJECT_IP_PROTOCOL, PROTOCOL_SWIPE, l);
}

void decode_ip_protocol(struct decoder *d, unsigned protocol, struct layer l)
{
    if (unlikely(d->decode_as.types) && decode_as_number(d, DECODE_AS_IP_PROTO, protocol, l))
        return;
    if (likely(protocol == PROTOCOL_TCP)) {
        decode_tcp(d, l);
        return;
    }
    switch (protocol) {
    case PROTOCOL_HOP_BY_HOP:
    case PROTOCOL_ROUTING:
    case PROTOCOL_FRAGMENT:
    case PROTOCOL_DESTINATION:
    case PROTOCOL_SHIM6:
        decode_ipv6_next(d, protocol, l);
        return;
    case PROTOCOL_ICMP:
        decode_icmp(d, l);
        return;
    case PROTOCOL_IPV4:
        decode_ipv4(d, l);
        return;
    case PROTOCOL_UDP:
        decode_udp(d, l);
        return;
    case PROTOCOL_IPV6:
        decode_ipv6(d, l);
        return;
    case PROTOCOL_GRE:
        decode_gre(d, l);
        return;
    case PROTOCOL_DSR:
        decode_dsr(d, l);
        return;
    case PROTOCOL_ESP:
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, protocol);
        return;
    case PROTOCOL_AH:
        decode_ah(d, l);
        return;
    case PROTOCOL_SWIPE:
        decode_swipe(d, l);
        return;
    case PROTOCOL_ICMPV6:
        decode_icmpv6(d, l);
        return;
    case PROTOCOL_AX25:
        decode_ax25(d, l);
        return;
    case PROTOCOL_ETHERIP:
        decode_etherip(d, l);
        return;
    case PROTOCOL_IPCOMP:
        decode_ipcomp(d, l);
        return;
    case PROTOCOL_L2TP:
        decode_l2tp_ip(d, l);
        return;
    case PROTOCOL_UDPLITE:
        decode_udplite(d, l);
        return;
    case PROTOCOL_MPLS:
        decode_mpls(d, l);
        return;
    case PROTOCOL_ETHERNET:
        decode_ethernet(d, l);
        return;
    case PROTOCOL_NSH:
        if (d->rules != RULES_4_0) /* unknown to it */
            decode_nsh(d, l);
        return;
    }
}

void decode_ip_any(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 1, SUBJECT_IP_VERSION))
        return;
    switch (layer_u8(&l, 0) >> 4) {
    case 4:
        decode_ipv4(d, l);
        return;
    case 6:
        decode_ipv6(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IP_VERSION, 0);
}
