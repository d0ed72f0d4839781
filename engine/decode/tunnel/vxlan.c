/* VXLAN, RFC 7348, 5, and its generic protocol extension, draft-ietf-nvo3-vxlan-gpe, 3.1. Flags are not
 * looked at: what sets them oddly is decoded all the same.
 *
 *    |R|R|R|R|I|R|R|R|            Reserved           | Next protocol (GPE) |
 *    |                VXLAN Network Identifier (VNI) |   Reserved    |
 */
#include "engine/decode/protocols.h"

static bool enter_network(struct decoder *d, const struct layer *l)
{
    if (!decoder_need(d, l, 8, SUBJECT_VXLAN) || !decoder_enter(d))
        return false;
    d->network = (layer_u32(l, 4) >> 8) + 1;
    return true;
}

void decode_vxlan(struct decoder *d, struct layer l)
{
    if (!enter_network(d, &l))
        return;
    decode_ethernet(d, layer_after(l, 8));
}

void decode_vxlan_gpe(struct decoder *d, struct layer l)
{
    if (!enter_network(d, &l))
        return;
    decode_next_protocol(d, layer_u8(&l, 3), layer_after(l, 8));
}
