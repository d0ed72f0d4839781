/* AX.25 2.2 (amateur packet radio), also inside KISS.
 *
 *     | destination 7 | source 7 | repeaters 7 each | control 1 | PID 1 | ...
 *
 * The last address has its lowest bit set. Only I and UI frames have a PID.
 */
#include "engine/decode/protocols.h"

enum {
    ADDRESS = 7,
    PID_IP = 0xcc,
};

void decode_ax25(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 2 * ADDRESS + 1, SUBJECT_AX25) || !decoder_enter(d))
        return;
    uint32_t at = 2 * ADDRESS;
    while (at < l.captured && !(layer_u8(&l, at - 1) & 1))
        at += ADDRESS;
    if (!decoder_need(d, &l, at + 2, SUBJECT_AX25))
        return;
    unsigned control = layer_u8(&l, at);
    bool information = !(control & 1) || control == 0x03;
    if (information && layer_u8(&l, at + 1) == PID_IP)
        decode_ipv4(d, layer_after(l, at + 2));
}

/* LINKTYPE_AX25_KISS: | port and command 1 | AX.25 ...; command 0 is a frame */
void decode_ax25_kiss(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 1, SUBJECT_AX25) && (layer_u8(&l, 0) & 0x0f) == 0)
        decode_ax25(d, layer_after(l, 1));
}

/* Ether type 0x08ff, of John Wiseman's node software: | length 2 | AX.25 ... */
void decode_bpq(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 2, SUBJECT_AX25))
        decode_ax25(d, layer_after(l, 2));
}
