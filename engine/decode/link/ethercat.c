/* EtherCAT (ether type 0x88a4, UDP port 34980): Ethernet frames in its mailboxes (ETG.1000.4, ETG.1000.6).
 * All fields are little endian.
 *
 *     | length 11, reserved 1, type 4 | datagrams (type 1), or one mailbox (type 5)
 *     datagram: | command 1 | index 1 | address 2 | offset 2 | length 11, ..., more follow 1 |
 *               | interrupt 2 | data | working counter 2 |
 *     mailbox:  | length 2 | address 2 | channel, priority 1 | type 4, counter 4 |
 *     EoE:      | type 4, port 4, last 1, ... | fragment 6, offset 6, frame 4 | Ethernet
 *
 * Which datagrams hold a mailbox was found by trying them on tshark. It does not put the fragments of a frame
 * together: it takes the first one for all of it, and leaves the others out.
 */
#include "engine/decode/protocols.h"

enum {
    TYPE_COMMANDS = 1,
    TYPE_MAILBOX = 5,

    DATAGRAM_HEADER = 10,
    DATAGRAM_COUNTER = 2,
    DATAGRAM_MORE = 0x8000,
    DATAGRAM_LENGTH = 0x07ff,
    MAILBOXES_FROM = 0x1000, /* registers are below */

    MAILBOX_HEADER = 6,
    MAILBOX_ETHERNET = 2,
    EOE_HEADER = 4,
    EOE_FRAME = 0,
    EOE_FRAGMENT_NUMBER = 0x3f,
};

static void decode_mailbox(struct decoder *d, struct layer l)
{
    uint32_t size = layer_le16(&l, 0);
    if (l.length < MAILBOX_HEADER + size || !decoder_need(d, &l, MAILBOX_HEADER, SUBJECT_ETHERCAT))
        return;
    bool ethernet = (layer_u8(&l, 5) & 0x0f) == MAILBOX_ETHERNET;
    l = layer_first(layer_after(l, MAILBOX_HEADER), size);
    if (!ethernet || l.length < EOE_HEADER || !decoder_need(d, &l, EOE_HEADER, SUBJECT_ETHERCAT))
        return;
    if ((layer_u8(&l, 0) & 0x0f) == EOE_FRAME && (layer_u8(&l, 2) & EOE_FRAGMENT_NUMBER) == 0)
        decode_ethernet(d, layer_after(l, EOE_HEADER));
}

/* Writes to any place may hold one, reads when one device has answered. */
static bool may_hold_mailbox(unsigned command, unsigned offset, unsigned counter)
{
    enum { APRD = 1, APWR, APRW, FPRD, FPWR, FPRW };
    bool read = command == APRD || command == FPRD;
    return command >= APRD && command <= FPRW && offset >= MAILBOXES_FROM && (!read || counter == 1);
}

static void decode_datagrams(struct decoder *d, struct layer l)
{
    const struct surroundings around = decoder_surroundings(d);
    bool more = true;
    while (more && l.length >= DATAGRAM_HEADER) {
        if (!decoder_need(d, &l, DATAGRAM_HEADER, SUBJECT_ETHERCAT))
            return;
        uint32_t size = layer_le16(&l, 6) & DATAGRAM_LENGTH, end = DATAGRAM_HEADER + size;
        if (l.length < end + DATAGRAM_COUNTER ||
            !decoder_need(d, &l, end + DATAGRAM_COUNTER, SUBJECT_ETHERCAT))
            return;
        more = layer_le16(&l, 6) & DATAGRAM_MORE;
        decoder_go_back(d, around);
        if (may_hold_mailbox(layer_u8(&l, 0), layer_le16(&l, 4), layer_le16(&l, end)))
            decode_mailbox(d, layer_first(layer_after(l, DATAGRAM_HEADER), size));
        l = layer_after(l, end + DATAGRAM_COUNTER);
    }
}

void decode_ethercat(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 2, SUBJECT_ETHERCAT) || !decoder_enter(d))
        return;
    unsigned type = layer_le16(&l, 0) >> 12;
    l = layer_after(l, 2);
    if (type == TYPE_COMMANDS)
        decode_datagrams(d, l);
    else if (type == TYPE_MAILBOX)
        decode_mailbox(d, l);
}
