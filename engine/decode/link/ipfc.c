/* IP over Fibre Channel (RFC 2625, 3): | destination 8 | source 8 | LLC ... */
#include "engine/decode/protocols.h"

void decode_ipfc(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 16, SUBJECT_IPFC) && decoder_enter(d))
        decode_llc(d, layer_after(l, 16));
}
