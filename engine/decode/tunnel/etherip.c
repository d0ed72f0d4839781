/* EtherIP, RFC 3378, 3: | version 4 bits, always 3 | reserved 12 bits | Ethernet */
#include "engine/decode/protocols.h"

void decode_etherip(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 2, SUBJECT_ETHERIP) && decoder_enter(d))
        decode_ethernet(d, layer_after(l, 2));
}
