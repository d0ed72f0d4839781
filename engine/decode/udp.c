/* UDP, RFC 768, and what is known by its ports.
 *
 *    |          Source Port          |       Destination Port        |
 *    |             Length            |            Checksum           |
 *
 * The lower port is tried first, then the other, as Wireshark does it: a tunnel is known by either.
 */
#include "../decode.h"

/* Ports of protocols that carry no TCP, and that Wireshark decodes whatever comes. When one is the lower
 * port, the other is not tried. */
static bool is_taken(unsigned port)
{
    static const uint16_t taken[] = {53};
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (taken[i] == port)
            return true;
    return false;
}

static bool decode_port(struct decoder *d, unsigned port, struct layer l)
{
    switch (port) {
    case 434:
        decode_mobile_ip(d, l);
        return true;
    case 1701:
        return decode_l2tp(d, l);
    case 2268:
        decode_amt(d, l);
        return true;
    case 2123: /* control; a T-PDU that comes here is one all the same */
    case 2152:
    case 3386: /* version 0 */
        decode_gtp(d, l);
        return true;
    case 3544:
        decode_teredo(d, l);
        return true;
    case 4306:
        decode_batman_gateway(d, l);
        return true;
    case 4341:
        decode_lisp(d, l);
        return true;
    case 4500: /* IPsec through NAT, RFC 3948 */
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 50);
        return true;
    case 4754:
        decode_gre(d, l);
        return true;
    case 4789:
    case 8472: /* what Linux used before a number was assigned */
        decode_vxlan(d, l);
        return true;
    case 4790:
        decode_vxlan_gpe(d, l);
        return true;
    case 5072:
        decode_ayiya(d, l);
        return true;
    case 5247:
        decode_capwap(d, l);
        return true;
    case 6081:
        decode_geneve(d, l);
        return true;
    case 6343:
        decode_sflow(d, l);
        return true;
    case 6635: /* RFC 7510 */
        decode_mpls(d, l);
        return true;
    case 12000: /* to 12004: LLC over UDP (HPR over IP, RFC 2353) */
    case 12001:
    case 12002:
    case 12003:
    case 12004:
        decode_llc(d, l);
        return true;
    case 30030:
        decode_jmirror(d, l);
        return true;
    case 37008:
        decode_tzsp(d, l);
        return true;
    }
    return false;
}

static void decode_ports(struct decoder *d, unsigned source, unsigned destination, struct layer l)
{
    unsigned low = MIN(source, destination), high = MAX(source, destination);
    if (!decode_port(d, low, l) && !is_taken(low))
        decode_port(d, high, l);
}

void decode_udp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_UDP) || !decoder_enter(d))
        return;
    unsigned source = layer_u16(&l, 0), destination = layer_u16(&l, 2);
    uint32_t length = layer_u16(&l, 4);
    if (length < 8 && !(length == 0 && d->ip.family == FAMILY_IPV6)) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_UDP, 0);
        return;
    }
    if (length) /* 0: a jumbogram, RFC 2675, 4 */
        l = layer_first(l, length);
    decode_ports(d, source, destination, layer_after(l, 8));
}

/* UDP-Lite, RFC 3828: the length is that of what the checksum covers. */
void decode_udplite(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 8, SUBJECT_UDP) && decoder_enter(d))
        decode_ports(d, layer_u16(&l, 0), layer_u16(&l, 2), layer_after(l, 8));
}
