/* The TCP header: how much of it counts, and what it becomes. */
#include "engine/decode/protocols.h"
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>

enum { BEFORE = 14 + 20 };

static struct packet packet(const struct tcp_fields *tcp, unsigned total, unsigned behind)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.total = total});
    put_tcp(&p, tcp);
    put_zeros(&p, behind);
    return p;
}

Test(tcp, fewest_bytes)
{
    static const struct {
        enum rules rules;
        uint32_t bytes;
    } generations[] = {{RULES_4_0, 16}, {RULES_4_2, 16}, {RULES_4_4, 14}};
    for (size_t g = 0; g < ARRAY_LEN(generations); g++) {
        struct decoding d;
        decoding_open(&d, generations[g].rules, 1, 1);
        struct packet p = packet(&(struct tcp_fields){.flags = TCP_SYN, .seq = 1}, 40, 0);
        for (uint32_t n = 0; n <= 20; n++) {
            bool counts = n >= generations[g].bytes;
            decoding_ethernet(&d, &p, BEFORE + n, p.size);
            if (counts)
                EXPECT_COUNTED(&d, OUTCOME_WITH_TCP, SUBJECT_NONE, 0);
            else
                EXPECT_COUNTED(&d, OUTCOME_TRUNCATED, SUBJECT_TCP, 0);
            cr_expect_eq(d.counts.segments, counts);
            cr_expect_eq(d.counts.segments_truncated, !counts);
            const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
            cr_assert_eq(s != NULL, counts);
            /* The length comes from the IP header, not from what was captured. */
            cr_expect(!s || (s->bits & SEGMENT_LENGTH_KNOWN && s->payload == 0 && s->seq == 1));
        }
        decoding_close(&d);
    }
}

Test(tcp, data_offset)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, 1, 1);
    for (unsigned words = 0; words < 16; words++)
        for (unsigned behind = 0; behind < 60; behind++) {
            struct packet p =
                packet(&(struct tcp_fields){.words = words, .no_words = !words}, 40 + behind, behind);
            decoding_ethernet(&d, &p, p.size, p.size);
            const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
            cr_assert(s);
            bool known = 20 + behind >= words * 4;
            cr_expect_eq(!(s->bits & SEGMENT_SHORT_OFFSET), words >= 5);
            cr_expect_eq(!(s->bits & SEGMENT_LENGTH_KNOWN), !known, "%u words, %u behind", words, behind);
            cr_expect_eq(s->payload, known ? 20 + behind - words * 4 : 0);
        }
    decoding_close(&d);
}

Test(tcp, fields)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, 1, 1);
    struct tcp_fields tcp = {
        .source = 0xffff, .destination = 1, .seq = 0xfedcba98, .ack = 0x89abcdef, .flags = 0xabc};
    struct packet p = packet(&tcp, 41, 1);
    for (unsigned decimals = 0; decimals < 10; decimals++) {
        struct frame f = {.data = p.bytes,
                          .captured = p.size,
                          .length = p.size + 100,
                          .link_type = 1,
                          .decimals = (uint8_t)decimals,
                          .time = INT64_C(1234567890123456789)};
        decoding_run(&d, &f, 0x123456);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_assert(s);
        cr_expect_eq(s->position, 0x12345600);
        cr_expect_eq(s->time, f.time);
        cr_expect_eq(s->seq, tcp.seq);
        cr_expect_eq(s->ack, tcp.ack);
        cr_expect_eq(SEGMENT_FLAGS(s), 0xabc);
        cr_expect_eq(SEGMENT_DECIMALS(s), decimals);
        cr_expect_eq(s->payload, 1);
        cr_expect_eq(s->wire, p.size + 100);
        cr_expect_eq(s->completeness, 0);
        cr_expect(s->port[0] == 0xffff && s->port[1] == 1); /* 10.0.0.1 is the lower endpoint */
        cr_expect_eq(d.counts.wire_bytes, p.size + 100);
        cr_expect_eq(d.counts.captured_bytes, p.size);
    }
    decoding_close(&d);
}

/* A record that claims less on the wire than it has captured: the captured bytes are there. */
Test(tcp, shorter_than_captured)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, 1, 1);
    struct packet p = packet(&(struct tcp_fields){.flags = TCP_ACK}, 45, 5);
    decoding_ethernet(&d, &p, p.size, 10);
    const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
    cr_assert(s);
    cr_expect_eq(s->payload, 5);
    cr_expect_eq(s->wire, 10);
    decoding_close(&d);
}

/* Segments of one frame are numbered from 0 in the position's low bits; decode_tcp() is what every carrier
 * ends in. */
Test(tcp, several_in_a_frame)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, 4, 1);
    struct packet p = packet(&(struct tcp_fields){.flags = TCP_ACK}, 40, 0);
    struct frame f = {.data = p.bytes, .captured = p.size, .length = p.size, .link_type = 1};
    decoding_run(&d, &f, 3);
    struct layer l = {.at = p.bytes + BEFORE, .captured = 20, .length = 20};
    d.decoder.frame = &f;
    d.decoder.ip = (struct ip_addresses){FAMILY_IPV4, p.bytes + 26, p.bytes + 30};
    for (uint32_t i = 1; i < 300; i++)
        decode_tcp(&d.decoder, l);
    uint32_t count = 0;
    for (; decoding_segment(&d, count, NULL, NULL); count++)
        cr_expect_eq(decoding_segment(&d, count, NULL, NULL)->position, 3 << 8 | count);
    cr_expect_eq(count, 255); /* no more have room in a position */
    decoding_close(&d);
}
