/* GTP-U, 3GPP TS 29.281, 5, and GTP version 0, 3GPP TS 09.60, 6. Of all messages only T-PDU carries a user's
 * packet.
 *
 *     | version 3, PT, -, E, S, PN | message type 1 | length 2 | TEID 4 |           version 1
 *     | sequence number 2 | N-PDU number 1 | next extension 1 |         if any of E, S, PN is set
 *     | length 1, in 4 bytes | ... | next extension 1 |                 each extension header, if E is set
 *     | flags 1 | message type 1 | length 2 | sequence 2 | flow 2 | SNDCP 1 | 3 | TID 8 |      version 0
 */
#include "engine/decode/protocols.h"

enum {
    GTP_PROTOCOL = 0x10, /* not GTP', which is charging */
    GTP_EXTENSION = 0x04,
    GTP_OPTIONAL = 0x07,
    GTP_T_PDU = 0xff,
};

/* Nothing says what a T-PDU is: IPv4 or IPv6 of just this length (4.6.9 takes none with bytes behind it, and none that is cut,
 * as in an ICMP error; 4.0.17 takes any, but for those with the longest header), or Ethernet with one of them. */
static void decode_t_pdu(struct decoder *d, struct layer l)
{
    const uint32_t ipv6_header = 40;
    const unsigned first = layer_u8(&l, 0);
    const bool any = d->rules == RULES_4_0;
    if (l.captured == 0)
        return;
    if (first >= 0x45 && first <= (any ? 0x4e : 0x4f) && (any || layer_u16(&l, 2) == l.length))
        decode_ipv4(d, l);
    else if (first >> 4 == 6 && (any || layer_u16(&l, 4) + ipv6_header == l.length))
        decode_ipv6(d, l);
    else if (layer_u16(&l, 12) == 0x0800 || layer_u16(&l, 12) == 0x86dd)
        decode_ethernet(d, l);
}

void decode_gtp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_GTP) || !decoder_enter(d))
        return;
    unsigned flags = layer_u8(&l, 0), version = flags >> 5, type = layer_u8(&l, 1);
    if (!(flags & GTP_PROTOCOL) || version > 1 || type != GTP_T_PDU)
        return;
    l = layer_first(l, (version ? 8u : 20u) + layer_u16(&l, 2));
    if (version == 0) {
        if (decoder_need(d, &l, 20, SUBJECT_GTP))
            decode_t_pdu(d, layer_after(l, 20));
        return;
    }
    l = layer_after(l, 8);
    if (flags & GTP_OPTIONAL) {
        if (!decoder_need(d, &l, 4, SUBJECT_GTP))
            return;
        unsigned next = flags & GTP_EXTENSION ? layer_u8(&l, 3) : 0;
        l = layer_after(l, 4);
        while (next) {
            uint32_t size = layer_u8(&l, 0) * 4u;
            if (!size) {
                decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_GTP, 0);
                return;
            }
            if (!decoder_need(d, &l, size, SUBJECT_GTP))
                return;
            next = layer_u8(&l, size - 1);
            l = layer_after(l, size);
        }
    }
    decode_t_pdu(d, l);
}
