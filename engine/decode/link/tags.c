/* Tags of a fixed size that stand between an ether type and the next one.
 *
 *     802.1ad (0x88a8):          | tag control 2 | type 2 |                                 IEEE 802.1Q, 9.6
 *     802.1BR E-TAG (0x893f):    | priority, id 6 | type 2 |                                IEEE 802.1BR, 7.5
 *     Cisco metadata (0x8909):   | version 1 | length 1 | option 2 | SGT 2 | type 2 |       Cisco
 *     HSR (0x892f):              | path, size 2 | sequence number 2 | type 2 |              IEC 62439-3
 *     redundancy tag (0xf1c1):   | reserved 2 | sequence number 2 | type 2 |                IEEE 802.1CB, 7.8
 *     802.1ah I-TAG (0x88e7):    | priority, id 4 | destination 6 | source 6 | type 2 |     IEEE 802.1Q, 9.7
 *     VN-Tag (0x8926):           | interfaces 4 | type or length 2 |                        Cisco
 */
#include "engine/decode/protocols.h"

void decode_tag(struct decoder *d, uint32_t size, struct layer l)
{
    if (decoder_need(d, &l, size, SUBJECT_TAG) && decoder_enter(d))
        decode_ether_type(d, layer_u16(&l, size - 2), layer_after(l, size));
}

void decode_vntag(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 6, SUBJECT_TAG) && decoder_enter(d))
        decode_length_or_type(d, layer_u16(&l, 4), layer_after(l, 6));
}
