/* Ethernet, tags and LLC: to IP, or not. */
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
TestSuite(link, .init = open_decoder, .fini = close_decoder);

static void put_ipv4_tcp(struct packet *p)
{
    put_ipv4(p, &(struct ipv4_fields){.total = 40});
    put_tcp(p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
}

static void put_ipv6_tcp(struct packet *p)
{
    put_ipv6(p, &(struct ipv6_fields){.payload = 20, .next = 6});
    put_tcp(p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
}

static void expect_tcp(const struct packet *p, enum family family)
{
    decoding_ethernet(&d, p, p->size, p->size);
    EXPECT_COUNTED(&d, OUTCOME_WITH_TCP, SUBJECT_NONE, 0);
    enum family is = FAMILIES;
    const struct segment *s = decoding_segment(&d, 0, &is, NULL);
    cr_assert(s && is == family);
    cr_expect_eq(s->seq, 7);
    cr_expect_eq(s->payload, 0);
    cr_expect_eq(d.counts.segments, 1);
    cr_expect_eq(d.counts.wire_bytes, p->size);
}

static void expect_counted(const struct packet *p, uint32_t captured, uint32_t length, enum outcome outcome,
                           enum subject subject, uint32_t value)
{
    decoding_ethernet(&d, p, captured, length);
    EXPECT_COUNTED(&d, outcome, subject, value);
    cr_expect_null(decoding_segment(&d, 0, NULL, NULL));
}

/* The family of BSD loopback in some order, or an ether type; of one with more bits, as Wireshark takes it,
 * the lower half counts. */
Test(link, null)
{
    static const struct {
        uint8_t header[4];
        bool tcp;
    } cases[] = {{{2, 0, 0, 0}, true}, {{0, 0, 0, 2}, true},  {{0, 2, 0, 0}, true},
                 {{0, 0, 8, 0}, true}, {{2, 0, 8, 0}, true},  {{3, 0, 0, 0}, false},
                 {{1, 0, 8, 0}, true}, {{0, 8, 0, 9}, false}, {{0, 8, 0, 0}, true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = {0};
        put_bytes(&p, cases[i].header, sizeof cases[i].header);
        put_ipv4_tcp(&p);
        struct frame f = {.data = p.bytes, .captured = p.size, .length = p.size, .link_type = 0};
        decoding_run(&d, &f, 0);
        cr_expect_eq(decoding_segment(&d, 0, NULL, NULL) != NULL, cases[i].tcp, "case %zu", i);
    }
}

static void put_tag(struct packet *p, unsigned tag, const void *value, uint32_t size)
{
    put_u16(p, tag);
    put_u16(p, size);
    put_bytes(p, value, size);
}

/* A dissector and a table: the later one counts, and the data is decoded once. */
Test(link, export_pdu)
{
    enum { DISSECTOR = 12, TABLE = 14, SOURCE = 20, DESTINATION = 21, NUMBER = 32 };
    static const uint8_t four[4] = {0, 0, 0, 4}, address[4] = {10, 0, 0, 3};
    static const struct {
        const char *dissector;
        bool table, table_is_last;
        unsigned segments;
    } cases[] = {{"ip\0", false, false, 1}, {NULL, true, true, 1},   {"ip\0", true, true, 1},
                 {"ip\0", true, false, 1},  {"data", true, true, 1}, {"data", true, false, 0},
                 {"data", false, false, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = {0};
        if (cases[i].table && !cases[i].table_is_last)
            put_tag(&p, TABLE, "ip.proto", 8);
        if (cases[i].dissector)
            put_tag(&p, DISSECTOR, cases[i].dissector, 4);
        if (cases[i].table_is_last)
            put_tag(&p, TABLE, "ip.proto", 8);
        put_tag(&p, NUMBER, four, 4);
        put_tag(&p, SOURCE, address, 4);
        put_tag(&p, DESTINATION, address, 4);
        put_tag(&p, 0, NULL, 0);
        put_ipv4_tcp(&p);
        struct frame f = {.data = p.bytes, .captured = p.size, .length = p.size, .link_type = 252};
        decoding_run(&d, &f, 0);
        cr_expect_eq(d.counts.segments, cases[i].segments, "case %zu", i);
    }
}

Test(link, ethernet)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv4_tcp(&p);
    expect_tcp(&p, FAMILY_IPV4);
    for (uint32_t n = 0; n < 14; n++) {
        expect_counted(&p, n, p.size, OUTCOME_TRUNCATED, SUBJECT_ETHERNET, 0);
        expect_counted(&p, n, n, OUTCOME_MALFORMED, SUBJECT_ETHERNET, 0);
    }
    p.size = 0;
    put_ethernet(&p, 0x86dd);
    put_ipv6_tcp(&p);
    expect_tcp(&p, FAMILY_IPV6);
}

Test(link, ether_types)
{
    static const uint16_t without[] = {0x0806, 0x88cc, 0x888e, 0x8808, 0x9000};
    for (size_t i = 0; i < ARRAY_LEN(without); i++) {
        struct packet p = {0};
        put_ethernet(&p, without[i]);
        put_ipv4_tcp(&p);
        expect_counted(&p, p.size, p.size, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
    }
    struct packet p = {0};
    put_ethernet(&p, 0x1234);
    put_ipv4_tcp(&p);
    expect_counted(&p, p.size, p.size, OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, 0x1234);
}

Test(link, unknown_link_type)
{
    struct packet p = {0};
    put_ipv4_tcp(&p);
    struct frame f = {.data = p.bytes, .captured = p.size, .length = p.size, .link_type = 147};
    decoding_run(&d, &f, 0);
    EXPECT_COUNTED(&d, OUTCOME_UNSUPPORTED, SUBJECT_LINK_TYPE, 147);
}

Test(link, tags)
{
    static const uint16_t tags[][4] = {
        {0x8100}, {0x88a8, 0x8100}, {0x9100, 0x8100, 0x8100}, {0x8100, 0x8100}};
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        for (int v6 = 0; v6 < 2; v6++) {
            struct packet p = {0};
            put_ethernet(&p, tags[i][0]);
            for (int k = 0; tags[i][k]; k++)
                put_vlan(&p, tags[i][k + 1] ? tags[i][k + 1] : v6 ? 0x86dd : 0x0800);
            uint32_t headers = p.size;
            if (v6)
                put_ipv6_tcp(&p);
            else
                put_ipv4_tcp(&p);
            expect_tcp(&p, v6 ? FAMILY_IPV6 : FAMILY_IPV4);
            expect_counted(&p, headers - 1, p.size, OUTCOME_TRUNCATED, SUBJECT_VLAN, 0);
            expect_counted(&p, headers - 1, headers - 1, OUTCOME_MALFORMED, SUBJECT_VLAN, 0);
        }
}

/* The depth is capped: Ethernet, 62 tags and IPv4 are 64 headers. */
Test(link, depth)
{
    for (unsigned tags = 60; tags < 70; tags++) {
        struct packet p = {0};
        put_ethernet(&p, 0x8100);
        for (unsigned i = 1; i < tags; i++)
            put_vlan(&p, 0x8100);
        put_vlan(&p, 0x0800);
        put_ipv4_tcp(&p);
        if (tags + 2 <= DECODE_DEPTH)
            expect_tcp(&p, FAMILY_IPV4);
        else
            expect_counted(&p, p.size, p.size, OUTCOME_UNSUPPORTED, SUBJECT_DEPTH, DECODE_DEPTH);
    }
}

Test(link, llc)
{
    struct packet p = {0};
    put_ethernet(&p, 43);
    put_bytes(&p, "\x06\x06\x03", 3);
    put_ipv4_tcp(&p);
    expect_tcp(&p, FAMILY_IPV4);
    expect_counted(&p, 16, p.size, OUTCOME_TRUNCATED, SUBJECT_LLC, 0);
    expect_counted(&p, 16, 16, OUTCOME_MALFORMED, SUBJECT_LLC, 0);

    /* The length field says where it ends: what is behind is padding. */
    struct packet padded = {0};
    put_ethernet(&padded, 2);
    put_bytes(&padded, "\x06\x06\x03", 3);
    put_ipv4_tcp(&padded);
    expect_counted(&padded, padded.size, padded.size, OUTCOME_MALFORMED, SUBJECT_LLC, 0);

    struct packet spanning_tree = {0};
    put_ethernet(&spanning_tree, 38);
    put_bytes(&spanning_tree, "\x42\x42\x03", 3);
    put_zeros(&spanning_tree, 35);
    expect_counted(&spanning_tree, 52, 52, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);

    struct packet novell = {0};
    put_ethernet(&novell, 30);
    put_bytes(&novell, "\xff\xff", 2);
    put_zeros(&novell, 28);
    expect_counted(&novell, 44, 44, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
}

Test(link, snap)
{
    static const char *const ouis[] = {"\0\0\0", "\0\0\xf8"};
    for (size_t i = 0; i < ARRAY_LEN(ouis); i++)
        for (int tagged = 0; tagged < 2; tagged++) {
            struct packet p = {0};
            put_ethernet(&p, tagged ? 0x8100 : 48);
            if (tagged)
                put_vlan(&p, 48);
            put_bytes(&p, "\xaa\xaa\x03", 3);
            put_bytes(&p, ouis[i], 3);
            put_u16(&p, 0x0800);
            uint32_t headers = p.size;
            put_ipv4_tcp(&p);
            expect_tcp(&p, FAMILY_IPV4);
            for (uint32_t n = 1; n <= 5; n++)
                expect_counted(&p, headers - n, p.size, OUTCOME_TRUNCATED, SUBJECT_LLC, 0);
        }
    struct packet p = {0};
    put_ethernet(&p, 48);
    put_bytes(&p, "\xaa\xaa\x03\x12\x34\x56\x08\x00", 8);
    put_ipv4_tcp(&p);
    expect_counted(&p, p.size, p.size, OUTCOME_UNSUPPORTED, SUBJECT_SNAP_OUI, 0x123456);
}

/* The frame check sequence is no part of anything. */
Test(link, fcs)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.total = 0}); /* the frame's own length counts */
    put_tcp(&p, &(struct tcp_fields){.flags = TCP_ACK});
    put_zeros(&p, 10 + 4);
    struct frame f = {.data = p.bytes, .captured = p.size, .length = p.size, .link_type = 1, .fcs = 4};
    decoding_run(&d, &f, 0);
    const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
    cr_assert(s);
    cr_expect_eq(s->payload, 10);
    f.captured = f.length = 3;
    decoding_run(&d, &f, 0);
    EXPECT_COUNTED(&d, OUTCOME_MALFORMED, SUBJECT_ETHERNET, 0);
}

Test(link, notes_add_up)
{
    struct notes notes = {0};
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_eq(notes_add(&notes, OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, i % 50, 2), 0);
    cr_assert_eq(notes_add(&notes, OUTCOME_TRUNCATED, SUBJECT_ETHER_TYPE, 0, 1), 0);
    cr_expect_eq(notes.count, 51);
    struct decode_counts a = {.segments = 5, .frames = {1, 2, 3}, .notes = notes}, b = {.wire_bytes = 9};
    cr_assert_eq(decode_counts_move(&b, &a), 0);
    cr_assert_eq(a.notes.count, 0);
    cr_expect_eq(b.notes.count, 51);
    cr_expect_eq(b.notes.items[7].frames, 40);
    cr_expect(b.segments == 5 && b.frames[1] == 2 && b.wire_bytes == 9 && a.segments == 0 &&
              a.frames[1] == 0);
    decode_counts_free(&a);
    decode_counts_free(&b);
}
