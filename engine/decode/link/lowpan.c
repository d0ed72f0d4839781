/* 6LoWPAN: RFC 4944 (dispatch, mesh, fragments) and RFC 6282 (compressed headers).
 *
 *     | 0 1 0 0 0 0 0 1 | IPv6                                              41
 *     | 0 1 0 1 0 0 0 0 | sequence number 1 | ...                           50, broadcast
 *     | 1 0 V F  hops   | hops 1, if they are 15 | originator 2 or 8 | destination 2 or 8 | ...         mesh
 *     | 1 1 0 0 0  size 11 | tag 2 | ...                                    first fragment
 *     | 1 1 1 0 0  size 11 | tag 2 | offset in 8 bytes 1 | ...              the others
 *     | 0 1 1  TF 2 | NH | HLIM 2 | CID | SAC | SAM 2 | M | DAC | DAM 2 | contexts 1, if CID | fields | headers | ...
 *
 *     headers, if NH:  | 1 1 1 0 EID 3 NH | next header, if not NH | length 1 | ...
 *                      | 1 1 1 1 0 C P P | ports | checksum, unless C | ...
 *
 * Prefixes of contexts are configured, so they are zeros, as in a Wireshark that nobody has told of them. Sizes and
 * offsets of fragments are those of the packet that is no longer compressed. HC1, which RFC 6282 replaced, is (RFC 4944, 10.1)
 *
 *     | 42 | SP SI DP DI TF NH 2 HC2 | hops 1 | addresses | traffic class 8 bits, flow label 20 bits | next header 8 bits | ...
 *
 * and is decoded without HC2, which compresses UDP.
 */
#include "engine/decode/link/lowpan.h"

enum {
    DISPATCH_IPV6 = 0x41,
    DISPATCH_HC1 = 0x42,
    DISPATCH_BROADCAST = 0x50,
    MESH_SHORT_SOURCE = 0x20,
    MESH_SHORT_DESTINATION = 0x10,
    MESH_HOPS = 0x0f,
    FRAGMENT_FIRST_BITS = 0xc0,
    FRAGMENT_NEXT_BITS = 0xe0,
    FRAGMENT_SIZE = 0x07ff,

    IPHC_TF = 0x1800,
    IPHC_TF_SHIFT = 11,
    IPHC_NH = 0x0400,
    IPHC_HLIM = 0x0300,
    IPHC_CID = 0x0080,
    IPHC_SAC = 0x0040,
    IPHC_SAM_SHIFT = 4,
    IPHC_MULTICAST = 0x0008,
    IPHC_DAC = 0x0004,

    HC1_PREFIX = 2, /* of two bits for each address: what is left out */
    HC1_ID = 1,
    HC1_TF = 0x08,
    HC1_NH_SHIFT = 1,
    HC1_HC2 = 0x01,

    NHC_HAS_NEXT = 0x01,
    NHC_NO_CHECKSUM = 0x04,
    EXTENSION_IPV6 = 7,

    NEXT_TCP = 6,
    NEXT_UDP = 17,
    NEXT_ICMPV6 = 58,
    IPV6_HEADER = 40,
    NEXT_AT = 6,
    SOURCE_AT = 8,
    DESTINATION_AT = 24,

    PACKET_MAX = 4096, /* frames of 802.15.4 have 2,047 bytes at most */
};

/* What is left of the compressed packet, and what has been made of it. */
struct expansion {
    struct layer l;
    uint8_t packet[PACKET_MAX];
    uint32_t size;
    bool short_of_bytes;
};

static uint8_t next_byte(struct expansion *x)
{
    uint8_t byte = layer_u8(&x->l, 0);
    x->short_of_bytes |= !x->l.captured;
    x->l = layer_after(x->l, 1);
    return byte;
}

static void next_bytes(struct expansion *x, uint8_t *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = next_byte(x);
}

static void put(struct expansion *x, uint8_t byte)
{
    if (x->size < PACKET_MAX)
        x->packet[x->size++] = byte;
    else
        x->short_of_bytes = true;
}

/* The lower half of an address that a frame's address leads to (RFC 4944, 6; RFC 6282, 3.2.2). */
static void interface_id(uint8_t to[8], const struct lowpan_address *a)
{
    if (a->size == 8) {
        memcpy(to, a->bytes, 8);
        to[0] ^= 0x02;
        return;
    }
    if (a->size == 6) {
        const uint8_t id[8] = {a->bytes[0], a->bytes[1], a->bytes[2], 0xff,
                               0xfe,        a->bytes[3], a->bytes[4], a->bytes[5]};
        memcpy(to, id, 8);
        return;
    }
    const uint8_t id[8] = {0, 0, 0, 0xff, 0xfe, 0, a->bytes[0], a->bytes[1]};
    memcpy(to, id, 8);
}

static void expand_unicast(struct expansion *x, uint8_t to[16], bool context, unsigned mode,
                           const struct lowpan_address *frame)
{
    memset(to, 0, 16);
    if (mode == 0) {
        if (!context) /* with a context: unspecified */
            next_bytes(x, to, 16);
        return;
    }
    if (!context) {
        to[0] = 0xfe;
        to[1] = 0x80;
    }
    struct lowpan_address inside = {.size = 2};
    if (mode == 1) {
        next_bytes(x, to + 8, 8);
    } else if (mode == 2) {
        next_bytes(x, inside.bytes, 2);
        interface_id(to + 8, &inside);
    } else {
        interface_id(to + 8, frame);
    }
}

static void expand_multicast(struct expansion *x, uint8_t to[16], bool context, unsigned mode)
{
    static const uint8_t behind[] = {16, 5, 3, 1}; /* bytes at the end */
    memset(to, 0, 16);
    to[0] = 0xff;
    if (context) {
        next_bytes(x, to + 1, 2);
        next_bytes(x, to + 12, 4);
        return;
    }
    if (mode == 0) {
        next_bytes(x, to, 16);
        return;
    }
    to[1] = mode == 3 ? 0x02 : next_byte(x);
    next_bytes(x, to + 16 - behind[mode], behind[mode]);
}

/* An extension header: its number has been put where next_at says. */
static void expand_extension(struct expansion *x, unsigned head, uint32_t *next_at)
{
    static const uint8_t number[] = {0, 43, 44, 60, 135};
    unsigned kind = head >> 1 & 7;
    if (kind >= ARRAY_LEN(number)) {
        x->short_of_bytes = true;
        return;
    }
    x->packet[*next_at] = number[kind];
    *next_at = x->size;
    put(x, head & NHC_HAS_NEXT ? 0 : next_byte(x));
    uint8_t length = next_byte(x);
    put(x, (uint8_t)((length + 2u + 7) / 8 - 1));
    for (unsigned i = 0; i < length; i++)
        put(x, next_byte(x));
    for (unsigned i = length + 2u; i % 8; i++)
        put(x, 0);
}

static void expand_udp(struct expansion *x, unsigned head, uint32_t length)
{
    uint16_t port[2] = {0xf000, 0xf000};
    if ((head & 3) == 3) {
        uint8_t ports = next_byte(x);
        port[0] = 0xf0b0 | ports >> 4;
        port[1] = 0xf0b0 | (ports & 15);
    } else {
        for (unsigned i = 0; i < 2; i++) {
            bool narrow = (head & 3) == (i ? 1 : 2);
            port[i] = narrow ? 0xf000 : (uint16_t)(next_byte(x) << 8);
            port[i] |= next_byte(x);
        }
    }
    uint8_t sum[2] = {0, 0};
    if (!(head & NHC_NO_CHECKSUM))
        next_bytes(x, sum, 2);
    if (!length)
        length = 8 + x->l.length;
    const uint8_t udp[8] = {port[0] >> 8,       port[0] & 0xff, port[1] >> 8, port[1] & 0xff,
                            length >> 8 & 0xff, length & 0xff,  sum[0],       sum[1]};
    for (unsigned i = 0; i < 8; i++)
        put(x, udp[i]);
}

/* The headers behind that of IPv6. True: another compressed IPv6 header stands next. */
static bool expand_headers(struct expansion *x, uint32_t whole)
{
    uint32_t next_at = NEXT_AT;
    while (!x->short_of_bytes) {
        unsigned head = next_byte(x);
        if (head >> 3 == 0x1e) {
            x->packet[next_at] = NEXT_UDP;
            expand_udp(x, head, whole ? whole - x->size : 0);
            return false;
        }
        if (head >> 4 != 0xe) {
            x->short_of_bytes = true;
            return false;
        }
        if ((head >> 1 & 7) == EXTENSION_IPV6)
            return true;
        expand_extension(x, head, &next_at);
        if (!(head & NHC_HAS_NEXT))
            return false;
    }
    return false;
}

static void begin_packet(struct expansion *x)
{
    x->size = IPV6_HEADER;
    memset(x->packet, 0, IPV6_HEADER);
    x->packet[0] = 0x60;
}

static void expand_hc1_address(struct expansion *x, uint8_t to[16], unsigned mode,
                               const struct lowpan_address *frame)
{
    to[0] = 0xfe;
    to[1] = 0x80;
    if (!(mode & HC1_PREFIX))
        next_bytes(x, to, 8);
    if (mode & HC1_ID)
        interface_id(to + 8, frame);
    else
        next_bytes(x, to + 8, 8);
}

static bool expand_hc1(struct expansion *x, const struct lowpan_address *source,
                       const struct lowpan_address *destination)
{
    static const uint8_t known[] = {0, NEXT_UDP, NEXT_ICMPV6, NEXT_TCP};
    const unsigned head = layer_u8(&x->l, 1), next = known[head >> HC1_NH_SHIFT & 3];
    if (head & HC1_HC2)
        return false;
    begin_packet(x);
    x->l = layer_after(x->l, 2);
    x->packet[NEXT_AT + 1] = next_byte(x);
    expand_hc1_address(x, x->packet + SOURCE_AT, head >> 6, source);
    expand_hc1_address(x, x->packet + DESTINATION_AT, head >> 4 & 3, destination);
    unsigned half = 0; /* a byte is split between flow label and next header */
    if (!(head & HC1_TF)) {
        x->l = layer_after(x->l, 3);
        half = next_byte(x);
    }
    if (next)
        x->packet[NEXT_AT] = (uint8_t)next;
    else if (head & HC1_TF)
        x->packet[NEXT_AT] = next_byte(x);
    else
        x->packet[NEXT_AT] = (uint8_t)(half << 4 | next_byte(x) >> 4);
    return !x->short_of_bytes;
}

static bool expand_iphc(struct expansion *x, const struct lowpan_address *source,
                        const struct lowpan_address *destination, uint32_t whole)
{
    static const uint8_t traffic_bytes[] = {4, 3, 1, 0};
    bool inner;
    do {
        unsigned head = layer_u16(&x->l, 0);
        if (head >> 13 != 3)
            return false;
        begin_packet(x);
        x->l = layer_after(x->l, head & IPHC_CID ? 3 : 2);
        x->l = layer_after(x->l, traffic_bytes[(head & IPHC_TF) >> IPHC_TF_SHIFT]);
        if (!(head & IPHC_NH))
            x->packet[NEXT_AT] = next_byte(x);
        if (!(head & IPHC_HLIM))
            x->packet[NEXT_AT + 1] = next_byte(x);
        expand_unicast(x, x->packet + SOURCE_AT, head & IPHC_SAC, head >> IPHC_SAM_SHIFT & 3, source);
        if (head & IPHC_MULTICAST)
            expand_multicast(x, x->packet + DESTINATION_AT, head & IPHC_DAC, head & 3);
        else
            expand_unicast(x, x->packet + DESTINATION_AT, head & IPHC_DAC, head & 3, destination);
        inner = head & IPHC_NH && expand_headers(x, whole);
        if (x->short_of_bytes)
            return false;
    } while (inner);
    return true;
}

/* Makes a packet of x->l, which begins with a compressed header; whole: its size, where this is a fragment. False: it is
 * none, or one that is cut in its headers. */
static bool expand(struct expansion *x, const struct lowpan_address *source,
                   const struct lowpan_address *destination, uint32_t whole)
{
    if (layer_u8(&x->l, 0) == DISPATCH_HC1 ? !expand_hc1(x, source, destination)
                                           : !expand_iphc(x, source, destination, whole))
        return false;
    uint32_t headers = x->size, room = PACKET_MAX - headers, kept = MIN(x->l.captured, room);
    if (kept)
        memcpy(x->packet + headers, x->l.at, kept);
    x->size += kept;
    uint32_t payload = (whole ? whole : headers + x->l.length) - IPV6_HEADER;
    x->packet[4] = (uint8_t)(payload >> 8);
    x->packet[5] = (uint8_t)payload;
    x->l.length += headers;
    return true;
}

static void decode_packet(struct decoder *d, const struct lowpan_address *source,
                          const struct lowpan_address *destination, struct layer l)
{
    struct expansion x = {.l = l};
    if (layer_u8(&l, 0) == DISPATCH_IPV6) {
        decode_ipv6(d, layer_after(l, 1));
    } else if (layer_u8(&l, 0) == DISPATCH_HC1 && layer_u8(&l, 1) & HC1_HC2) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_LOWPAN, DISPATCH_HC1);
    } else if (expand(&x, source, destination, 0)) {
        const struct ip_addresses ip = d->ip;
        decode_ipv6(d, (struct layer){.at = x.packet, .captured = x.size, .length = MAX(x.l.length, x.size)});
        d->ip = ip; /* the packet's are gone with it */
    }
}

/* At most FRAGMENT_SIZE bytes of a packet. A first fragment is compressed on its own. */
static void note_fragment(struct decoder *d, const struct lowpan_address *source,
                          const struct lowpan_address *destination, struct layer l)
{
    bool first = layer_u8(&l, 0) >> 3 == FRAGMENT_FIRST_BITS >> 3;
    uint32_t size = layer_u16(&l, 0) & FRAGMENT_SIZE, offset = first ? 0 : layer_u8(&l, 4) * 8u;
    struct fragment f = {.key = {.kind = FRAGMENT_LOWPAN, .id = layer_u16(&l, 2)}, .offset = offset};
    if (!decoder_need(d, &l, first ? 5 : 6, SUBJECT_LOWPAN))
        return;
    memcpy(f.key.source, source->bytes, source->size);
    memcpy(f.key.destination, destination->bytes, destination->size);
    l = layer_after(l, first ? 4 : 5);
    struct expansion x = {.l = l};
    bool whole = l.captured == l.length;
    if (first && layer_u8(&l, 0) == DISPATCH_IPV6) {
        l = layer_after(l, 1);
    } else if (first) {
        whole &= expand(&x, source, destination, size);
        l = (struct layer){.at = x.packet, .captured = x.size, .length = x.size};
    }
    f.more = offset + l.captured < size;
    if (whole && l.captured && offset + l.captured <= size)
        decoder_note(d, &f, l);
    decoder_stop_at_fragment(d, FRAGMENT_LOWPAN);
}

void decode_lowpan(struct decoder *d, const struct lowpan_address *source,
                   const struct lowpan_address *destination, struct layer l)
{
    struct lowpan_address from = *source, to = *destination;
    unsigned head = layer_u8(&l, 0);
    if (head >> 6 == 2) {
        l = layer_after(l, (head & MESH_HOPS) == MESH_HOPS ? 2 : 1);
        struct lowpan_address *ends[] = {&from, &to};
        for (unsigned i = 0; i < 2; i++) {
            *ends[i] = (struct lowpan_address){
                .size = head & (i ? MESH_SHORT_DESTINATION : MESH_SHORT_SOURCE) ? 2 : 8};
            if (!decoder_need(d, &l, ends[i]->size, SUBJECT_LOWPAN))
                return;
            memcpy(ends[i]->bytes, l.at, ends[i]->size);
            l = layer_after(l, ends[i]->size);
        }
        head = layer_u8(&l, 0);
    }
    if (head == DISPATCH_BROADCAST) {
        l = layer_after(l, 2);
        head = layer_u8(&l, 0);
    }
    if (head >> 3 == FRAGMENT_FIRST_BITS >> 3 || head >> 3 == FRAGMENT_NEXT_BITS >> 3)
        note_fragment(d, &from, &to, l);
    else
        decode_packet(d, &from, &to, l);
}

/* The addresses are those that the frame begins with: who puts 6LoWPAN in Ethernet in a tunnel is not known of. The
 * universal bit stays as it is, as in Wireshark. */
void decode_lowpan_ethernet(struct decoder *d, struct layer l)
{
    enum { LINK_ETHERNET = 1 };
    struct lowpan_address source = {.size = 6}, destination = {.size = 6};
    if (!decoder_enter(d))
        return;
    if (d->frame->data && d->frame->link_type == LINK_ETHERNET && d->frame->captured >= 12) {
        memcpy(destination.bytes, d->frame->data, 6);
        memcpy(source.bytes, d->frame->data + 6, 6);
    }
    decode_lowpan(d, &source, &destination, l);
}
