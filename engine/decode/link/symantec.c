/* Symantec Enterprise Firewall (LINKTYPE_SYMANTEC_FIREWALL), two forms of header:
 *
 *     | 6 | ether type 2 | ... 44 bytes in all
 *     | 10 | ether type 2 | ... 56 bytes in all
 *
 * Where the one has its type, the other has zeros. (Offsets found by trying them on tshark.)
 */
#include "engine/decode/protocols.h"

void decode_symantec(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 12, SUBJECT_SYMANTEC) || !decoder_enter(d))
        return;
    unsigned second = layer_u16(&l, 6), third = layer_u16(&l, 10);
    if (third == 0)
        decode_ether_type(d, second, layer_after(l, 44));
    else if (second == 0)
        decode_ether_type(d, third, layer_after(l, 56));
}
