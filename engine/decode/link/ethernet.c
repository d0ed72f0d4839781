/* Ethernet II and IEEE 802.3, with 802.1Q and 802.1ad tags in any number.
 *
 *     | destination 6 | source 6 | type or length 2 | ...        IEEE 802.3, 3.2.6
 *     | tag control 2 | type or length 2 | ...                   IEEE 802.1Q, 9.6, after type 0x8100
 *
 * Length of decode_ether_type: a case for each type.
 */
#include "engine/decode/protocols.h"

enum {
    LENGTH_MAX = 1500, /* up to this a type field is a length (IEEE 802.3, 3.2.6) */

    ETHER_IPV4 = 0x0800,
    ETHER_TRILL = 0x22f3,
    ETHER_BATMAN = 0x4305,
    ETHER_BRIDGING = 0x6558,
    ETHER_VLAN = 0x8100,
    ETHER_IPV6 = 0x86dd,
    ETHER_MPLS_UNICAST = 0x8847,
    ETHER_MPLS_MULTICAST = 0x8848,
    ETHER_PPPOE = 0x8864,
    ETHER_LLC = 0x8870, /* LLC with more than 1500 bytes */
    ETHER_ETHERCAT = 0x88a4,
    ETHER_QINQ = 0x88a8,
    ETHER_MACSEC = 0x88e5,
    ETHER_ITAG = 0x88e7,
    ETHER_FABRICPATH = 0x8903,
    ETHER_FCOE = 0x8906,
    ETHER_CISCO_METADATA = 0x8909,
    ETHER_VNTAG = 0x8926,
    ETHER_HSR = 0x892f,
    ETHER_ETAG = 0x893f,
    ETHER_NSH = 0x894f,
    ETHER_QINQ_OLD = 0x9100,
    ETHER_LOWPAN = 0xa0ed,
    ETHER_RTAG = 0xf1c1,
};

/* Ether types that are known to carry no TCP: they are no loss, and not reported as unsupported. */
static bool carries_no_tcp(unsigned ether_type)
{
    switch (ether_type) {
    case 0x0806: /* ARP */
    case 0x8035: /* RARP */
    case 0x0842: /* wake on LAN */
    case 0x22f0: /* AVTP */
    case 0x22f4: /* TRILL IS-IS */
    case 0x6002: /* DEC MOP */
    case 0x6003: /* DECnet */
    case 0x6004: /* DEC LAT */
    case 0x8037: /* IPX */
    case 0x809b: /* AppleTalk */
    case 0x80f3: /* AppleTalk ARP */
    case 0x8137: /* IPX */
    case 0x8204: /* QNX Qnet */
    case 0x8808: /* Ethernet flow control */
    case 0x8809: /* slow protocols: LACP, OAM */
    case 0x8863: /* PPPoE discovery */
    case 0x886c: /* HomePNA, RRCP */
    case 0x888e: /* EAP over LAN */
    case 0x8892: /* PROFINET */
    case 0x8899: /* Realtek */
    case 0x88a2: /* ATA over Ethernet */
    case 0x88ab: /* Powerlink */
    case 0x88b8: /* GOOSE */
    case 0x88b9: /* GSE */
    case 0x88ba: /* sampled values */
    case 0x88cc: /* LLDP */
    case 0x88cd: /* SERCOS III */
    case 0x88e1: /* HomePlug AV */
    case 0x88e3: /* MRP */
    case 0x88f5: /* MVRP */
    case 0x88f7: /* PTP */
    case 0x88fb: /* PRP supervision */
    case 0x8902: /* CFM */
    case 0x8914: /* FIP */
    case 0x8915: /* RoCE */
    case 0x891d: /* TTEthernet */
    case 0x9000: /* loopback test */
        return true;
    default:
        return false;
    }
}

void decode_ether_type(struct decoder *d, unsigned ether_type, struct layer l)
{
    if (unlikely(d->decode_as.types) && decode_as_number(d, DECODE_AS_ETHERTYPE, ether_type, l))
        return;
    switch (ether_type) {
    case ETHER_IPV4:
        decode_ipv4(d, l);
        return;
    case ETHER_IPV6:
        decode_ipv6(d, l);
        return;
    case ETHER_VLAN:
    case ETHER_QINQ_OLD:
        decode_vlan(d, l);
        return;
    case ETHER_QINQ: /* a tag like the others, but not one that counts for fragments */
        decode_tag(d, 4, l);
        return;
    case ETHER_MPLS_UNICAST:
    case ETHER_MPLS_MULTICAST:
        decode_mpls(d, l);
        return;
    case ETHER_PPPOE:
        decode_pppoe(d, l);
        return;
    case ETHER_LLC:
        decode_llc(d, l);
        return;
    case ETHER_VNTAG:
        decode_vntag(d, l);
        return;
    case ETHER_HSR:
    case ETHER_RTAG:
        decode_tag(d, 6, l);
        return;
    case ETHER_ETAG:
    case ETHER_CISCO_METADATA:
        decode_tag(d, 8, l);
        return;
    case ETHER_ITAG:
        decode_tag(d, 18, l);
        return;
    case ETHER_MACSEC:
        decode_macsec(d, l);
        return;
    case ETHER_BATMAN:
        decode_batman(d, l);
        return;
    case ETHER_TRILL:
        decode_trill(d, l);
        return;
    case ETHER_NSH:
        decode_nsh(d, l);
        return;
    case ETHER_BRIDGING:
        decode_ethernet(d, l);
        return;
    case ETHER_ETHERCAT:
        decode_ethercat(d, l);
        return;
    case ETHER_LOWPAN:
        decode_lowpan_ethernet(d, l);
        return;
    }
    if (ether_type == ETHER_FCOE) /* it can; not followed */
        decode_unexpected(d, SUBJECT_ETHER_TYPE, ether_type, l);
    else if (!decode_vendor_type(d, ether_type, l) && !carries_no_tcp(ether_type))
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, ether_type);
}

bool ether_type_is_known(unsigned ether_type)
{
    switch (ether_type) {
    case ETHER_IPV4:
    case ETHER_IPV6:
    case ETHER_VLAN:
    case ETHER_QINQ_OLD:
    case ETHER_QINQ:
    case ETHER_MPLS_UNICAST:
    case ETHER_MPLS_MULTICAST:
    case ETHER_PPPOE:
    case ETHER_LLC:
    case ETHER_VNTAG:
    case ETHER_HSR:
    case ETHER_RTAG:
    case ETHER_ETAG:
    case ETHER_CISCO_METADATA:
    case ETHER_ITAG:
    case ETHER_FABRICPATH:
    case ETHER_MACSEC:
    case ETHER_BATMAN:
    case ETHER_TRILL:
    case ETHER_NSH:
    case ETHER_BRIDGING:
    case ETHER_ETHERCAT:
    case ETHER_LOWPAN:
    case ETHER_FCOE:
        return true;
    default:
        return vendor_type_is_known(ether_type) || carries_no_tcp(ether_type);
    }
}

/* What follows a field that is a type, or the length of an LLC frame. */
void decode_length_or_type(struct decoder *d, unsigned type, struct layer l)
{
    if (likely(type > LENGTH_MAX)) {
        decode_ether_type(d, type, l);
        return;
    }
    /* Novell's raw 802.3 has no LLC: the frame starts with the IPX checksum, which is always ffff. */
    if (layer_u16(&l, 0) == 0xffff)
        return;
    decode_llc(d, layer_first(l, type));
}

/* Cisco: 2 bytes of tree and TTL, then Ethernet. As in Wireshark, behind the addresses, with one tag at most between, and nowhere
 * else. The bytes before it; 0: there is none. */
static unsigned find_fabricpath(struct layer l, unsigned type)
{
    if (type == ETHER_FABRICPATH)
        return 14;
    return (type == ETHER_VLAN || type == ETHER_QINQ) && layer_u16(&l, 16) == ETHER_FABRICPATH ? 18 : 0;
}

void decode_ethernet(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 14, SUBJECT_ETHERNET) || !decoder_enter(d))
        return;
    const unsigned type = layer_u16(&l, 12);
    const unsigned fabricpath = type > ETHER_IPV4 ? find_fabricpath(l, type) : 0;
    if (unlikely(fabricpath))
        decode_ethernet(d, layer_after(l, fabricpath + 2));
    else
        decode_length_or_type(d, type, layer_after(l, 14));
}

void decode_vlan(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_VLAN) || !decoder_enter(d))
        return;
    if (!d->vlan)
        d->vlan = layer_u16(&l, 0) & 0x0fff;
    decode_length_or_type(d, layer_u16(&l, 2), layer_after(l, 4));
}
