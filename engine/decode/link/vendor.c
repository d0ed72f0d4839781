/* Headers of single vendors, by ether type. Layouts were found by trying them on tshark.
 *
 *     Gigamon (0x22e5):     | length of all before the type 1 | ... | type or length 2 |
 *     VMlab (0x88de):       | portgroup, flags 10 | destination 6 | source 6 | type 2 |
 *     HB backplane (0x8988): | ... 6 | type 2 |
 *     Fortinet (0x8893), a session that a cluster hands over:   | id 2 | VLAN 2 | IPv4
 *     EXOS (0xe555), between processors of Extreme's switches:  | ... 38 | Ethernet
 *
 * The other protocols of this kind have files of their own; the table is for all of them.
 */
#include "engine/decode/protocols.h"

static void decode_gigamon(struct decoder *d, struct layer l)
{
    uint32_t size = layer_u8(&l, 0);
    if (!decoder_need(d, &l, size + 2, SUBJECT_TAG) || !decoder_enter(d))
        return;
    if (size)
        decode_length_or_type(d, layer_u16(&l, size), layer_after(l, size + 2));
    else
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_TAG, 0);
}

static void decode_vmlab(struct decoder *d, struct layer l)
{
    decode_tag(d, 24, l);
}

static void decode_backplane(struct decoder *d, struct layer l)
{
    decode_tag(d, 8, l);
}

static void decode_fortinet_session(struct decoder *d, struct layer l)
{
    if (d->rules == RULES_4_0) /* unknown to it */
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, 0x8893);
    else if (decoder_need(d, &l, 4, SUBJECT_TAG))
        decode_ipv4(d, layer_after(l, 4));
}

static void decode_exos(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 38, SUBJECT_TAG))
        decode_ethernet(d, layer_after(l, 38));
}

typedef void type_decoder(struct decoder *, struct layer);

static type_decoder *vendor_type_find(unsigned ether_type)
{
    switch (ether_type) {
    case 0x08ff:
        return decode_bpq;
    case 0x22e5:
        return decode_gigamon;
    case 0x2452:
        return decode_centrino;
    case 0x8893:
        return decode_fortinet_session;
    case 0x88bb: /* Cisco's, and the number of its draft */
    case 0xbbbb:
        return decode_lwapp;
    case 0x88de:
        return decode_vmlab;
    case 0x8988:
        return decode_backplane;
    case 0x99fe:
        return decode_tecmp;
    case 0xd28b:
        return decode_arista;
    case 0xe555:
        return decode_exos;
    default:
        return NULL;
    }
}

bool vendor_type_is_known(unsigned ether_type)
{
    return vendor_type_find(ether_type);
}

bool decode_vendor_type(struct decoder *d, unsigned ether_type, struct layer l)
{
    type_decoder *decode = vendor_type_find(ether_type);
    if (decode)
        decode(d, l);
    return decode;
}
