/* The TCP header: how much of it counts, and what it becomes. */
#include "tests/support/random.h"
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

/* A packet that is nearly plain: often with some bit changed. */
static struct packet random_packet(uint64_t *random, unsigned *behind)
{
    *behind = random_below(random, 9);
    struct packet p = packet(&(struct tcp_fields){.source = 1 + random_below(random, 3),
                                                  .destination = 1 + random_below(random, 3),
                                                  .seq = random_below(random, UINT32_MAX),
                                                  .ack = random_below(random, UINT32_MAX),
                                                  .flags = random_below(random, 512)},
                             40 + *behind, *behind);
    for (unsigned k = 0; k < 8; k++) /* few hosts, of which either may be the lower */
        p.bytes[26 + k] = (uint8_t)(k % 4 == 3 ? random_below(random, 3) : 250);
    if (random_below(random, 2))
        p.bytes[random_below(random, p.size)] ^= (uint8_t)(1u << random_below(random, 8));
    return p;
}

static void expect_the_same(const struct decoding *a, const struct decoding *b, unsigned lists)
{
    cr_assert(!memcmp(a->counts.frames, b->counts.frames, sizeof a->counts.frames));
    cr_assert_eq(a->counts.segments_truncated, b->counts.segments_truncated);
    cr_assert_eq(a->counts.notes.count, b->counts.notes.count);
    for (uint32_t i = 0; i < a->counts.notes.count; i++) {
        const struct note *x = &a->counts.notes.items[i], *y = &b->counts.notes.items[i];
        cr_assert(x->outcome == y->outcome && x->subject == y->subject && x->value == y->value &&
                  x->frames == y->frames);
    }
    cr_assert_eq(a->fragments.used, b->fragments.used);
    cr_assert(a->counts.segments == b->counts.segments && a->counts.wire_bytes == b->counts.wire_bytes &&
              a->counts.captured_bytes == b->counts.captured_bytes);
    for (unsigned i = 0; i < lists; i++) {
        const struct segment_list *x = &a->lists[i], *y = &b->lists[i];
        const size_t size = (size_t)(x->end - x->items);
        cr_assert_eq(size, (size_t)(y->end - y->items));
        cr_assert(!size || !memcmp(x->items, y->items, size));
    }
}

/* Frames that are nearly plain, of which each has some byte or length changed at random: the short ways make
 * of them what decode_frame() makes. */
Test(tcp, plain_frames)
{
    enum { FRAMES = 8, RUNS = 4000, SHARDS = 3 };
    struct decoding general, plain, portable;
    struct decoding *all[] = {&general, &plain, &portable};
    uint64_t random = 3, segments = 0;
    for (enum rules rules = RULES_4_0; rules <= RULES_4_4; rules++) {
        for (size_t w = 0; w < ARRAY_LEN(all); w++)
            decoding_open(all[w], rules, SHARDS, 1);
        for (int run = 0; run < RUNS; run++) {
            struct packet packets[FRAMES];
            struct frame frames[FRAMES];
            for (unsigned i = 0; i < FRAMES; i++) {
                unsigned behind;
                struct packet *p = &packets[i];
                *p = random_packet(&random, &behind);
                frames[i] = (struct frame){.data = p->bytes,
                                           .captured = p->size - random_below(&random, 2) * behind,
                                           .length = p->size + random_below(&random, 3) - 1,
                                           .time = run * FRAMES + i,
                                           .link_type = 1,
                                           .decimals = (uint8_t)random_below(&random, 10),
                                           .fcs = random_below(&random, 10) ? 0 : 4};
            }
            for (size_t w = 0; w < ARRAY_LEN(all); w++)
                decoding_clear(all[w]);
            for (unsigned i = 0; i < FRAMES; i++)
                decode_frame(&general.decoder, &frames[i], 5 + i);
            decode_frames(&plain.decoder, frames, FRAMES, 5);
            decode_frames_portable(&portable.decoder, frames, FRAMES, 5);
            segments += general.counts.segments;
            for (size_t w = 1; w < ARRAY_LEN(all); w++)
                expect_the_same(&general, all[w], FAMILIES * SHARDS);
        }
        for (size_t w = 0; w < ARRAY_LEN(all); w++)
            decoding_close(all[w]);
    }
    cr_expect_gt(segments, (uint64_t)FRAMES * RUNS); /* a third and more have one */
}

static uint8_t *put_le32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(v >> 8 * i);
    return p;
}

/* Some records at a time, as whoever has walked them gives them. */
typedef void decode_some(struct decoder *, const struct record_run *, const uint8_t *const *, unsigned,
                         uint32_t);

static void decode_walked(decode_some *decode, struct decoder *d, const struct record_run *run,
                          const uint8_t *const *records, unsigned count, uint64_t *random)
{
    enum { MOST = 16 };
    for (unsigned k = 0, n; k < count; k += n) {
        n = random_below(random, MOST + 1); /* MIN() would draw twice */
        n = MIN(n, count - k);
        decode(d, run, records + k, n, 5 + k);
    }
}

/* The same of records, up to the one that is not of the run. */
Test(tcp, runs)
{
    enum { RECORDS = 70, RUNS = 1000, SHARDS = 3, LONGEST = 100, ROOM = 200 };
    struct decoding general, plain, portable, walked, walked_portable;
    struct decoding *all[] = {&general, &plain, &portable, &walked, &walked_portable};
    uint64_t random = 5, segments = 0;
    for (enum rules rules = RULES_4_0; rules <= RULES_4_4; rules++) {
        for (size_t w = 0; w < ARRAY_LEN(all); w++)
            decoding_open(all[w], rules, SHARDS, 1);
        for (int i = 0; i < RUNS; i++) {
            static uint8_t bytes[(RECORDS + 1) * ROOM];
            const unsigned records = random_below(&random, RECORDS + 1);
            /* With the limit, or before it with a record that is too long, or too late. */
            const enum { LIMIT, TOO_LONG, TOO_LATE, ENDS } ends = random_below(&random, ENDS);
            int64_t latest = 0;
            const uint32_t kind = (struct frame){.link_type = random_below(&random, 9) ? 1 : 101,
                                                 .decimals = (uint8_t)random_below(&random, 10),
                                                 .fcs = random_below(&random, 9) ? 0 : 4}
                                      .kind;
            struct frame frames[RECORDS];
            const uint8_t *at[RECORDS + 1];
            uint8_t *p = bytes;
            for (size_t w = 0; w < ARRAY_LEN(all); w++)
                decoding_clear(all[w]);
            for (unsigned k = 0; k < records; k++) {
                unsigned behind;
                const struct packet packet = random_packet(&random, &behind);
                const uint32_t seconds = random_below(&random, UINT32_MAX - 1),
                               fraction = random_below(&random, 1000000),
                               captured = random_below(&random, 9)
                                              ? packet.size - random_below(&random, 2) * behind
                                              : random_below(&random, packet.size),
                               length = packet.size + random_below(&random, 3) - 1;
                p = put_le32(put_le32(put_le32(put_le32(p, seconds), fraction), captured), length);
                frames[k] = (struct frame){.data = p,
                                           .time = seconds * INT64_C(1000000000) + fraction * INT64_C(1000),
                                           .captured = captured,
                                           .length = length,
                                           .kind = kind};
                latest = MAX(latest, frames[k].time);
                at[k] = p - RUN_HEADER;
                memcpy(p, packet.bytes, captured);
                p += captured;
                decode_frame(&general.decoder, &frames[k], 5 + k);
            }
            at[records] = p;
            const int64_t later = latest + 1000;
            put_le32(put_le32(put_le32(put_le32(p, (uint32_t)(later / 1000000000)),
                                       (uint32_t)(later % 1000000000 / 1000)),
                              LONGEST + (ends == TOO_LONG)),
                     LONGEST);
            const struct record_run run = {.at = bytes,
                                           .limit = ends == LIMIT ? p : bytes + sizeof bytes,
                                           .longest = LONGEST,
                                           .kind = kind,
                                           .fraction_ns = 1000,
                                           .latest = ends == TOO_LATE ? latest : INT64_MAX,
                                           .last_time = -1};
            struct record_run a = run, b = run;
            cr_assert_eq(decode_run(&plain.decoder, &a, 5), records);
            cr_assert_eq(decode_run_portable(&portable.decoder, &b, 5), records);
            cr_assert(a.at == p && b.at == p);
            const int64_t last = records ? frames[records - 1].time : -1;
            cr_assert(a.last_time == last && b.last_time == last);
            decode_walked(decode_records, &walked.decoder, &run, at, records, &random);
            decode_walked(decode_records_portable, &walked_portable.decoder, &run, at, records, &random);
            segments += general.counts.segments;
            for (size_t w = 1; w < ARRAY_LEN(all); w++)
                expect_the_same(&general, all[w], FAMILIES * SHARDS);
        }
        for (size_t w = 0; w < ARRAY_LEN(all); w++)
            decoding_close(all[w]);
    }
    cr_expect_gt(segments, (uint64_t)RECORDS / 2 * RUNS);
}
