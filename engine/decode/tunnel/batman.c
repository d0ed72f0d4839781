/* B.A.T.M.A.N. advanced (ether type 0x4305), as the Linux kernel writes it (net/batman-adv), and the gateway
 * tunnel of layer 3 B.A.T.M.A.N. (UDP 4306).
 *
 *     advanced   | type 1 | version 1 | ... | Ethernet
 *     gateway    | type 1 | IPv4
 *
 * The bytes before Ethernet depend on the version and the type:
 *
 *     15         unicast 0x40: 10, unicast with addresses 0x42: 18, broadcast 0x01: 14
 *     14         unicast 3: 10
 *     7 to 13    unicast 3: 9
 */
#include "engine/decode/protocols.h"

static uint32_t header_size(unsigned type, unsigned version)
{
    if (version == 15)
        return type == 0x40 ? 10 : type == 0x42 ? 18 : type == 0x01 ? 14 : 0;
    if (type == 3)
        return version == 14 ? 10 : version >= 7 && version < 14 ? 9 : 0;
    return 0;
}

void decode_batman(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 2, SUBJECT_BATMAN) || !decoder_enter(d))
        return;
    uint32_t size = header_size(layer_u8(&l, 0), layer_u8(&l, 1));
    if (size && decoder_need(d, &l, size, SUBJECT_BATMAN))
        decode_ethernet(d, layer_after(l, size));
}

void decode_batman_gateway(struct decoder *d, struct layer l)
{
    if (decoder_enter(d) && layer_u8(&l, 0) == 1)
        decode_ipv4(d, layer_after(l, 1));
}
