/* Hostile traffic: whatever a header can say, said at random, on so few tuples and numbers that every rule
 * about equal and different ones is met often. Payloads and ports are such that no protocol above TCP is
 * recognised. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tracegen.h"
#include "bench/tracegen_frame.h"

#define PACKET_MAX 4096u
/* Enough for the pieces of a few datagrams to arrive mixed up. */
#define PENDING_MAX 24u

#define PROTOCOL_TCP 6

struct packet {
    uint32_t length;
    uint8_t version;
    uint8_t bytes[PACKET_MAX];
};

struct hostile {
    const struct tracegen_options *opt;
    struct rng rng;
    struct packet packet;
    uint32_t pending_count;
    uint16_t next_id;
    struct packet pending[PENDING_MAX]; /* fragments to be sent later, in any order */
};

/* Lower indices come more often. */
static uint32_t draw_skewed(struct hostile *h, uint32_t n)
{
    uint32_t a = rng_below(&h->rng, n), b = rng_below(&h->rng, n);

    return a < b ? a : b;
}

static uint32_t draw_number(struct hostile *h)
{
    static const uint32_t numbers[] = {1000, 1001,       999,        2000,       1100,       0,
                                       1,    0xffffffff, 0x80000000, 0x7fffffff, 0xfffffffe, 1020};

    return numbers[draw_skewed(h, sizeof(numbers) / sizeof(numbers[0]))];
}

static uint16_t draw_port(struct hostile *h)
{
    static const uint16_t ports[] = {40000, 40001, 40002, 0, 40003, 40004, 1, 40005, 40006, 40007};

    return ports[draw_skewed(h, sizeof(ports) / sizeof(ports[0]))];
}

static uint8_t draw_flags(struct hostile *h)
{
    static const uint8_t usual[] = {
        TCP_SYN,           TCP_SYN | TCP_ACK, TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK,
        TCP_PSH | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK, TCP_FIN};

    if (rng_percent(&h->rng, 30))
        return (uint8_t)rng_next(&h->rng);
    return usual[rng_below(&h->rng, sizeof(usual))];
}

static uint32_t draw_payload_length(struct hostile *h)
{
    uint32_t kind = rng_below(&h->rng, 100);

    if (kind < 45)
        return 0;
    if (kind < 75)
        return 1 + rng_below(&h->rng, 20);
    if (kind < 95)
        return rng_below(&h->rng, 200);
    return rng_below(&h->rng, 1400);
}

/* RFC 9293, section 3.1. */
static uint32_t lay_tcp(struct hostile *h, uint8_t *p, bool whole)
{
    struct rng *r = &h->rng;
    uint32_t words = 5;
    uint32_t options = 0;
    uint32_t payload = draw_payload_length(h);

    if (!whole && rng_percent(r, 25)) {
        words = rng_below(r, 16);
        /* One time in four the options that the offset promises are not there. */
        if (words > 5 && rng_percent(r, 75))
            options = 4 * (words - 5);
    }
    put_be16(p, draw_port(h));
    put_be16(p + 2, draw_port(h));
    put_be32(p + 4, draw_number(h));
    put_be32(p + 8, draw_number(h));
    p[12] = (uint8_t)(words << 4 | (rng_percent(r, 5) ? rng_below(r, 16) : 0));
    p[13] = draw_flags(h);
    put_be16(p + 14, rng_percent(r, 20) ? 0 : 1024);
    put_be16(p + 16, 0);
    put_be16(p + 18, 0);
    memset(p + 20, rng_percent(r, 50) ? 'x' : 0, options + payload);
    /* NOPs wherever options are looked for, the payload included: malformed ones hide other findings in
     * tshark. */
    if (words > 5) {
        uint32_t nops = 4 * (words - 5);

        memset(p + 20, 1, nops < options + payload ? nops : options + payload);
    }
    if (!whole && rng_percent(r, 7))
        return rng_below(r, 20);
    return 20 + options + payload;
}

/* What the IP header claims of a length that is really `length`. */
static uint16_t draw_claim(struct hostile *h, uint32_t length, bool whole)
{
    uint32_t kind = rng_below(&h->rng, 100);

    if (whole || kind < 84)
        return (uint16_t)length;
    if (kind < 88)
        return 0;
    if (kind < 94)
        return (uint16_t)rng_below(&h->rng, length + 1);
    if (kind < 99)
        return (uint16_t)(length + 1 + rng_below(&h->rng, 100));
    return 0xffff;
}

static uint32_t lay_ip(struct hostile *h, uint8_t *p, bool ipv6, bool in_icmp, bool whole);

/* RFC 792 and RFC 4443: an error and the packet that it is about, of which a part is quoted. */
static uint32_t lay_icmp(struct hostile *h, uint8_t *p, bool ipv6)
{
    static const uint8_t types[2][4] = {{3, 11, 12, 4}, {1, 2, 3, 4}};
    struct rng *r = &h->rng;
    uint32_t quoted = lay_ip(h, p + 8, ipv6, true, rng_percent(r, 70));

    memset(p, 0, 8);
    p[0] = types[ipv6][rng_below(r, 4)];
    if (rng_percent(r, 50)) {
        uint32_t head = (ipv6 ? 40 : 20) + 8 * (1 + rng_below(r, 3));

        if (quoted > head)
            quoted = head;
    }
    return 8 + quoted;
}

static uint32_t lay_inner(struct hostile *h, uint8_t *p, bool icmp, bool ipv6, bool whole)
{
    return icmp ? lay_icmp(h, p, ipv6) : lay_tcp(h, p, whole);
}

/* RFC 791, section 3.1. The addresses are few, and the ends are equal at times. */
static uint32_t lay_ipv4(struct hostile *h, uint8_t *p, bool icmp, bool quoted, bool whole)
{
    static const uint32_t addresses[] = {0xc0000201, 0x0a000001, 0xc6336402};
    struct rng *r = &h->rng;
    uint32_t words = !whole && rng_percent(r, 10) ? 5 + rng_below(r, 11) : 5;
    uint32_t length = 4 * words + lay_inner(h, p + 4 * words, icmp, false, whole);

    memset(p, 0, 20);
    memset(p + 20, 1, 4 * words - 20);
    p[0] = (uint8_t)(0x40 | words);
    if (!whole && rng_percent(r, 1))
        p[0] = (uint8_t)(0x40 | rng_below(r, 5));
    put_be16(p + 2, draw_claim(h, length, whole));
    put_be16(p + 4, (uint16_t)rng_below(r, 4));
    p[8] = 64;
    p[9] = icmp ? 1 : PROTOCOL_TCP;
    put_be32(p + 12, addresses[draw_skewed(h, 3)]);
    put_be32(p + 16, addresses[draw_skewed(h, 3)]);
    if ((!whole || quoted) && rng_chance(r, h->opt->fragments / 2))
        put_be16(p + 6, (uint16_t)(rng_below(r, 2) << 13 | rng_below(r, 5)));
    return length;
}

/* RFC 8200, section 4, RFC 4302 and RFC 6275: lays an extension header and returns its length. */
static uint32_t lay_extension(struct hostile *h, uint8_t *p, uint8_t type)
{
    uint32_t units = rng_below(&h->rng, 3);
    uint32_t length = 8 + 8 * units;

    memset(p, 0, 40);
    p[1] = (uint8_t)units;
    switch (type) {
    case 0:
    case 60:
        p[2] = 1; /* PadN */
        p[3] = (uint8_t)(length - 4);
        break;
    case 51:
        length = 16 + 8 * units;
        p[1] = (uint8_t)(length / 4 - 2);
        put_be32(p + 4, 1);
        break;
    default: /* routing, type 0 with no segments left */
        if (units == 1)
            length = 8 + 8 * (units = 2);
        p[1] = (uint8_t)units;
        break;
    }
    return length;
}

static uint32_t lay_ipv6(struct hostile *h, uint8_t *p, bool icmp, bool quoted, bool whole)
{
    static const uint8_t addresses[][16] = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1},
                                            {[10] = 0xff, 0xff, 0xc0, 0x00, 0x02, 0x01},
                                            {[10] = 0xff, 0xff, 0x0a, 0x00, 0x00, 0x01},
                                            {0xfe, 0x80, [15] = 1}};
    static const uint8_t types[] = {0, 60, 43, 51, 60};
    struct rng *r = &h->rng;
    uint8_t *next = p + 6;
    uint32_t at = 40;

    memset(p, 0, 40);
    p[0] = 0x60;
    p[7] = 64;
    memcpy(p + 8, addresses[draw_skewed(h, 4)], 16);
    memcpy(p + 24, addresses[draw_skewed(h, 4)], 16);
    if (!whole && rng_percent(r, 30)) {
        /* Hop-by-hop stands first or not at all. */
        for (uint32_t i = rng_below(r, 2), n = 1 + rng_below(r, 4); i < n; i++) {
            uint8_t type = i == 0 ? 0 : types[1 + rng_below(r, 4)];

            *next = type;
            next = p + at;
            at += lay_extension(h, p + at, type);
        }
    }
    if ((!whole || quoted) && rng_chance(r, h->opt->fragments / 2)) {
        *next = 44;
        next = p + at;
        memset(p + at, 0, 8);
        put_be16(p + at + 2, (uint16_t)(rng_below(r, 5) << 3 | rng_below(r, 2)));
        put_be32(p + at + 4, rng_below(r, 4));
        at += 8;
    }
    *next = icmp ? 58 : PROTOCOL_TCP;
    at += lay_inner(h, p + at, icmp, true, whole);
    put_be16(p + 4, draw_claim(h, at - 40, whole));
    return at;
}

static uint32_t lay_ip(struct hostile *h, uint8_t *p, bool ipv6, bool in_icmp, bool whole)
{
    bool icmp = !in_icmp && rng_chance(&h->rng, h->opt->icmp);

    return ipv6 ? lay_ipv6(h, p, icmp, in_icmp, whole) : lay_ipv4(h, p, icmp, in_icmp, whole);
}

/* Puts the piece of `whole` from `from` to `to`, offsets in its IP payload, among the pending packets. */
static void queue_piece(struct hostile *h, const struct packet *whole, uint32_t from, uint32_t to, bool last)
{
    struct packet *piece = &h->pending[h->pending_count++];
    uint32_t head = whole->version == 6 ? 40 : 20;
    uint8_t *p = piece->bytes;

    piece->version = whole->version;
    memcpy(p, whole->bytes, head);
    if (whole->version == 6) {
        p[40] = p[6];
        p[41] = 0;
        p[6] = 44;
        put_be16(p + 42, (uint16_t)(from | !last));
        put_be32(p + 44, h->next_id);
        put_be16(p + 4, (uint16_t)(8 + to - from));
        head += 8;
        memcpy(p + head, whole->bytes + 40 + from, to - from);
    } else {
        put_be16(p + 2, (uint16_t)(head + to - from));
        put_be16(p + 4, h->next_id);
        put_be16(p + 6, (uint16_t)(from / 8 | (last ? 0 : 1u << 13)));
        memcpy(p + head, whole->bytes + head + from, to - from);
    }
    piece->length = head + to - from;
}

/* Cuts a sound packet into two to four pieces, some of them overlapping, doubled or lost. */
static void queue_fragments(struct hostile *h, const struct packet *whole)
{
    struct rng *r = &h->rng;
    uint32_t size = whole->length - (whole->version == 6 ? 40 : 20);
    uint32_t from = 0;

    /* Few identifications, so that late pieces meet those of later datagrams. */
    h->next_id = (uint16_t)((h->next_id + 1) & 31);
    for (int i = 0; i < 4 && from < size; i++) {
        uint32_t to = i == 3 ? size : from + 8 + 8 * rng_below(r, size / 8 + 1);
        uint32_t start = from;

        if (to > size)
            to = size;
        if (from > 0 && rng_percent(r, 15))
            start = from - 8;
        if (!rng_percent(r, 8))
            queue_piece(h, whole, start, to, to == size);
        if (rng_percent(r, 8))
            queue_piece(h, whole, start, to, to == size);
        from = to;
    }
}

static void take_pending(struct hostile *h)
{
    uint32_t i = rng_below(&h->rng, h->pending_count);

    h->packet = h->pending[i];
    h->pending[i] = h->pending[--h->pending_count];
}

static void next_packet(struct hostile *h)
{
    struct packet *k = &h->packet;

    /* A split adds eight pieces at most. */
    if (h->pending_count + 8 > PENDING_MAX || (h->pending_count > 0 && rng_percent(&h->rng, 60))) {
        take_pending(h);
        return;
    }
    bool split = rng_chance(&h->rng, h->opt->fragments / 2);

    k->version = rng_chance(&h->rng, h->opt->ipv6) ? 6 : 4;
    k->length = lay_ip(h, k->bytes, k->version == 6, false, split);
    if (split) {
        queue_fragments(h, k);
        if (h->pending_count > 0)
            take_pending(h);
    }
}

static uint8_t *lay_vlans(struct hostile *h, uint8_t *p)
{
    static const uint16_t types[] = {0x8100, 0x88a8, 0x9100};
    struct rng *r = &h->rng;

    if (!rng_chance(r, h->opt->vlan))
        return p;
    for (uint32_t n = 1 + rng_below(r, h->opt->vlan_depth); n > 0; n--) {
        /* A service tag stands outside. */
        put_be16(p, n == 1 ? 0x8100 : types[rng_below(r, 3)]);
        put_be16(p + 2, (uint16_t)rng_below(r, 3));
        p += 4;
    }
    return p;
}

void hostile_write(struct writer *w, const struct tracegen_options *opt)
{
    struct hostile *h = calloc(1, sizeof(*h));

    if (h == NULL) {
        fprintf(stderr, "tracegen: out of memory\n");
        w->failed = true;
        return;
    }
    h->opt = opt;
    rng_seed(&h->rng, opt->seed, 0);
    while (w->frames < opt->frames && !w->failed) {
        struct rng *r = &h->rng;
        uint8_t *frame = writer_frame(w);
        uint8_t *p;
        uint32_t length, captured, kind;

        next_packet(h);
        memset(frame, 2, 12);
        p = lay_vlans(h, frame + 12);
        /* One frame in a hundred is of a type set aside for experiments: no segment in it. */
        put_be16(p, rng_percent(r, 1) ? 0x88b5 : h->packet.version == 6 ? 0x86dd : 0x0800);
        memcpy(p + 2, h->packet.bytes, h->packet.length);
        length = (uint32_t)(p + 2 - frame) + h->packet.length;

        if (rng_percent(r, 20)) {
            uint32_t padding = length < 60 ? 60 - length : rng_below(r, 24);

            memset(frame + length, rng_percent(r, 50) ? 'x' : 0, padding);
            length += padding;
        }
        kind = rng_below(r, 100);
        captured = length;
        if (kind < 8)
            captured = rng_below(r, length + 1);
        else if (kind < 12)
            captured = 68;
        else if (kind < 16)
            captured = 40 + rng_below(r, 30);
        if (captured > length)
            captured = length;
        writer_commit_late(w, length, captured, rng_percent(r, 5) ? rng_below(r, 5000000) : 0);
    }
    free(h);
}
