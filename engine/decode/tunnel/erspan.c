/* ERSPAN: draft-foschiano-erspan, 4.
 *
 *     type I:    nothing: GRE without a sequence number
 *     type II:   | Ver 4 = 1 | VLAN 12 | COS 3 | En 2 | T | session 10 | reserved 12 | index 20 |
 *     type III:  | Ver 4 = 2 | VLAN 12 | COS 3 | BSO 2 | T | session 10 |
 *                | time stamp 4 | SGT 2 |P| FT 5 | Hw ID 6 |D| Gra 2 |O| platform specific 8, if O |
 */
#include "engine/decode/protocols.h"

enum { FRAME_ETHERNET = 0 };

void decode_erspan(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_ERSPAN) || !decoder_enter(d))
        return;
    unsigned version = layer_u8(&l, 0) >> 4;
    if (version == 1) {
        decode_ethernet(d, layer_after(l, 8));
        return;
    }
    if (version != 2) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_ERSPAN, version);
        return;
    }
    if (!decoder_need(d, &l, 12, SUBJECT_ERSPAN))
        return;
    unsigned bits = layer_u16(&l, 10), type = bits >> 10 & 0x1f;
    l = layer_after(l, bits & 1 ? 20 : 12);
    if (type == FRAME_ETHERNET)
        decode_ethernet(d, l);
    else
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_ERSPAN, version);
}
