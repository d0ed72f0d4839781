/* IEEE 802.15.4 data frames, IEEE 802.15.4-2020, 7.2 and 7.3.2.
 *
 *     | frame control 2 | sequence number 1 | PAN id 2 | address 2 or 8 | PAN id 2 | address 2 or 8 | IEs | ...
 *
 *     frame control, little endian:
 *     | source mode 2 | version 2 | destination mode 2 | IEs | no sequence number | - | one PAN id | ack | more | secured | type 3 |
 *
 * Which PAN ids are there depends on the version, the modes, and the bit (table 7-2). What frames carry does not say what it
 * is; Wireshark takes it for 6LoWPAN if it begins like that.
 */
#include "engine/decode/link/lowpan.h"

enum {
    TYPE = 0x0007,
    TYPE_DATA = 1,
    SECURED = 0x0008,
    ONE_PAN = 0x0040,
    NO_SEQUENCE = 0x0100, /* from version 2 on, as the next one */
    HAS_ELEMENTS = 0x0200,
    DESTINATION_SHIFT = 10,
    VERSION_SHIFT = 12,
    SOURCE_SHIFT = 14,

    MODE_NONE = 0,
    MODE_RESERVED = 1,
    MODE_SHORT = 2,

    ELEMENT_PAYLOAD = 0x8000,
    HEADER_ELEMENT_LENGTH = 0x007f,
    HEADER_TERMINATION_1 = 0x7e, /* elements of the payload follow */
    HEADER_TERMINATION_2 = 0x7f,
    PAYLOAD_ELEMENT_LENGTH = 0x07ff,
    PAYLOAD_TERMINATION = 15,

    FCS = 2,

    TAP_FCS_TYPE = 0, /* of TLVs */
    TAP_FCS_16 = 1,
    TAP_FCS_32 = 2,

    PREAMBLE = 4,
    DELIMITER = 0xa7,
};

/* Reads an address, least byte first. */
static uint32_t read_address(const struct layer *l, uint32_t at, unsigned mode, struct lowpan_address *a)
{
    a->size = mode == MODE_NONE ? 0 : mode == MODE_SHORT ? 2 : 8;
    for (uint32_t i = 0; i < a->size; i++)
        a->bytes[i] = layer_u8(l, at + a->size - 1 - i);
    return a->size;
}

/* The bytes of the addressing fields before each address. False: no such frame. */
static bool pan_ids(unsigned version, unsigned destination, unsigned source, bool one, uint32_t size[2])
{
    if (version > 2 || destination == MODE_RESERVED || source == MODE_RESERVED)
        return false;
    if (version < 2) {
        if (one && (!destination || !source))
            return false;
        size[0] = destination ? 2 : 0;
        size[1] = source && !one ? 2 : 0;
        return true;
    }
    bool both_long = destination > MODE_SHORT && source > MODE_SHORT;
    if (!destination && !source)
        size[0] = one ? 2 : 0;
    else
        size[0] = !destination || (one && (!source || both_long)) ? 0 : 2;
    size[1] = !source || one || (destination && both_long) ? 0 : 2;
    return true;
}

/* Information elements. False: they do not end before the frame does. */
static bool skip_elements(struct layer *l)
{
    bool payload = false;
    for (;;) {
        if (l->captured < 2)
            return false;
        unsigned head = layer_le16(l, 0);
        if (payload) {
            *l = layer_after(*l, 2u + (head & PAYLOAD_ELEMENT_LENGTH));
            if (head >> 11 == (ELEMENT_PAYLOAD >> 11 | PAYLOAD_TERMINATION))
                return true;
        } else {
            *l = layer_after(*l, 2u + (head & HEADER_ELEMENT_LENGTH));
            if (head >> 7 == HEADER_TERMINATION_2)
                return true;
            payload = head >> 7 == HEADER_TERMINATION_1;
        }
    }
}

/* A frame without check sequence. */
static void decode_mac(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 3, SUBJECT_WPAN) || !decoder_enter(d))
        return;
    unsigned control = layer_le16(&l, 0), version = control >> VERSION_SHIFT & 3;
    unsigned destination = control >> DESTINATION_SHIFT & 3, source = control >> SOURCE_SHIFT & 3;
    uint32_t pan[2], at = version >= 2 && control & NO_SEQUENCE ? 2 : 3;
    if ((control & TYPE) != TYPE_DATA || !pan_ids(version, destination, source, control & ONE_PAN, pan))
        return;
    if (control & SECURED) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_WPAN_ENCRYPTED, 0);
        return;
    }
    struct lowpan_address from = {0}, to = {0};
    at += pan[0];
    at += read_address(&l, at, destination, &to);
    at += pan[1];
    at += read_address(&l, at, source, &from);
    if (!decoder_need(d, &l, at, SUBJECT_WPAN))
        return;
    l = layer_after(l, at);
    if (version < 2 || !(control & HAS_ELEMENTS) || skip_elements(&l))
        decode_lowpan(d, &from, &to, l);
}

/* The check sequence of ITU-T, least bit first. */
static bool fcs_is_right(const struct layer *l)
{
    uint16_t sum = 0;
    for (uint32_t i = 0; i < l->length - FCS; i++) {
        sum ^= layer_u8(l, i);
        for (int bit = 0; bit < 8; bit++)
            sum = (uint16_t)(sum & 1 ? sum >> 1 ^ 0x8408 : sum >> 1);
    }
    return sum == layer_le16(l, l->length - FCS);
}

void decode_wpan(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, FCS, SUBJECT_WPAN) || (l.captured == l.length && !fcs_is_right(&l)))
        return;
    decode_mac(d, layer_without_last(l, FCS));
}

void decode_wpan_no_fcs(struct decoder *d, struct layer l)
{
    decode_mac(d, l);
}

/* | preamble 4 | delimiter 1 | length 1 | ... */
void decode_wpan_phy(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, PREAMBLE + 2, SUBJECT_WPAN) && layer_u32(&l, 0) == 0 &&
        layer_u8(&l, PREAMBLE) == DELIMITER)
        decode_wpan(d, layer_first(layer_after(l, PREAMBLE + 2), layer_u8(&l, PREAMBLE + 1) & 0x7f));
}

/* | version 1 | 0 | length 2 | then: | type 2 | length 2 | value, filled up to 4 bytes | */
void decode_wpan_tap(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_WPAN))
        return;
    uint32_t size = MAX(layer_le16(&l, 2), 4);
    struct layer fields = layer_after(layer_first(l, size), 4), frame = layer_after(l, size);
    unsigned fcs = 0;
    while (fields.captured >= 4) {
        if (layer_le16(&fields, 0) == TAP_FCS_TYPE && layer_le16(&fields, 2))
            fcs = layer_u8(&fields, 4);
        fields = layer_after(fields, 4u + ((layer_le16(&fields, 2) + 3u) & ~3u));
    }
    if (fcs == TAP_FCS_16)
        decode_wpan(d, frame);
    else
        decode_mac(d, fcs == TAP_FCS_32 ? layer_without_last(frame, 4) : frame);
}
