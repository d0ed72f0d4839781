/* IPv4 and IPv6: header, lengths, extension headers.
 *
 * Length: a test for each rule of either version, with one way to make packets and to look at what became of them. */
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>

static struct decoding d;

static void open_decoder(void)
{
    decoding_open(&d, RULES_4_4, 1, 1);
}
static void close_decoder(void)
{
    decoding_close(&d);
}
TestSuite(ip, .init = open_decoder, .fini = close_decoder);

static const struct tcp_fields ack = {.flags = TCP_ACK};

/* The only segment of the packet. */
static const struct segment *segment_of(const struct packet *p, uint32_t captured, uint32_t length)
{
    decoding_ethernet(&d, p, captured, length);
    EXPECT_COUNTED(&d, OUTCOME_WITH_TCP, SUBJECT_NONE, 0);
    const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
    cr_assert(s && !decoding_segment(&d, 1, NULL, NULL));
    return s;
}

static void expect_counted(const struct packet *p, uint32_t captured, uint32_t length, enum outcome outcome,
                           enum subject subject, uint32_t value)
{
    decoding_ethernet(&d, p, captured, length);
    EXPECT_COUNTED(&d, outcome, subject, value);
    cr_expect_null(decoding_segment(&d, 0, NULL, NULL));
}

static struct packet ipv4_packet(struct ipv4_fields fields, uint32_t behind)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &fields);
    put_tcp(&p, &ack);
    put_zeros(&p, behind);
    return p;
}

Test(ip, v4_endpoints)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        struct packet p = {0};
        uint32_t low = 0x01020304, high = 0xf1f2f3f4;
        put_ethernet(&p, 0x0800);
        put_ipv4(&p, &(struct ipv4_fields){
                         .source = swapped ? high : low, .destination = swapped ? low : high, .total = 40});
        put_tcp(&p, &(struct tcp_fields){.source = swapped ? 10 : 20, .destination = swapped ? 20 : 10});
        const struct segment *s = segment_of(&p, p.size, p.size);
        const struct segment4 *s4 = (const struct segment4 *)s;
        cr_expect_eq(s4->address[0], low);
        cr_expect_eq(s4->address[1], high);
        cr_expect_eq(s->port[0], 20);
        cr_expect_eq(s->port[1], 10);
        cr_expect_eq(s->bits & SEGMENT_FLOW, swapped);
    }
}

/* Equal addresses: ports decide. */
Test(ip, v4_equal_addresses)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        struct packet p = {0};
        put_ethernet(&p, 0x0800);
        put_ipv4(&p, &(struct ipv4_fields){.source = 5, .destination = 5, .total = 40});
        put_tcp(&p, &(struct tcp_fields){.source = swapped ? 20 : 10, .destination = swapped ? 10 : 20});
        const struct segment *s = segment_of(&p, p.size, p.size);
        cr_expect(s->port[0] == 10 && s->port[1] == 20);
        cr_expect_eq(s->bits & SEGMENT_FLOW, swapped);
    }
}

Test(ip, v4_lengths)
{
    static const struct {
        const char *what;
        unsigned total, behind, missing; /* bytes behind the TCP header, of them not captured */
        uint32_t payload;
    } cases[] = {
        {"no payload", 40, 0, 0, 0},
        {"payload", 43, 3, 0, 3},
        {"payload that was not captured", 1400, 1360, 1360, 1360},
        {"padding", 40, 6, 0, 0},
        {"payload and padding", 42, 6, 0, 2},
        {"total length beyond the frame", 1000, 10, 0, 10},
        {"total length beyond a frame that was cut", 1000, 10, 5, 10},
        {"total length 0", 0, 30, 0, 30},
        {"total length 0 in a frame that was cut", 0, 30, 30, 30},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = ipv4_packet((struct ipv4_fields){.total = cases[i].total}, cases[i].behind);
        const struct segment *s = segment_of(&p, p.size - cases[i].missing, p.size);
        cr_expect(s->bits & SEGMENT_LENGTH_KNOWN, "%s", cases[i].what);
        cr_expect_eq(s->payload, cases[i].payload, "%s", cases[i].what);
        cr_expect_eq(s->wire, p.size, "%s", cases[i].what);
    }
}

Test(ip, v4_contradictions)
{
    struct packet p;
    for (unsigned words = 1; words < 5; words++) {
        p = ipv4_packet((struct ipv4_fields){.words = words, .total = 40}, 0);
        expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
    }
    for (unsigned total = 1; total < 20; total++) {
        p = ipv4_packet((struct ipv4_fields){.total = total}, 0);
        expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
    }
    p = ipv4_packet((struct ipv4_fields){.total = 40, .version = 5}, 0);
    expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
    p = ipv4_packet((struct ipv4_fields){.total = 40}, 0);
    for (uint32_t n = 14; n < 34; n++) {
        expect_counted(&p, n, p.size, OUTCOME_TRUNCATED, SUBJECT_IPV4, 0);
        expect_counted(&p, n, n, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
    }
}

/* A total length that leaves less than TCP's fewest bytes: what is behind it does not count. */
Test(ip, v4_total_length_cuts_tcp)
{
    for (unsigned total = 20; total < 34; total++) {
        struct packet p = ipv4_packet((struct ipv4_fields){.total = total}, 0);
        expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_TCP, 0);
        cr_expect_eq(d.counts.segments_truncated, 1);
    }
}

Test(ip, v4_options)
{
    for (unsigned words = 6; words < 16; words++) {
        struct ipv4_fields f = {.words = words, .options = words * 4 - 20, .total = words * 4 + 20 + 9};
        struct packet p = ipv4_packet(f, 9);
        cr_expect_eq(segment_of(&p, p.size, p.size)->payload, 9);
        /* Options that were not captured are no reason to stop, but no TCP is left. */
        decoding_ethernet(&d, &p, 34, p.size);
        EXPECT_COUNTED(&d, OUTCOME_TRUNCATED, SUBJECT_TCP, 0);
    }
}

Test(ip, v4_protocols)
{
    struct packet p = ipv4_packet((struct ipv4_fields){.protocol = 2, .total = 40}, 0);
    expect_counted(&p, p.size, p.size, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
    p = ipv4_packet((struct ipv4_fields){.protocol = 50, .total = 40}, 0);
    expect_counted(&p, p.size, p.size, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 50);
}

/* Don't fragment, and the reserved bit, are no fragments. */
Test(ip, v4_flags)
{
    for (unsigned flags = 0; flags < 0x10000; flags += 0x4000) {
        struct packet p = ipv4_packet((struct ipv4_fields){.total = 40, .fragment = flags}, 0);
        segment_of(&p, p.size, p.size);
    }
}

/* Fragments are noted for settling, with their bytes, if these are all there. If not, the first one shows its
 * header, and others show nothing. */
Test(ip, v4_fragments)
{
    static const unsigned fields[] = {0x2000, 0x2001, 0x0001, 0x1fff};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct packet p = ipv4_packet((struct ipv4_fields){.total = 44, .fragment = fields[i]}, 4 + 6);
        expect_counted(&p, p.size, p.size, OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 4);
        cr_assert(d.fragments.used);
        const struct fragment *f = (const struct fragment *)d.fragments.bytes;
        cr_expect(f->length == 24 && f->offset == (fields[i] & 0x1fff) * 8 && f->more == (fields[i] >> 13));
        cr_expect_arr_eq(fragment_bytes(f), p.bytes + 34, 24);
        cr_expect_eq(fragment_size(f), d.fragments.used);

        uint32_t cut = p.size - 6 - 1;
        if (fields[i] & 0x1fff) {
            expect_counted(&p, cut, p.size, OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 4);
        } else {
            const struct segment *s = segment_of(&p, cut, p.size);
            cr_expect(!(s->bits & SEGMENT_LENGTH_KNOWN) && s->payload == 0);
        }
        cr_expect_eq(d.fragments.used, 0);
    }
}

/* A fragment inside a datagram that was put together is whole, whatever the frame before it claimed. */
Test(ip, v6_fragment_in_datagram)
{
    struct packet before = {0}, inner = {0};
    put_ethernet(&before, 0x86dd);
    put_ipv6(&before, &(struct ipv6_fields){.payload = 1000, .next = 6});
    put_tcp(&before, &ack);
    decoding_ethernet(&d, &before, before.size, before.size);
    put_u32(&inner, 6 << 24 | 1); /* TCP, the first fragment of more */
    put_u32(&inner, 7);
    put_zeros(&inner, 24);
    const struct fragment f = {.key = {.kind = FRAGMENT_IPV6, .source = {0x20}, .destination = {0x20}},
                               .next = 44};
    decoding_clear(&d);
    d.decoder.position = 0;
    cr_expect_eq(decode_datagram(&d.decoder, &f, inner.bytes, inner.size), OUTCOME_UNSUPPORTED);
    cr_expect(d.fragments.used);
}

/* An IPv6 packet behind IPv4's ether type is told by its version. */
Test(ip, v6_behind_the_type_of_v4)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv6(&p, &(struct ipv6_fields){.payload = 20, .next = 6});
    put_tcp(&p, &ack);
    segment_of(&p, p.size, p.size);
}

struct extension {
    unsigned type, size; /* of the whole header */
};

/* Headers of these types and sizes, then TCP with so many bytes behind. payload: the field. */
static struct packet ipv6_packet(const struct extension *e, unsigned count, unsigned behind, int payload)
{
    struct packet p = {0};
    unsigned sizes = 0;
    for (unsigned i = 0; i < count; i++)
        sizes += e[i].size;
    put_ethernet(&p, 0x86dd);
    put_ipv6(&p, &(struct ipv6_fields){.payload = payload < 0 ? sizes + 20 + behind : (unsigned)payload,
                                       .next = count ? e[0].type : 6});
    for (unsigned i = 0; i < count; i++) {
        put_u8(&p, i + 1 < count ? e[i + 1].type : 6);
        put_u8(&p, e[i].type == 44 ? 0 : e[i].type == 51 ? e[i].size / 4 - 2 : e[i].size / 8 - 1);
        put_zeros(&p, e[i].size - 2);
    }
    put_tcp(&p, &ack);
    put_zeros(&p, behind);
    return p;
}

Test(ip, v6_endpoints)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        struct packet p = {0};
        struct ipv6_fields f = {.payload = 20, .next = 6};
        uint8_t *low = swapped ? f.destination : f.source, *high = swapped ? f.source : f.destination;
        memset(low, 0x20, 16);
        memset(high, 0x20, 16);
        high[15] = 0x90; /* bytes compare without a sign */
        put_ethernet(&p, 0x86dd);
        put_ipv6(&p, &f);
        put_tcp(&p, &(struct tcp_fields){.source = swapped ? 10 : 20, .destination = swapped ? 20 : 10});
        const struct segment *s = segment_of(&p, p.size, p.size);
        const struct segment6 *s6 = (const struct segment6 *)s;
        cr_expect_arr_eq(s6->address[0], low, 16);
        cr_expect_arr_eq(s6->address[1], high, 16);
        cr_expect(s->port[0] == 20 && s->port[1] == 10);
        cr_expect_eq(s->bits & SEGMENT_FLOW, swapped);
    }
}

Test(ip, v6_extensions)
{
    static const struct {
        struct extension e[4];
        unsigned count;
    } cases[] = {
        {{{0, 8}}, 1},          {{{43, 24}}, 1},         {{{60, 16}}, 1},
        {{{51, 12}}, 1},        {{{51, 24}}, 1},         {{{140, 8}}, 1},
        {{{44, 8}}, 1}, /* atomic */
        {{{0, 8}, {60, 8}}, 2}, {{{0, 2048 - 1024}}, 1}, {{{0, 8}, {43, 8}, {44, 8}, {51, 16}}, 4},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = ipv6_packet(cases[i].e, cases[i].count, 11, -1);
        cr_expect_eq(segment_of(&p, p.size, p.size)->payload, 11, "case %zu", i);
        /* Cut in every byte of the extension headers. */
        for (uint32_t n = 54; n < p.size - 31; n++)
            expect_counted(&p, n, p.size, OUTCOME_TRUNCATED, SUBJECT_IPV6, 0);
    }
}

Test(ip, v6_lengths)
{
    static const struct {
        const char *what;
        int field;
        unsigned behind, missing;
        uint32_t payload;
    } cases[] = {
        {"no payload", 20, 0, 0, 0},
        {"payload", 25, 5, 0, 5},
        {"padding", 20, 5, 0, 0},
        {"not captured", 1220, 1200, 1200, 1200},
        {"beyond the frame", 2000, 5, 0, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = ipv6_packet(NULL, 0, cases[i].behind, cases[i].field);
        cr_expect_eq(segment_of(&p, p.size - cases[i].missing, p.size)->payload, cases[i].payload, "%s",
                     cases[i].what);
    }
}

Test(ip, v6_contradictions)
{
    struct packet p = ipv6_packet(NULL, 0, 0, -1);
    for (uint32_t n = 14; n < 54; n++) {
        expect_counted(&p, n, p.size, OUTCOME_TRUNCATED, SUBJECT_IPV6, 0);
        expect_counted(&p, n, n, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
    }
    p.bytes[14] = 0x70;
    expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
    /* An extension header longer than the payload. */
    p = ipv6_packet(&(struct extension){60, 64}, 1, 0, 40);
    expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
    /* No next header, mobility, host identity: nothing follows. */
    static const unsigned last[] = {59, 135, 139};
    for (size_t i = 0; i < ARRAY_LEN(last); i++) {
        p = ipv6_packet(&(struct extension){last[i], 8}, 1, 0, -1);
        expect_counted(&p, p.size, p.size, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
    }
    /* Payload length 0 is no offload, unlike IPv4's total length 0. */
    p = ipv6_packet(NULL, 0, 5, 0);
    expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_TCP, 0);
}

/* An option that begins at the last byte of its header has its length behind it. */
Test(ip, v6_option_at_the_end)
{
    struct packet p = {0};
    put_ethernet(&p, 0x86dd);
    put_ipv6(&p, &(struct ipv6_fields){.payload = 8 + 20, .next = 60});
    put_bytes(&p, "\6\0\x25\0\0\0\0\x42", 8);
    put_tcp(&p, &ack);
    p.bytes[14 + 40 + 8] = 19; /* of the source port, too */
    segment_of(&p, p.size, p.size);
    p.bytes[14 + 40 + 8]++;
    expect_counted(&p, p.size, p.size, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
}

/* A jumbogram's length stands in a hop-by-hop option, here behind padding, and the payload length is 0. */
Test(ip, v6_jumbogram)
{
    struct packet p = {0};
    put_ethernet(&p, 0x86dd);
    put_ipv6(&p, &(struct ipv6_fields){.payload = 0, .next = 0});
    put_u8(&p, 6);
    put_u8(&p, 1);
    put_bytes(&p, "\0\1\2\0\0\0\xc2\4", 8);
    put_u32(&p, 70000);
    put_zeros(&p, 2);
    put_tcp(&p, &ack);
    cr_expect_eq(segment_of(&p, p.size, 80000)->payload, 70000 - 16 - 20);
    uint32_t far = 1 << 20;
    p.bytes[64] = 0x7f; /* more than there is */
    cr_expect_eq(segment_of(&p, p.size, far)->payload, far - 54 - 16 - 20);
    memset(p.bytes + 64, 0, 2); /* below 65,536 it is none, and the payload length 0 stands */
    expect_counted(&p, p.size, 80000, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
}

/* What is in a UDP datagram to a port, under both generations. */
static void expect_segments(unsigned port, const struct packet *inner, unsigned in_4_0, unsigned in_4_4)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.total = 28 + inner->size, .protocol = 17});
    put_u16(&p, 50000);
    put_u16(&p, port);
    put_u16(&p, 8 + inner->size);
    put_u16(&p, 0);
    put_bytes(&p, inner->bytes, inner->size);
    decoding_ethernet(&d, &p, p.size, p.size);
    cr_expect_eq(d.counts.segments, in_4_4, "port %u, 4.4", port);
    struct decoding old;
    decoding_open(&old, RULES_4_0, 1, 1);
    decoding_ethernet(&old, &p, p.size, p.size);
    cr_expect_eq(old.counts.segments, in_4_0, "port %u, 4.0", port);
    decoding_close(&old);
}

Test(ip, tunnels_of_generations)
{
    struct packet vxlan = {0};
    put_bytes(&vxlan, "\x08\0\0\0\0\0\1", 8);
    put_ethernet(&vxlan, 0x0800);
    put_ipv4(&vxlan, &(struct ipv4_fields){.total = 40});
    put_tcp(&vxlan, &ack);
    expect_segments(4789, &vxlan, 1, 1);
    expect_segments(8472, &vxlan, 0, 1);

    for (unsigned behind = 0; behind < 2; behind++) {
        struct packet gtp = {0};
        put_bytes(&gtp, "\x30\xff", 2);
        put_u16(&gtp, 40 + behind);
        put_u32(&gtp, 1);
        put_ipv4(&gtp, &(struct ipv4_fields){.total = 40});
        put_tcp(&gtp, &ack);
        put_zeros(&gtp, behind);
        expect_segments(2152, &gtp, 1, !behind);

        struct packet gtp6 = {0};
        put_bytes(&gtp6, "\x30\xff", 2);
        put_u16(&gtp6, 60 + behind);
        put_u32(&gtp6, 1);
        put_ipv6(&gtp6, &(struct ipv6_fields){.payload = 20, .next = 6});
        put_tcp(&gtp6, &ack);
        put_zeros(&gtp6, behind);
        expect_segments(2152, &gtp6, 1, !behind);
    }
    struct packet longest = {0}; /* 4.0 takes 4f for PPP */
    put_bytes(&longest, "\x30\xff", 2);
    put_u16(&longest, 80);
    put_u32(&longest, 1);
    put_ipv4(&longest, &(struct ipv4_fields){.words = 15, .options = 40, .total = 80});
    put_tcp(&longest, &ack);
    expect_segments(2152, &longest, 0, 1);
}
