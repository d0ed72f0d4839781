/* UDP, RFC 768, and what is known by its ports.
 *
 *    |          Source Port          |       Destination Port        |
 *    |             Length            |            Checksum           |
 *
 * The lower port is tried first, then the other, as Wireshark does it: a tunnel is known by either.
 *
 * Length of decode_port: one case a port.
 */
#include "engine/decode/protocols.h"

/* Ports below those of the tunnels whose protocols carry no TCP, and which Wireshark decodes as such whatever
 * comes: then the higher port is not tried. Those that look first whether it is theirs are not here.
 * Ascending. */
static bool is_taken(unsigned port)
{
    static const uint16_t taken[] = {
        7,     9,     13,    19,    37,    49,    53,    67,    68,    69,    111,   123,   137,   138,
        173,   213,   269,   319,   320,   389,   427,   464,   496,   500,   513,   514,   520,   521,
        524,   525,   546,   547,   664,   701,   853,   854,   902,   910,   921,   925,   1001,  1113,
        1153,  1194,  1293,  1628,  1629,  1718,  1719,  1745,  1900,  2099,  2157,  2221,  2222,  2246,
        2269,  2313,  2345,  2887,  2944,  2945,  2948,  2949,  3000,  3130,  3250,  3357,  3389,  3452,
        3455,  3567,  3671,  3702,  3784,  3785,  3804,  3863,  4305,  4307,  4551,  4555,  4569,  4729,
        4784,  4791,  4937,  4991,  5031,  5201,  5246,  5350,  5351,  5353,  5355,  5404,  5405,  5436,
        5567,  5683,  5684,  5868,  6073,  6118,  6160,  6784,  6970,  7074,  7075,  7255,  7275,  7784,
        8200,  8600,  8755,  8767,  8805,  8848,  9200,  9201,  9202,  9203,  9214,  9600,  9875,  9877,
        9899,  9901,  9956,  10253, 11211, 11273, 13400, 17220, 17224, 17225, 17500, 19132, 19948, 19999,
        23272, 24576, 24577, 25826, 26000, 27500, 27910, 27950, 27951, 27952, 27953, 27960, 27961, 27962,
        27963, 30511, 32000, 32512, 34962};
    size_t low = 0, high = ARRAY_LEN(taken);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (taken[middle] < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ARRAY_LEN(taken) && taken[low] == port;
}

/* Microsoft's cluster heartbeats. What is neither request nor response, Wireshark takes for Ethernet. */
static void decode_cluster(struct decoder *d, struct layer l)
{
    if (layer_u8(&l, 6) > 1)
        decode_ethernet(d, l);
}

/* Protocols that can lead to TCP, and are not looked into: counted as unsupported where a packet is there. */
static bool may_hold_packet(unsigned port)
{
    switch (port) {
    case 925:   /* AudioCodes debug recording */
    case 2157:  /* GPRS over frame relay, in UDP: GPRS-NS */
    case 4729:  /* GSMTAP */
    case 5000:  /* tapped traffic of access points: TAPA */
    case 6118:  /* TIPC */
    case 8211:  /* access points of Aruba: PAPI */
    case 13907: /* access points of Enterasys: WASSP */
    case 13910:
    case 17220: /* IEEE 1722 */
    case 19999: /* GPRS-NS */
    case 24576: /* access points of Motorola: MiNT */
    case 24577:
    case 49999: /* IEEE 802.15.4 of NXP's sniffers */
        return true;
    default:
        return false;
    }
}

/* False: the port is not known here, or the payload is something else. Long, with a case for each port. */
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
    case 2123: /* control; a T-PDU that comes here is decoded, too */
    case 2152:
    case 3386:                    /* version 0 */
        if (layer_u8(&l, 1) == 0) /* no message has this number */
            return false;
        decode_gtp(d, l);
        return true;
    case 3544:
        decode_teredo(d, l);
        return true;
    case 4306:
        decode_batman_gateway(d, l);
        return true;
    case 3343:
        decode_cluster(d, l);
        return true;
    case 4341:
        decode_lisp(d, l);
        return true;
    case 4342:
        decode_lisp_control(d, l);
        return true;
    case 4500: /* IPsec through NAT, RFC 3948 */
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 50);
        return true;
    case 4754:
        decode_gre(d, l);
        return true;
    case 8472: /* what Linux used before a number was assigned; unknown to 4.0.17 */
        if (d->rules == RULES_4_0)
            return false;
        decode_vxlan(d, l);
        return true;
    case 4789:
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
        return decode_sflow(d, l);
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
    case 12220: /* LWAPP in layer 3: an Ethernet frame */
        decode_ethernet(d, l);
        return true;
    case 12222:
        decode_lwapp(d, l);
        return true;
    case 12223: /* behind a MAC address */
        decode_lwapp(d, layer_after(l, 6));
        return true;
    case 17754:
        return decode_zep(d, l);
    case 17755: /* IEEE 802.15.4, too, which can carry IPv6 with a compressed header */
    case 17756:
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_UDP_PORT, port);
        return true;
    case 30030:
        return decode_jmirror(d, l);
    case 34980:
        decode_ethercat(d, l);
        return true;
    case 37008:
        decode_tzsp(d, l);
        return true;
    }
    if (may_hold_packet(port))
        decode_unexpected(d, SUBJECT_UDP_PORT, port, l);
    return false;
}

/* What the user says of a port counts before what is known of any, and in place of it. True: it is
 * decoded. */
static bool decode_ports_as(struct decoder *d, unsigned low, unsigned high, struct layer l)
{
    const struct decode_as *low_as = decode_as_find(&d->decode_as, DECODE_AS_UDP_PORT, low),
                           *high_as = decode_as_find(&d->decode_as, DECODE_AS_UDP_PORT, high);
    if ((low_as && decode_as(d, low_as, l)) || (high_as && decode_as(d, high_as, l)))
        return true;
    if (!low_as && !high_as)
        return false;
    if (!low_as)
        decode_port(d, low, l);
    else if (!high_as)
        decode_port(d, high, l);
    return true;
}

static void decode_ports(struct decoder *d, unsigned source, unsigned destination, struct layer l)
{
    unsigned low = MIN(source, destination), high = MAX(source, destination);
    if (unlikely(d->decode_as.types) && decode_ports_as(d, low, high, l))
        return;
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
    d->udp_ports = source << 16 | destination;
    decode_ports(d, source, destination, layer_after(l, 8));
}

/* UDP-Lite, RFC 3828: the length is that of what the checksum covers. */
void decode_udplite(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 8, SUBJECT_UDP) && decoder_enter(d)) {
        d->udp_ports = layer_u32(&l, 0);
        decode_ports(d, layer_u16(&l, 0), layer_u16(&l, 2), layer_after(l, 8));
    }
}
