/* Apple's IP over IEEE 1394 (LINKTYPE_APPLE_IP_OVER_IEEE1394):
 *
 *     | destination 8 | source 8 | ether type 2 | ...
 */
#include "engine/decode/protocols.h"

void decode_ieee1394(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 18, SUBJECT_IEEE1394) && decoder_enter(d))
        decode_ether_type(d, layer_u16(&l, 16), layer_after(l, 18));
}
