/* Frame Relay (Q.922 core, RFC 2427 multiprotocol encapsulation, and Cisco's with ether types).
 *
 *     RFC 2427   | address 2 to 4 | control 1 or 2 | pad 00 or none | NLPID 1 | ...
 *     NLPID 80   | OUI 3 | protocol 2 | ...
 *     Cisco      | address 2 to 4 | ether type 2 | ...
 *
 * The last byte of the address has its lowest bit set.
 */
#include "engine/decode/protocols.h"

enum {
    CONTROL_UI = 0x03,
    NLPID_PAD = 0x00,
    NLPID_SNAP = 0x80,
    NLPID_IPV6 = 0x8e,
    NLPID_IPV4 = 0xcc,
    NLPID_PPP = 0xcf,
};

/* NLPID, from the number on (RFC 2427, 3). */
void decode_nlpid(struct decoder *d, struct layer l)
{
    unsigned nlpid = layer_u8(&l, 0);
    l = layer_after(l, 1);
    switch (nlpid) {
    case NLPID_IPV4:
        decode_ipv4(d, l);
        return;
    case NLPID_IPV6:
        decode_ipv6(d, l);
        return;
    case NLPID_SNAP:
        decode_snap(d, 0, l);
        return;
    case NLPID_PPP:
        decode_ppp_protocol(d, l);
        return;
    }
}

void decode_frame_relay(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_FRAME_RELAY) || !decoder_enter(d))
        return;
    uint32_t at = 1;
    while (at < l.captured && !(layer_u8(&l, at - 1) & 1))
        at++;
    /* On DLCI 0 signalling runs, and a one-byte address is none of Q.922's: no ether types there. */
    bool data = at > 1 && (layer_u8(&l, 0) >> 2 || layer_u8(&l, 1) >> 4);
    unsigned control = layer_u8(&l, at);
    if (control == CONTROL_UI || (data && (control & 3) == 3))
        at++;
    else if (!data || decode_chdlc_protocol(d, layer_u16(&l, at), layer_after(l, at + 2)))
        return;
    else
        at += 2;
    at += layer_u8(&l, at) == NLPID_PAD;
    decode_nlpid(d, layer_after(l, at));
}
