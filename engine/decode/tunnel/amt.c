/* Automatic multicast tunneling, RFC 7450, 5.1.6: | version 4 bits, type 4 bits, 6 is data | 1 | IP. */
#include "engine/decode/protocols.h"

void decode_amt(struct decoder *d, struct layer l)
{
    if (decoder_enter(d) && (layer_u8(&l, 0) & 15) == 6)
        decode_ipv4(d, layer_after(l, 2));
}
