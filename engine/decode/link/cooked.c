/* Linux cooked captures, versions 1 and 2 (LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2).
 *
 *     | packet type 2 | ARPHRD 2 | address length 2 | address 8 | protocol 2 | ...
 *     | protocol 2 | reserved 2 | interface 4 | ARPHRD 2 | packet type 1 | address length 1 | address 8 | ...
 *
 * The protocol is an ether type, or one of Linux' own numbers below 1536 (linux/if_ether.h); for a few
 * devices (linux/if_arp.h) it means something else.
 */
#include "engine/decode/protocols.h"

enum {
    ARPHRD_FRAD = 770,
    ARPHRD_IPGRE = 778,
    ARPHRD_RADIOTAP = 803,
    ARPHRD_IP6GRE = 823,
    ARPHRD_NETLINK = 824,

    PROTOCOL_802_3 = 1, /* Novell's, without LLC: carries IPX only */
    PROTOCOL_ETHERNET = 3,
    PROTOCOL_802_2 = 4,
    PROTOCOL_PPP = 7,
    PROTOCOL_802_15_4 = 0xf6,
    PROTOCOL_NUMBERS_MAX = 1536, /* above, they are ether types */
};

static void decode_cooked(struct decoder *d, unsigned device, unsigned protocol, struct layer l)
{
    if (unlikely(device == ARPHRD_NETLINK)) /* of version 2: unknown to Wireshark */
        return;
    if (likely(protocol > PROTOCOL_NUMBERS_MAX)) {
        if (unlikely(device == ARPHRD_IPGRE || device == ARPHRD_IP6GRE))
            decode_gre_type(d, 0, protocol, l);
        else
            decode_ether_type(d, protocol, l);
        return;
    }
    switch (device) {
    case ARPHRD_FRAD:
        decode_frame_relay(d, l);
        return;
    case ARPHRD_RADIOTAP:
        decode_radiotap(d, l);
        return;
    }
    switch (protocol) {
    case PROTOCOL_ETHERNET:
        decode_ethernet(d, l);
        return;
    case PROTOCOL_802_2:
        decode_llc(d, l);
        return;
    case PROTOCOL_PPP:
        decode_ppp_hdlc(d, l);
        return;
    case PROTOCOL_802_15_4:
        decode_wpan(d, l);
        return;
    default:
        decode_unexpected(d, SUBJECT_COOKED, protocol, l);
        return;
    }
}

void decode_cooked1(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 16, SUBJECT_COOKED) || !decoder_enter(d))
        return;
    if (unlikely(layer_u16(&l, 2) == ARPHRD_NETLINK))
        decode_netlink(d, l);
    else
        decode_cooked(d, layer_u16(&l, 2), layer_u16(&l, 14), layer_after(l, 16));
}

void decode_cooked2(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 20, SUBJECT_COOKED) && decoder_enter(d))
        decode_cooked(d, layer_u16(&l, 8), layer_u16(&l, 0), layer_after(l, 20));
}
