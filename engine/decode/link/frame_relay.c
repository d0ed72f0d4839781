/* Frame Relay (Q.922 core, RFC 2427 multiprotocol encapsulation, Cisco's with ether types, and Ethernet as it is).
 *
 *     RFC 2427   | address 2 to 4 | pad 00 or none | control 1 or 2 | pad 00 or none | NLPID 1 | ...
 *     NLPID 80   | OUI 3 | protocol 2 | ...
 *     Cisco      | address 2 to 4 | ether type 2 | ...
 *     Ethernet   | address 2 to 4 | Ethernet | FCS 4
 *
 * The last byte of the address has its lowest bit set. Only what follows it tells which form it is. As in Wireshark, it is
 * Ethernet if there is no known NLPID behind the control field, nor a known ether type instead of it; but not where the control
 * field is that of UI or XID. Wireshark does not always agree on frames that begin with a pad byte.
 */
#include "engine/decode/protocols.h"

enum {
    CONTROL_UI = 0x03,
    CONTROL_XID = 0xaf,
    NLPID_PAD = 0x00,
    NLPID_SNAP = 0x80,
    NLPID_IPV6 = 0x8e,
    NLPID_IPV4 = 0xcc,
    NLPID_PPP = 0xcf,
    FCS = 4,
};

/* Protocols that Wireshark knows in Frame Relay. */
static const uint16_t cisco_types[] = {0x0111, 0x0600, 0x2000, 0x4242, 0x6003,
                                       0x8035, 0x8038, 0x809b, 0x80f3, 0x8137};
static const uint8_t nlpids[] = {NLPID_PAD, 0x08,       0x09, NLPID_SNAP, 0x81,     0x82,
                                 0x83,      NLPID_IPV6, 0xb0, NLPID_IPV4, NLPID_PPP};

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

static bool knows_nlpid(unsigned nlpid)
{
    for (unsigned i = 0; i < ARRAY_LEN(nlpids); i++)
        if (nlpids[i] == nlpid)
            return true;
    return false;
}

static bool is_cisco_type(unsigned type)
{
    for (unsigned i = 0; i < ARRAY_LEN(cisco_types); i++)
        if (cisco_types[i] == type)
            return true;
    return false;
}

static void decode_padded_nlpid(struct decoder *d, struct layer l)
{
    decode_nlpid(d, layer_after(l, layer_u8(&l, 0) == NLPID_PAD));
}

/* What carries data, from behind the address on. */
static void decode_data(struct decoder *d, struct layer l)
{
    const bool padded = layer_u8(&l, 0) == NLPID_PAD;
    const unsigned control = layer_u8(&l, padded);
    if (!padded && control == CONTROL_XID)
        return;
    /* Behind a control byte, or the two of information and supervisory frames. */
    const uint32_t at = padded + ((control & 3) == 3 ? 1 : 2);
    if ((control & 3) != 3 &&
        (is_cisco_type(layer_u16(&l, 0)) || decode_chdlc_protocol(d, layer_u16(&l, 0), layer_after(l, 2))))
        return;
    if ((padded || control != CONTROL_UI) && !knows_nlpid(layer_u8(&l, at))) {
        decode_ethernet(d, layer_first(l, l.length - MIN(l.length, FCS)));
        return;
    }
    decode_padded_nlpid(d, layer_after(l, at));
}

void decode_frame_relay(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_FRAME_RELAY) || !decoder_enter(d))
        return;
    uint32_t at = 1;
    while (at < l.captured && !(layer_u8(&l, at - 1) & 1))
        at++;
    /* On DLCI 0 signalling runs, and a one-byte address is none of Q.922's: no ether types there. */
    if (at > 1 && (layer_u8(&l, 0) >> 2 || layer_u8(&l, 1) >> 4))
        decode_data(d, layer_after(l, at));
    else if (layer_u8(&l, at) == CONTROL_UI)
        decode_padded_nlpid(d, layer_after(l, at + 1));
}
