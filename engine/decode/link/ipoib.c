/* IP over InfiniBand (RFC 4391, 6), with the hardware address of the destination before it:
 * | address 40 | ether type 2 | reserved 2 | ... */
#include "engine/decode/protocols.h"

void decode_ipoib(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 44, SUBJECT_IPOIB) || !decoder_enter(d))
        return;
    unsigned type = layer_u16(&l, 40);
    if (type == 0x0800)
        decode_ipv4(d, layer_after(l, 44));
    else if (type == 0x86dd)
        decode_ipv6(d, layer_after(l, 44));
}
