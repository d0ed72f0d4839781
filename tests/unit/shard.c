/* The short ways of the shard, for the segments that most are, against the rules themselves: conversations of
 * a few segments of every kind, each put through rules.h one by one, and all of them through a shard. */
#include "engine/conversations/shard.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { TUPLES = 60000, EACH = 5 };

/* What is expected of a tuple's newest conversation. */
struct expected {
    struct rules_state state;
    unsigned client, decimals;
    bool client_known;
    uint64_t first_frame, last_frame, frames, bytes;
    int64_t first_time, last_time;
    struct ways ways;
};

static struct segment any_segment(uint64_t *random)
{
    /* Plain ones often enough that a conversation has some in a row. */
    static const uint16_t usual[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH,
                                     TCP_FIN | TCP_ACK};
    const bool is_usual = random_below(random, 3) != 0;
    struct segment s = {.flags = is_usual ? usual[random_below(random, ARRAY_LEN(usual))]
                                          : (uint16_t)random_below(random, 4096),
                        .bits = (uint8_t)(SEGMENT_LENGTH_KNOWN | random_below(random, 2)),
                        .seq = 1 + random_below(random, 3),
                        .ack = 1 + random_below(random, 3),
                        .payload = random_below(random, 2) * 7,
                        .wire = 60 + random_below(random, 1000),
                        .time = random_below(random, 1000000)};
    if (!random_below(random, 8))
        s.bits |= SEGMENT_QUOTED;
    if (!random_below(random, 8))
        s.bits |= SEGMENT_SHORT_OFFSET;
    if (!random_below(random, 8)) {
        s.bits &= (uint8_t)~SEGMENT_LENGTH_KNOWN;
        s.payload = 0;
    }
    s.flags |= (uint16_t)((random_below(random, 6) ? 6 : 9) << STATE_DECIMALS_SHIFT);
    return s;
}

static void expect(struct expected *e, const struct segment *s, uint64_t frame, enum rules rules)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    bool created = !e->frames;
    enum trigger trigger = TRIGGER_NONE;
    if (!created) {
        trigger = rules_reuse(rules, &e->state, flow, s->flags, s->seq);
        created = rules_opens_conversation(rules, trigger);
        if (trigger != TRIGGER_NONE && !created)
            e->state.isn[flow] = s->seq;
    }
    if (created)
        *e = (struct expected){.client = flow, .first_frame = frame, .first_time = s->time};
    const bool is_new = rules_is_new(rules, &e->state, flow, s->flags, created, trigger);
    if (rules == RULES_4_0 && created && trigger != TRIGGER_NONE)
        e->state.completeness = HAS_SYN;
    rules_learn_isns(rules, &e->state, s);
    e->state.completeness = rules_completeness(rules, e->state.completeness, s, is_new, created);
    if (s->flags & TCP_SYN && !e->client_known) {
        e->client = s->flags & TCP_ACK ? !flow : flow;
        e->client_known = true;
    }
    e->decimals = MAX(e->decimals, SEGMENT_DECIMALS(s));
    e->frames++;
    e->ways.frames[flow]++;
    e->ways.payload[flow] += s->payload;
    e->bytes += s->wire;
    e->last_frame = frame;
    e->last_time = s->time;
}

/* Where there are realms, tuples that differ in nothing else, not even in their hash: every sixth of them. */
enum { PLAIN_TUPLES = TUPLES / 6 };

static void set_tuple(struct segment *s, uint32_t t, enum family family)
{
    uint32_t plain = t;
    if (family == FAMILY_KEYED) {
        plain = t % PLAIN_TUPLES;
        /* The same number in another part of the realm is another realm. */
        struct realm *realm = &((struct segment_keyed *)s)->realm;
        const uint16_t n = (uint16_t)(t / PLAIN_TUPLES);
        *realm =
            (struct realm){.vlan = n & 1 ? n : 0, .interface = n == 2 ? 1 : 0, .network = n == 4 ? 1 : 0};
    }
    s->port[0] = (uint16_t)plain;
    s->port[1] = 7;
    s->hash = (uint32_t)mix(plain) | 1;
}

static uint32_t get_tuple(const struct conversation *c, enum family family)
{
    if (family != FAMILY_KEYED)
        return conversation_port(c, 0);
    const struct realm *realm = &((const struct conversation_keyed *)c)->realm;
    const uint32_t n = realm->interface ? 2 : realm->network ? 4 : realm->vlan;
    return conversation_port(c, 0) + n * PLAIN_TUPLES;
}

static unsigned differences(const struct conversation *c, const struct expected *e)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++)
        n += (e->state.known >> i & 1) && c->isn[i] != e->state.isn[i];
    n += conversation_known(c) != e->state.known;
    n += conversation_completeness(c) != e->state.completeness;
    n += conversation_client(c) != e->client;
    n += conversation_decimals(c) != e->decimals;
    n += conversation_frames(c) != e->frames || conversation_bytes(c) != e->bytes;
    n += conversation_first_frame(c) != e->first_frame || conversation_last_frame(c) != e->last_frame;
    n += c->first_time != e->first_time || c->last_time != e->last_time;
    return n;
}

/* What went each way. */
static bool ways_differ(const struct shard *s, enum family family, uint32_t record, const struct expected *e)
{
    return s->counts_ways && memcmp(ways_of(&s->ways[family], record), &e->ways, sizeof e->ways) != 0;
}

static void check(enum family family, enum rules rules, uint64_t seed, uint64_t first_frame, bool counts_ways)
{
    static struct expected expected[TUPLES];
    memset(expected, 0, sizeof expected);
    uint64_t random = seed;
    struct shard *shard = aligned_alloc(CACHE_LINE, sizeof *shard);
    cr_assert_eq(shard_init(shard, 0, rules, counts_ways, counts_ways), 0);
    if (counts_ways)
        shard_count_ways(shard);
    cr_assert(family != FAMILY_KEYED || !shard_key(shard));
    struct segment_list lists[FAMILIES] = {0};
    static struct batch batch;
    struct shard_result result = {0};
    batch = (struct batch){.result = &result, .lanes_used = 1, .first_frame = first_frame};
    batch.lane[0].lists = lists;
    batch.lane[0].first_frame = first_frame;
    struct segment_list *list = &lists[family];
    uint32_t count = 0;
    for (unsigned k = 0; k < EACH; k++)
        for (uint32_t t = 0; t < TUPLES; t++) {
            struct segment *s = segment_list_add(list, NULL, family);
            cr_assert(s);
            memset(s, 0, segment_size(family));
            *s = any_segment(&random);
            expect(&expected[t], s, first_frame + count, rules);
            s->position = count++ << 8;
            set_tuple(s, t, family);
        }
    cr_assert_eq(shard_drain(shard, &batch, 1), 0);

    const struct table *table = &shard->table[family];
    cr_assert_eq(table->used, TUPLES);
    unsigned wrong = 0, wrong_ways = 0;
    for (uint32_t r = 1; r <= table->records; r++) {
        const struct conversation *c = table_record(table, r, family);
        const struct expected *e = &expected[get_tuple(c, family)];
        if (c->bits & CONVERSATION_SUPERSEDED)
            continue;
        wrong += differences(c, e) != 0;
        wrong_ways += ways_differ(shard, family, r, e);
    }
    cr_expect_eq(wrong_ways, 0, "what went each way in %u of them", wrong_ways);
    cr_expect_eq(wrong, 0, "%u of %u conversations", wrong, table->records);
    free(list->items);
    for (int f = 0; f < FAMILIES; f++) {
        free(result.created[f].items);
        free(result.reused[f].items);
    }
    shard_free(shard);
    free(shard);
}

Test(shard, does_what_the_rules_say)
{
    for (int family = 0; family < FAMILIES; family++)
        for (int rules = family == FAMILY_KEYED ? RULES_4_2 : RULES_4_0; rules <= RULES_4_4; rules++)
            for (int ways = 0; ways < 2; ways++)
                check((enum family)family, (enum rules)rules, 1000u * (unsigned)rules, 1, ways);
}

/* Numbers of frames that need all of their 48 bits. */
Test(shard, large_frame_numbers)
{
    check(FAMILY_IPV4, RULES_4_4, 5, UINT64_C(0xfedcba000000) - 1000, false);
    check(FAMILY_IPV6, RULES_4_4, 6, UINT64_C(0x123456789abc), false);
}

Test(shard, numbers_of_a_conversation)
{
    static const uint64_t frames[] = {1,       0xff,       0x100,       0xffff,
                                      0x10000, 0xffffffff, 0x100000000, 0xfedcba987654};
    for (unsigned i = 0; i < ARRAY_LEN(frames); i++)
        for (unsigned k = 0; k < ARRAY_LEN(frames); k++) {
            struct conversation c;
            memset(&c, 0xaa, sizeof c);
            conversation_set_first_frame(&c, frames[i]);
            cr_expect_eq(conversation_frames(&c), 0);
            cr_expect_eq(conversation_bytes(&c), 0);
            c.f16_frames += (UINT64_C(1) << CONVERSATION_FRAMES_BITS) - 2;
            c.f8_bytes += (UINT64_C(1) << CONVERSATION_BYTES_BITS) - 100;
            conversation_add_frame(&c, frames[k], 99);
            cr_expect_eq(conversation_first_frame(&c), frames[i]);
            cr_expect_eq(conversation_last_frame(&c), frames[k]);
            cr_expect_eq(conversation_frames(&c), (UINT64_C(1) << CONVERSATION_FRAMES_BITS) - 1);
            cr_expect_eq(conversation_bytes(&c), (UINT64_C(1) << CONVERSATION_BYTES_BITS) - 1);
        }
}

/* A boundary is found by the place that its segment has, also where segments are marked, on the fast path and on the slow
 * one: in a list that is out of order, a search would find none. */
Test(shard, finds_boundaries_by_their_place)
{
    enum { SEGMENTS = 5, FAST = 3, SLOW = 4 };
    static const uint16_t flags[SEGMENTS] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_FIN | TCP_ACK,
                                             TCP_FIN | TCP_ACK};
    static const uint8_t from_server[SEGMENTS] = {0, SEGMENT_FLOW, 0, 0, SEGMENT_FLOW};
    static const uint8_t place[SEGMENTS] = {
        [FAST] = 1 | SEGMENT_BOUNDARY_STAMPED, [SLOW] = 2 | SEGMENT_BOUNDARY_STAMPED};
    for (unsigned mark = 0; mark < 2; mark++) {
        static struct batch batch;
        struct shard *shard = aligned_alloc(CACHE_LINE, sizeof *shard);
        struct shard_result result = {0};
        struct segment_list lists[FAMILIES] = {0};
        struct boundary boundaries[8] = {
            [1] = {.position = FAST << 8, .timestamp = 77, .bits = BOUNDARY_TIMESTAMP},
            [2] = {.position = SLOW << 8, .timestamp = 88, .bits = BOUNDARY_TIMESTAMP}};
        cr_assert_eq(shard_init(shard, 0, RULES_4_4, false, mark), 0);
        shard_give_verdicts(shard, &(struct verdict_params){.wanted = true, .timers = &verdict_timers});
        batch = (struct batch){.result = &result, .lanes_used = 1};
        batch.lane[0].lists = lists;
        batch.lane[0].frames = SEGMENTS;
        batch.lane[0].boundaries = (struct boundary_list){boundaries, ARRAY_LEN(boundaries), 0};
        for (uint32_t i = 0; i < SEGMENTS; i++) {
            struct segment *s = segment_list_add(&lists[FAMILY_IPV4], NULL, FAMILY_IPV4);
            cr_assert(s);
            memset(s, 0, segment_size(FAMILY_IPV4));
            s->flags = flags[i];
            s->bits = SEGMENT_LENGTH_KNOWN | from_server[i] | (i == SLOW ? SEGMENT_SHORT_OFFSET : 0);
            s->position = i << 8;
            s->boundary = place[i];
            set_tuple(s, 1, FAMILY_IPV4);
        }
        cr_assert_eq(shard_drain(shard, &batch, 1), 0);
        const struct conversation *const c = table_record(&shard->table[FAMILY_IPV4], 1, FAMILY_IPV4);
        const struct history h = histories_read(&shard->histories[FAMILY_IPV4], 1, c);
        cr_expect_eq(h.timestamp[0], 77);
        cr_expect_eq(h.timestamp[1], 88);
        free(lists[FAMILY_IPV4].items);
        for (int f = 0; f < FAMILIES; f++)
            free(result.created[f].items);
        shard_free(shard);
        free(shard);
    }
}
