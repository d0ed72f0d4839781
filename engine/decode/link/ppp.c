/* PPP: the protocol field (RFC 1661, 2; RFC 1662, 3 for address and control), multilink (RFC 1990, 3),
 * multiplexing (RFC 3153, 1.1) and bridging (RFC 3518, 4.2).
 *
 *     | FF 03, or nothing | protocol 1 or 2 | ...
 *     |B|E|0 0 0 0 0 0| sequence number 3 | ...                    after 0x003d: begins, ends
 *     |P|L| length 6 or 14 bits | protocol 1 or 2, if P | ...      each frame after 0x0059
 *     |F|I|Z|B| pads  | MAC type | LAN id 4, if I | ... | FCS 4, if F      after 0x0031
 *
 * A protocol number is even in its first byte and odd in its second; so a first byte that is odd is the whole
 * number, compressed (RFC 1661, 6.5).
 */
#include "engine/decode/protocols.h"

enum {
    LINK_ETHERNET = 1,
    PPP_ADDRESS = 0xff, /* all stations; a control byte follows it */

    PPP_IPV4 = 0x0021,
    PPP_VJ_COMPRESSED = 0x002d, /* RFC 1144; needs the state of the line */
    PPP_VJ_UNCOMPRESSED = 0x002f,
    PPP_BRIDGING = 0x0031,
    PPP_ENCRYPTED = 0x0053,
    PPP_LLC = 0x004b, /* SNA over LLC */
    PPP_IPV6 = 0x0057,
    PPP_MUX = 0x0059,
    PPP_COMPRESSED_LINK = 0x00fb,
    PPP_COMPRESSED = 0x00fd,
    PPP_MPLS_UNICAST = 0x0281,
    PPP_MPLS_MULTICAST = 0x0283,
    PPP_ETHER_IPV4 = 0x0800, /* some write ether types; Wireshark knows these two */
    PPP_ETHER_IPV6 = 0x86dd,

    MULTILINK_BEGINS = 0x80,
    MULTILINK_ENDS = 0x40,
    MULTILINK_WHOLE = MULTILINK_BEGINS | MULTILINK_ENDS,
    MULTILINK_NUMBER = 0xffffff,

    MUX_NUMBERED = 0x80,
    MUX_LONG = 0x40,
    MUX_LENGTH = 0x3f,
    MUX_LONG_LENGTH = 0x3fff,

    BRIDGE_FCS = 0x80,
    BRIDGE_CONTROL = 0x10,
    MAC_ETHERNET = 1,
};

static void decode_bridged(struct decoder *d, struct layer l)
{
    unsigned flags = layer_u8(&l, 0), mac = layer_u8(&l, 1);
    if (flags & BRIDGE_CONTROL)
        return;
    if (!decoder_need(d, &l, 2, SUBJECT_PPP))
        return;
    l = layer_after(l, 2); /* a LAN id (I) is not skipped: Wireshark takes it for a part of the frame */
    if (flags & BRIDGE_FCS)
        l = layer_without_last(l, 4);
    if (mac == MAC_ETHERNET)
        decode_ethernet(d, l);
    else
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_PPP_PROTOCOL, PPP_BRIDGING);
}

void decode_ppp(struct decoder *d, struct layer l)
{
    decode_ppp_protocol(d, layer_u8(&l, 0) == PPP_ADDRESS ? layer_after(l, 2) : l);
}

static void decode_by_number(struct decoder *d, unsigned protocol, struct layer l);

/* The size of the protocol number that the layer begins with. */
static uint32_t number_size(const struct layer *l)
{
    return layer_u8(l, 0) & 1 ? 1 : 2;
}

static unsigned number_of_size(const struct layer *l, uint32_t size)
{
    return size == 1 ? layer_u8(l, 0) : layer_u16(l, 0);
}

/* Frames of less than 16 KB beside each other. One without a protocol number has that of the one before. For
 * the first one the line's setup says which; Wireshark takes IPv4. */
static void decode_multiplexed(struct decoder *d, struct layer l)
{
    unsigned protocol = PPP_IPV4;
    const struct surroundings around = decoder_surroundings(d);
    while (l.length) {
        if (!decoder_need(d, &l, layer_u8(&l, 0) & MUX_LONG ? 2 : 1, SUBJECT_PPP))
            return;
        bool numbered = layer_u8(&l, 0) & MUX_NUMBERED, wide = layer_u8(&l, 0) & MUX_LONG;
        uint32_t size = wide ? layer_u16(&l, 0) & MUX_LONG_LENGTH : layer_u8(&l, 0) & MUX_LENGTH;
        l = layer_after(l, wide ? 2 : 1);
        struct layer frame = layer_first(l, size);
        uint32_t number = numbered ? number_size(&frame) : 0;
        if (size > l.length || size <= number || !decoder_need(d, &frame, number, SUBJECT_PPP)) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_PPP, 0);
            return;
        }
        if (numbered)
            protocol = number_of_size(&frame, number);
        decoder_go_back(d, around);
        decode_by_number(d, protocol, layer_after(frame, number));
        l = layer_after(l, size);
    }
}

/* Bundles are told apart by nothing but the addresses around: those of the IP packet that PPP is in, or else of the
 * Ethernet frame, which is gone when settling decodes. Whoever leads here without an IP packet has set ip.source to
 * NULL: that of an earlier frame must not count. */
static void set_ends(const struct decoder *d, struct fragment_key *key)
{
    const struct frame *frame = d->frame;
    const uint8_t *first = frame->data, *ip = d->ip.source;
    if (ip && (!first || (ip > first && ip < first + frame->captured))) {
        size_t size = d->ip.family == FAMILY_IPV4 ? 4 : 16;
        memcpy(key->source, d->ip.source, size);
        memcpy(key->destination, d->ip.destination, size);
    } else if (first && frame->link_type == LINK_ETHERNET) {
        memcpy(key->destination, first, 6);
        memcpy(key->source, first + 6, 6);
    }
}

/* Fragments have sequence numbers of 24 bits. That they have 12 is agreed on when the line is set up, and Wireshark does
 * not look for it. */
static void decode_multilink(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_PPP))
        return;
    unsigned flags = layer_u8(&l, 0) & MULTILINK_WHOLE;
    struct fragment f = {.key = {.kind = FRAGMENT_MULTILINK, .id = layer_u32(&l, 0) & MULTILINK_NUMBER},
                         .offset = !(flags & MULTILINK_BEGINS),
                         .more = !(flags & MULTILINK_ENDS)};
    l = layer_after(l, 4);
    if (flags == MULTILINK_WHOLE) {
        decode_ppp_protocol(d, l);
        return;
    }
    if (l.captured) { /* one that is cut is put together, too, as Wireshark does it */
        set_ends(d, &f.key);
        decoder_note(d, &f, l);
    }
    decoder_stop_at_fragment(d, FRAGMENT_MULTILINK);
}

static void decode_by_number(struct decoder *d, unsigned protocol, struct layer l)
{
    switch (protocol) {
    case PPP_IPV4:
    case PPP_ETHER_IPV4:
        decode_ipv4(d, l);
        return;
    case PPP_IPV6:
    case PPP_ETHER_IPV6:
        decode_ipv6(d, l);
        return;
    case PPP_MPLS_UNICAST:
    case PPP_MPLS_MULTICAST:
        decode_mpls(d, l);
        return;
    case PPP_LLC:
        decode_llc(d, l);
        return;
    case PPP_BRIDGING:
        decode_bridged(d, l);
        return;
    case PPP_MULTILINK:
        decode_multilink(d, l);
        return;
    case PPP_MUX:
        decode_multiplexed(d, l);
        return;
    case PPP_VJ_UNCOMPRESSED: /* IPv4, with the number of a slot in place of the protocol, which is TCP */
        if (layer_u8(&l, 0) >> 4 == 4)
            decode_ipv4_of(d, 6, l);
        return;
    case PPP_VJ_COMPRESSED:
    case PPP_ENCRYPTED:
    case PPP_COMPRESSED_LINK:
    case PPP_COMPRESSED:
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_PPP_PROTOCOL, protocol);
        return;
    }
}

void decode_ppp_protocol(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 1, SUBJECT_PPP) || !decoder_enter(d))
        return;
    uint32_t size = number_size(&l);
    if (decoder_need(d, &l, size, SUBJECT_PPP))
        decode_by_number(d, number_of_size(&l, size), layer_after(l, size));
}

/* Frames between flags, with bytes escaped (RFC 1662, 4). Only a frame that is whole is looked into, as
 * Wireshark does it: what stands before the first flag, or after the last, is a part of one. */
void decode_ppp_framed(struct decoder *d, struct layer l)
{
    enum { FLAG = 0x7e, ESCAPE = 0x7d, FRAME_MAX = 4096 };
    uint8_t frame[FRAME_MAX];
    uint32_t at = 0;
    const struct surroundings around = decoder_surroundings(d);
    while (at < l.captured && layer_u8(&l, at) != FLAG)
        at++;
    while (at < l.captured) {
        uint32_t size = 0;
        for (at++; at < l.captured && layer_u8(&l, at) != FLAG; at++) {
            uint8_t byte = layer_u8(&l, at);
            if (byte == ESCAPE)
                byte = layer_u8(&l, ++at) ^ 0x20;
            if (size < FRAME_MAX)
                frame[size++] = byte;
        }
        if (at >= l.captured) {
            if (size)
                decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_PPP_PROTOCOL, 0);
            return;
        }
        if (size) {
            struct ip_addresses ip = d->ip;
            decoder_go_back(d, around);
            decode_ppp(d, (struct layer){.at = frame, .captured = size, .length = size});
            d->ip = ip; /* the frame's are gone with it */
        }
    }
}
