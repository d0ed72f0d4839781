/* TECMP, which capture modules in cars send (ether type 0x99fe; Technica Engineering).
 *
 *     | device 2 | counter 2 | version 1 | message type 1 | data type 2 | reserved 2 | flags 2 | entries:
 *     | interface 4 | time stamp 8 | length 2 | flags 2 | data, as many bytes |
 *
 * The data of messages of data type 0x80 are Ethernet frames, those of 0x82, which 4.0 does not know,
 * have 8 bytes before them.
 */
#include "engine/decode/protocols.h"

enum {
    TECMP_HEADER = 12,
    TECMP_ENTRY = 16,
    TYPE_LOGGING = 3,
    TYPE_REPLAY = 10,
    DATA_ETHERNET = 0x80,
    DATA_ETHERNET_T1S = 0x82,
};

void decode_tecmp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, TECMP_HEADER, SUBJECT_TECMP) || !decoder_enter(d))
        return;
    unsigned type = layer_u8(&l, 5), data = layer_u16(&l, 6);
    bool newer = d->rules != RULES_4_0, after_eight = data == DATA_ETHERNET_T1S && newer;
    if ((type != TYPE_LOGGING && type != TYPE_REPLAY) || (data != DATA_ETHERNET && !after_eight))
        return;
    const struct surroundings around = decoder_surroundings(d);
    for (l = layer_after(l, TECMP_HEADER); l.length >= TECMP_ENTRY;) {
        if (!decoder_need(d, &l, TECMP_ENTRY, SUBJECT_TECMP))
            return;
        uint32_t size = layer_u16(&l, 12);
        if (size > l.length - TECMP_ENTRY && !newer) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_TECMP, 0);
            return;
        }
        decoder_go_back(d, around);
        decode_ethernet(d, layer_after(layer_first(layer_after(l, TECMP_ENTRY), size), after_eight ? 8 : 0));
        l = layer_after(l, TECMP_ENTRY + size);
    }
}
