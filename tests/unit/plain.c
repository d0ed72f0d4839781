/* The fast path for plain frames: each of its versions makes of any frames what decode_frame() makes of them,
 * one by one or in the runs of each record layout.
 *
 * Length: all versions are held against one another by the same cases. */
#include "io/formats/pcap.h"
#include "io/formats/pcapng.h"
#include "tests/support/random.h"
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { SHARDS = 3, INDEX = 5, HEADERS = 14 + 20 + 20 };

/* One decoder each for decode_frame() and for the versions of the fast path. */
enum way { GENERAL, PORTABLE, BEST, NOTING, WAYS };
static struct decoding ways[WAYS];
static struct ftp_list ftp[WAYS];
static struct boundary_list boundaries[WAYS]; /* of all but BEST, which notes none */

static void ways_open(enum rules rules)
{
    for (enum way w = 0; w < WAYS; w++) {
        decoding_open(&ways[w], rules, SHARDS, 1);
        ways[w].decoder.ftp = &ftp[w];
        ways[w].decoder.boundaries = &boundaries[w];
        ways[w].decoder.notes_boundaries = w != BEST;
    }
    ways[GENERAL].decoder.plain = NULL;
    ways[PORTABLE].decoder.plain = plain_path_portable(rules);
    ways[BEST].decoder.plain = plain_path_choose(rules, false);
    ways[NOTING].decoder.plain = plain_path_choose(rules, true);
}

static void ways_clear(void)
{
    for (enum way w = 0; w < WAYS; w++) {
        decoding_clear(&ways[w]);
        ftp[w].count = 0;
        boundaries[w].count = 0;
    }
}

static void ways_close(void)
{
    for (enum way w = 0; w < WAYS; w++) {
        decoding_close(&ways[w]);
        free(ftp[w].items);
        ftp[w] = (struct ftp_list){0};
        free(boundaries[w].items);
        boundaries[w] = (struct boundary_list){0};
    }
}

static void expect_boundaries_as_general(enum way way, const char *name)
{
    if (!ways[way].decoder.notes_boundaries)
        return;
    cr_assert_eq(boundaries[GENERAL].count, boundaries[way].count, "%s", name);
    for (uint32_t i = 0; i < boundaries[way].count; i++) {
        const struct boundary *x = &boundaries[GENERAL].items[i], *y = &boundaries[way].items[i];
        cr_assert(x->position == y->position && x->clock == y->clock && x->timestamp == y->timestamp &&
                      x->ip_id == y->ip_id && x->bits == y->bits,
                  "%s", name);
    }
}

/* But for the places of boundaries, where the way notes none. */
static void expect_segments_as_general(enum way way, const char *name)
{
    for (unsigned i = 0; i < FAMILIES * SHARDS; i++) {
        const enum family family = i / SHARDS;
        const struct segment_list *x = &ways[GENERAL].lists[i], *y = &ways[way].lists[i];
        const uint32_t count = segment_list_count(x, family);
        cr_assert_eq(count, segment_list_count(y, family), "%s", name);
        for (uint32_t k = 0; k < count; k++) {
            struct segment_keyed a = {0};
            memcpy(&a, segment_list_at(x, k, family), segment_size(family));
            if (!ways[way].decoder.notes_boundaries)
                a.s.boundary = 0;
            cr_assert(!memcmp(&a, segment_list_at(y, k, family), segment_size(family)), "%s", name);
        }
    }
}

static void expect_as_general(enum way way)
{
    const struct decoding *a = &ways[GENERAL], *b = &ways[way];
    const char *name = b->decoder.plain->name;
    cr_assert(!memcmp(a->counts.frames, b->counts.frames, sizeof a->counts.frames), "%s", name);
    cr_assert_eq(a->counts.segments_truncated, b->counts.segments_truncated, "%s", name);
    cr_assert_eq(a->counts.notes.count, b->counts.notes.count, "%s", name);
    for (uint32_t i = 0; i < a->counts.notes.count; i++) {
        const struct note *x = &a->counts.notes.items[i], *y = &b->counts.notes.items[i];
        cr_assert(x->outcome == y->outcome && x->subject == y->subject && x->value == y->value &&
                      x->frames == y->frames,
                  "%s", name);
    }
    cr_assert_eq(a->fragments.used, b->fragments.used, "%s", name);
    cr_assert(a->counts.segments == b->counts.segments && a->counts.wire_bytes == b->counts.wire_bytes &&
                  a->counts.captured_bytes == b->counts.captured_bytes,
              "%s", name);
    expect_segments_as_general(way, name);
    cr_assert_eq(ftp[GENERAL].count, ftp[way].count, "%s", name);
    for (uint32_t i = 0; i < ftp[way].count; i++)
        cr_assert(ftp[GENERAL].items[i].v4.s.position == ftp[way].items[i].v4.s.position &&
                      ftp[GENERAL].items[i].window == ftp[way].items[i].window,
                  "%s", name);
    expect_boundaries_as_general(way, name);
}

/* Decodes the frames each way. */
static void expect_the_same(const struct frame *frames, unsigned n)
{
    ways_clear();
    for (unsigned i = 0; i < n; i++)
        decode_frame(&ways[GENERAL].decoder, &frames[i], INDEX + i);
    for (enum way w = PORTABLE; w < WAYS; w++) {
        decode_frames(&ways[w].decoder, frames, n, INDEX);
        expect_as_general(w);
    }
}

static struct packet packet(const struct tcp_fields *tcp, unsigned behind)
{
    struct packet p = {0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.total = 40 + behind});
    put_tcp(&p, tcp);
    put_zeros(&p, behind);
    return p;
}

static struct frame frame_of(const struct packet *p)
{
    return (struct frame){
        .data = p->bytes, .captured = p->size, .length = p->size, .link_type = 1, .decimals = 6};
}

/* One bit of the headers wrong, one cut at each length, one longer or shorter on the wire, each kind. */
Test(plain, one_thing_odd)
{
    for (enum rules rules = RULES_4_0; rules <= RULES_4_4; rules++) {
        const struct packet good = packet(&(struct tcp_fields){.flags = 0x18, .seq = 1, .ack = 2}, 6);
        ways_open(rules);
        for (unsigned bit = 0; bit < HEADERS * 8; bit++) {
            struct packet p = good;
            p.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            expect_the_same(&(const struct frame[]){frame_of(&good), frame_of(&p), frame_of(&good)}[0], 3);
        }
        for (unsigned captured = 0; captured <= good.size; captured++)
            for (unsigned length = 0; length <= good.size + 2; length++) {
                struct frame f = frame_of(&good);
                f.captured = captured;
                f.length = length;
                expect_the_same(&f, 1);
            }
        static const uint16_t link_types[] = {1, 0, 101, 113, 276, UINT16_MAX};
        static const uint8_t fcs[] = {0, 4};
        for (size_t l = 0; l < ARRAY_LEN(link_types); l++)
            for (size_t k = 0; k < ARRAY_LEN(fcs); k++)
                for (unsigned decimals = 0; decimals < 10; decimals++) {
                    struct frame f = frame_of(&good);
                    f.link_type = link_types[l];
                    f.fcs = fcs[k];
                    f.decimals = (uint8_t)decimals;
                    expect_the_same(&(const struct frame[]){frame_of(&good), f, f}[0], 3);
                }
        ways_close();
    }
}

/* Frames of FTP control connections are not plain under 4.0, and plain under later rules. */
Test(plain, ftp_control)
{
    static const unsigned ports[][2] = {{21, 40000}, {40000, 21}, {21, 21}, {20, 22}};
    for (enum rules rules = RULES_4_0; rules <= RULES_4_4; rules++) {
        ways_open(rules);
        for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
            const struct packet p = packet(
                &(struct tcp_fields){.source = ports[i][0], .destination = ports[i][1], .flags = 0x10}, 0);
            const struct frame f = frame_of(&p);
            expect_the_same(&f, 1);
            const bool control = ports[i][0] == 21 || ports[i][1] == 21;
            for (enum way w = 0; w < WAYS; w++)
                cr_expect_eq(ftp[w].count, rules == RULES_4_0 && control);
        }
        ways_close();
    }
}

/* A packet that is nearly plain: often with some bit changed. */
static struct packet random_packet(uint64_t *random, unsigned *behind)
{
    static const unsigned ports[] = {1, 2, 3, 21};
    *behind = random_below(random, 9);
    struct packet p =
        packet(&(struct tcp_fields){.source = ports[random_below(random, ARRAY_LEN(ports))],
                                    .destination = ports[random_below(random, ARRAY_LEN(ports))],
                                    .seq = random_below(random, UINT32_MAX),
                                    .ack = random_below(random, UINT32_MAX),
                                    .flags = random_below(random, 512)},
               *behind);
    for (unsigned k = 0; k < 8; k++) /* few hosts, of which either may be the lower */
        p.bytes[26 + k] = (uint8_t)(k % 4 == 3 ? random_below(random, 3) : 250);
    if (random_below(random, 2))
        p.bytes[random_below(random, p.size)] ^= (uint8_t)(1u << random_below(random, 8));
    return p;
}

Test(plain, frames)
{
    enum { FRAMES = 8, ROUNDS = 4000 };
    uint64_t random = 3, segments = 0;
    for (enum rules rules = RULES_4_0; rules <= RULES_4_4; rules++) {
        ways_open(rules);
        for (int round = 0; round < ROUNDS; round++) {
            struct packet packets[FRAMES];
            struct frame frames[FRAMES];
            for (unsigned i = 0; i < FRAMES; i++) {
                unsigned behind;
                struct packet *p = &packets[i];
                *p = random_packet(&random, &behind);
                frames[i] = (struct frame){.data = p->bytes,
                                           .captured = p->size - random_below(&random, 2) * behind,
                                           .length = p->size + random_below(&random, 3) - 1,
                                           .time = round * FRAMES + i,
                                           .link_type = 1,
                                           .decimals = (uint8_t)random_below(&random, 10),
                                           .fcs = random_below(&random, 10) ? 0 : 4};
            }
            expect_the_same(frames, FRAMES);
            segments += ways[GENERAL].counts.segments;
        }
        ways_close();
    }
    cr_expect_gt(segments, (uint64_t)FRAMES * ROUNDS); /* a third and more have one */
}

/* Runs */

enum { RECORDS = 70, LONGEST = 100, ROOM = 200, UNIT_NS = 1000, UPPER_HALVES = 0x20c49b };

static uint8_t *put_le(uint8_t *p, const uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 4; k++)
            *p++ = (uint8_t)(words[i] >> 8 * k);
    return p;
}

/* A record at p: sets the frame but for its kind, and returns where the next one begins. time: in units. What
 * is damaged makes it a record that is not in the run. */
struct layout {
    const struct run_decoder *decoder;
    uint8_t *(*put)(uint8_t *p, const uint8_t *bytes, uint32_t captured, uint32_t length, uint64_t time,
                    struct frame *f);
    void (*damage)(uint8_t *record, uint8_t *end, uint64_t *random);
    uint32_t bound[2];
};

static uint8_t *put_pcap(uint8_t *p, const uint8_t *bytes, uint32_t captured, uint32_t length, uint64_t time,
                         struct frame *f)
{
    p = put_le(p, (uint32_t[]){(uint32_t)(time / 1000000), (uint32_t)(time % 1000000), captured, length}, 4);
    *f = (struct frame){.data = p, .captured = captured, .length = length, .time = (int64_t)time * UNIT_NS};
    memcpy(p, bytes, captured);
    return p + captured;
}

static void damage_pcap(uint8_t *record, uint8_t *end, uint64_t *random)
{
    (void)end;
    put_le(record + 8, (uint32_t[]){LONGEST + 1 + random_below(random, 2) * 1000000000}, 1);
}

static uint8_t *put_pcapng(uint8_t *p, const uint8_t *bytes, uint32_t captured, uint32_t length,
                           uint64_t time, struct frame *f)
{
    const uint32_t padded = (captured + 3) / 4 * 4, size = PACKET_BLOCK_MIN + padded;
    p = put_le(p,
               (uint32_t[]){BLOCK_ENHANCED, size, (uint32_t)(time % 2), (uint32_t)(time >> 32),
                            (uint32_t)time, captured, length},
               7);
    *f = (struct frame){.data = p, .captured = captured, .length = length, .time = (int64_t)time * UNIT_NS};
    memset(p, 0xff, padded);
    memcpy(p, bytes, captured);
    return put_le(p + padded, &size, 1);
}

static void damage_pcapng(uint8_t *record, uint8_t *end, uint64_t *random)
{
    switch (random_below(random, 6)) {
    case 0: /* type */
        record[random_below(random, 4)] ^= 1;
        return;
    case 1: /* length */
        record[4] ^= 4;
        return;
    case 2: /* interface */
        put_le(record + 8, (uint32_t[]){2 + random_below(random, UINT32_MAX - 2)}, 1);
        return;
    case 3: /* time */
        put_le(record + 12, (uint32_t[]){UPPER_HALVES}, 1);
        return;
    case 4: /* captured length */
        put_le(record + 20, (uint32_t[]){LONGEST + 1}, 1);
        return;
    case 5: /* length at the end */
        end[-4] ^= 4;
        return;
    }
}

static const struct layout layouts[] = {
    {&pcap_run_decoder, put_pcap, damage_pcap, {0}},
    {&pcapng_run_decoder,
     put_pcapng,
     damage_pcapng,
     {[PCAPNG_RUN_INTERFACES] = 2, [PCAPNG_RUN_UPPER_HALVES] = UPPER_HALVES}},
};

/* How a run ends: at its limit, or before that with a record that is damaged, or too late. */
enum end { END_LIMIT, END_DAMAGED, END_LATE, ENDS };

/* Some records and the one behind, which is not in the run. */
struct written {
    struct record_run run;
    unsigned records;
    struct frame frames[RECORDS + 1];
    const uint8_t *at[RECORDS + 1];
    uint8_t bytes[(RECORDS + 1) * ROOM + 4096]; /* what is fetched ahead is never read */
};

static void write_run(struct written *w, const struct layout *layout, enum end end, uint64_t *random)
{
    const uint32_t kind = (struct frame){.link_type = random_below(random, 9) ? 1 : 101,
                                         .decimals = (uint8_t)random_below(random, 10),
                                         .fcs = random_below(random, 9) ? 0 : 4}
                              .kind;
    const uint64_t latest = UINT64_C(1) << 51;
    uint8_t *p = w->bytes;
    w->records = random_below(random, RECORDS + 1);
    for (unsigned k = 0; k <= w->records; k++) {
        unsigned behind;
        const struct packet packet = random_packet(random, &behind);
        const uint32_t captured = random_below(random, 9) ? packet.size - random_below(random, 2) * behind
                                                          : random_below(random, packet.size),
                       length = packet.size + random_below(random, 3) - 1;
        const bool late = end == END_LATE && k == w->records;
        const uint64_t time = late ? latest + 1 : random_next(random) % (UINT64_C(4000000000) * 1000000);
        uint8_t *record = p;
        w->at[k] = record;
        p = layout->put(p, packet.bytes, captured, length, late ? latest + 1 : MIN(time, latest),
                        &w->frames[k]);
        w->frames[k].kind = kind;
        if (end == END_DAMAGED && k == w->records)
            layout->damage(record, p, random);
    }
    w->run = (struct record_run){
        .at = w->bytes,
        .limit = end == END_LIMIT ? w->at[w->records] : w->bytes + sizeof w->bytes,
        .longest = LONGEST,
        .kind = kind,
        .unit_ns = UNIT_NS,
        .bound = {layout->bound[0], layout->bound[1]},
        .decoder = layout->decoder,
        .latest = end == END_LATE || random_below(random, 2) ? (int64_t)latest * UNIT_NS : INT64_MAX};
}

/* Some records at a time, as whoever has walked them gives them. */
static void decode_walked(struct decoder *d, const struct written *w, uint64_t *random)
{
    const struct record_run run = w->run;
    for (unsigned k = 0, n; k < w->records; k += n) {
        n = 1 + random_below(random, RECORDS_AT_A_TIME);
        n = MIN(n, w->records - k);
        decode_records(d, &run, w->at + k, n, INDEX + k);
    }
}

/* All frames of the run are counted, in their order of time. */
static void expect_order(const struct time_order *order, const struct written *w)
{
    struct time_order want = {0};
    time_order_add(&want, w->frames, w->records);
    cr_assert(order->begun == want.begun && order->first == want.first && order->last == want.last &&
              order->earliest == want.earliest && order->latest == want.latest &&
              order->frames_back == want.frames_back && order->furthest_back == want.furthest_back);
}

/* Of records up to the one that is not in the run: walked and decoded in one pass, and decoded after a
 * walk. */
Test(plain, runs)
{
    enum { ROUNDS = 1000 };
    static struct written w;
    uint64_t random = 5, segments = 0;
    for (enum rules rules = RULES_4_0; rules <= RULES_4_4; rules++)
        for (size_t l = 0; l < ARRAY_LEN(layouts); l++) {
            ways_open(rules);
            for (int round = 0; round < ROUNDS; round++) {
                write_run(&w, &layouts[l], (enum end)(round % ENDS), &random);
                ways_clear();
                for (unsigned k = 0; k < w.records; k++)
                    decode_frame(&ways[GENERAL].decoder, &w.frames[k], INDEX + k);
                segments += ways[GENERAL].counts.segments;
                for (enum way way = PORTABLE; way < WAYS; way++) {
                    struct record_run run = w.run;
                    cr_assert_eq(decode_run(&ways[way].decoder, &run, INDEX), w.records);
                    cr_assert_eq(run.at, w.at[w.records]);
                    expect_as_general(way);
                    expect_order(&ways[way].counts.order, &w);
                    if (!w.run.decoder->walk)
                        continue;
                    decoding_clear(&ways[way]);
                    ftp[way].count = boundaries[way].count = 0;
                    decode_walked(&ways[way].decoder, &w, &random);
                    expect_as_general(way);
                    expect_order(&ways[way].counts.order, &w);
                }
            }
            ways_close();
        }
    cr_expect_gt(segments, (uint64_t)RECORDS * ROUNDS);
}

/* Walked side by side, each run gives the records that it has, until one breaks. */
Test(plain, side_by_side)
{
    enum { ROUNDS = 1000 };
    static struct written w[RUNS_SIDE_BY_SIDE];
    uint64_t random = 7;
    for (int round = 0; round < ROUNDS; round++) {
        struct run_group group = {.used = 1 + random_below(&random, RUNS_SIDE_BY_SIDE)};
        struct run_turn turn;
        unsigned walked[RUNS_SIDE_BY_SIDE] = {0};
        /* latest is the same for all, or INT64_MAX. */
        const enum end end = (enum end)(round % ENDS);
        bool breaks[RUNS_SIDE_BY_SIDE];
        for (unsigned i = 0; i < group.used; i++) {
            breaks[i] = end != END_LIMIT && random_below(&random, 3) == 0;
            write_run(&w[i], &layouts[0], breaks[i] ? end : END_LIMIT, &random);
            group.run[i] = w[i].run;
            group.run[i].latest = end == END_LATE ? (INT64_C(1) << 51) * UNIT_NS : INT64_MAX;
        }
        for (bool any = true; any;) {
            for (unsigned i = 0; i < group.used; i++) {
                turn.record[i][0] = w[i].at[walked[i]];
                turn.count[i] = 0;
            }
            const unsigned middle = random_below(&random, RECORDS_AT_A_TIME + 1);
            group.run[0].decoder->walk(&group, &turn, 0, middle);
            group.run[0].decoder->walk(&group, &turn, middle, RECORDS_AT_A_TIME);
            any = false;
            for (unsigned i = 0; i < group.used; i++) {
                for (unsigned k = 1; k <= turn.count[i]; k++)
                    cr_assert_eq(turn.record[i][k], w[i].at[walked[i] + k]);
                walked[i] += turn.count[i];
                any |= turn.count[i];
            }
        }
        unsigned finished = 0;
        bool broke = false;
        for (unsigned i = 0; i < group.used; i++) {
            cr_assert_leq(walked[i], w[i].records);
            finished += walked[i] == w[i].records;
            broke |= breaks[i] && walked[i] == w[i].records;
        }
        cr_assert_eq(group.broke, broke);
        cr_assert(broke || finished == group.used);
    }
}
