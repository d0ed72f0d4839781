/* The conversation table through the shard that uses it, and its parts.
 *
 * Length: cases of one structure, which share what fills it. */
#include "engine/budget.h"
#include "engine/conversations/shard.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/resource.h>

/* One segment through a shard of one: the record that received it, and whether it made it. */
struct rig {
    struct shard shard;
    struct batch batch;
    struct shard_result result;
    struct segment_list lists[FAMILIES];
    uint32_t frame;
};

static struct rig *rig_open(void)
{
    struct rig *r = aligned_alloc(CACHE_LINE, sizeof *r);
    memset(r, 0, sizeof *r);
    cr_assert_eq(shard_init(&r->shard, 0, RULES_4_4, true, true), 0);
    r->batch.result = &r->result;
    r->batch.lanes_used = 1;
    r->batch.lane[0].lists = r->lists;
    return r;
}

static void rig_close(struct rig *r)
{
    shard_free(&r->shard);
    for (int f = 0; f < FAMILIES; f++) {
        free(r->lists[f].items);
        free(r->result.created[f].items);
        free(r->result.reused[f].items);
    }
    free(r);
}

static void rig_add4(struct rig *r, uint32_t number, uint32_t hash, unsigned flags, uint32_t seq)
{
    struct segment_list *l = &r->lists[FAMILY_IPV4];
    const uint32_t count = segment_list_count(l, FAMILY_IPV4);
    struct segment4 *s = (struct segment4 *)segment_list_add(l, NULL, FAMILY_IPV4);
    if (!s)
        abort();
    *s = (struct segment4){
        .s = {.hash = hash,
              .position = count << 8,
              .seq = seq,
              .flags = (uint16_t)flags,
              .bits = SEGMENT_LENGTH_KNOWN,
              .port = {(uint16_t)number, 80}},
        .address = {number >> 16, 7},
    };
}

static void rig_add6(struct rig *r, uint32_t number, uint32_t hash, unsigned flags)
{
    struct segment_list *l = &r->lists[FAMILY_IPV6];
    const uint32_t count = segment_list_count(l, FAMILY_IPV6);
    struct segment6 *s = (struct segment6 *)segment_list_add(l, NULL, FAMILY_IPV6);
    if (!s)
        abort();
    *s = (struct segment6){.s = {.hash = hash, .position = count << 8, .flags = (uint16_t)flags}};
    memcpy(s->address[1] + 12, &number, 4);
}

static void rig_drain(struct rig *r)
{
    cr_assert_eq(shard_drain(&r->shard, &r->batch, 1), 0);
}

static uint32_t rig_record(const struct rig *r, enum family family, uint32_t i)
{
    return segment_list_at(&r->lists[family], i, family)->record;
}

static void rig_clear(struct rig *r)
{
    for (int f = 0; f < FAMILIES; f++)
        segment_list_clear(&r->lists[f]);
}

/* Creations are told in the order of the capture, and their records lie near their places in it. */
static uint32_t misplaced(const struct rig *r, enum family family)
{
    const struct creation_list *created = &r->result.created[family];
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < created->count; i++) {
        const struct creation *c = &created->items[i];
        wrong += rig_record(r, family, c->position >> 8) != c->record;
        wrong += i && c[-1].position >= c->position;
        wrong += c->record > i + 1 + RECORDS_AHEAD || i + 1 > c->record + RECORDS_AHEAD;
    }
    return wrong;
}

/* Twice all tuples: the first time each makes a record of its own; the second time each finds it. */
static void check_tuples(uint32_t count, uint32_t (*hash)(uint32_t))
{
    struct rig *r = rig_open();
    uint32_t *records[FAMILIES], wrong = 0; /* one assertion for all: each costs more than what it looks at */
    for (uint32_t i = 0; i < count; i++) {
        rig_add4(r, i, hash(i), TCP_ACK, 0);
        rig_add6(r, i, hash(i), TCP_ACK);
    }
    rig_drain(r);
    for (int f = 0; f < FAMILY_KEYED; f++) {
        cr_assert_eq(r->result.created[f].count, count);
        wrong += misplaced(r, f);
        records[f] = malloc((count + 1) * sizeof **records);
        bool *seen = calloc(count + 1, sizeof *seen);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t record = records[f][i] = rig_record(r, f, i);
            cr_assert(record && record <= count);
            wrong += seen[record];
            seen[record] = true;
        }
        free(seen);
    }
    cr_assert_eq(wrong, 0);
    rig_clear(r);
    for (uint32_t i = 0; i < count; i++) {
        rig_add4(r, i, hash(i), TCP_ACK, 0);
        rig_add6(r, count - 1 - i, hash(count - 1 - i), TCP_ACK);
    }
    rig_drain(r);
    cr_assert_eq(r->result.created[FAMILY_IPV4].count, 0);
    cr_assert_eq(r->result.created[FAMILY_IPV6].count, 0);
    for (uint32_t i = 0; i < count; i++)
        wrong += rig_record(r, FAMILY_IPV4, i) != records[FAMILY_IPV4][i] ||
                 rig_record(r, FAMILY_IPV6, i) != records[FAMILY_IPV6][count - 1 - i];
    cr_assert_eq(wrong, 0);
    for (int f = 0; f < FAMILY_KEYED; f++) {
        const struct table *t = &r->shard.table[f];
        cr_assert_eq(t->used, count);
        cr_assert_eq(t->records, count);
        for (uint32_t i = 1; i <= count; i++)
            wrong += conversation_frames(table_record(t, i, (enum family)f)) != 2;
        free(records[f]);
    }
    cr_assert_eq(wrong, 0);
    rig_close(r);
}

static uint32_t spread(uint32_t i)
{
    return (uint32_t)mix(i) | 1;
}
static uint32_t few_tags(uint32_t i)
{
    return ((uint32_t)mix(i % 97) & 0xfffffff0) | 1;
}
static uint32_t one_tag(uint32_t i)
{
    (void)i;
    return 0x80000001;
}
/* The last buckets: what overflows goes on in the first ones. */
static uint32_t at_the_end(uint32_t i)
{
    return 0xffffffff - (i & 1);
}
static uint32_t ascending(uint32_t i)
{
    return (i + 1) * 10000;
}

/* 256 buckets at first: 50,000 tuples double the index six times. */
Test(table, grows)
{
    check_tuples(50000, spread);
    check_tuples(50000, ascending);
}

/* Hashes that are spread fill buckets alike, however often the index has grown: 95 % of the tuples lie in
 * their own, where 69 % of the slots are in use. */
Test(table, buckets_are_filled_alike)
{
    struct rig *r = rig_open();
    enum { TUPLES = 5650 << 5 };
    for (uint32_t i = 0; i < TUPLES; i++)
        rig_add4(r, i, spread(i), TCP_ACK, 0);
    rig_drain(r);
    struct table_measures m = {0};
    table_measure(&r->shard.table[FAMILY_IPV4], &m);
    cr_expect_eq(m.slots, 8192 << 5);
    cr_expect_gt(m.own, m.sampled * 93 / 100, "%u of %u", (unsigned)m.own, (unsigned)m.sampled);
    rig_close(r);
}

Test(table, tags_collide)
{
    check_tuples(3000, few_tags);
}

Test(table, buckets_overflow)
{
    check_tuples(500, one_tag);
    check_tuples(1000, at_the_end);
}

Test(table, small_numbers)
{
    for (uint32_t n = 0; n < 70; n++)
        check_tuples(n, one_tag);
}

/* Each reuse makes a record; the tuple's slot has the newest, also within one group of segments. */
Test(table, reused_tuples_take_new_records)
{
    struct rig *r = rig_open();
    enum { REUSES = 300 };
    for (uint32_t i = 0; i < REUSES; i++) {
        rig_add4(r, 1, one_tag(0), TCP_SYN, i);
        rig_add4(r, 2, one_tag(0), TCP_ACK, 0);
    }
    rig_drain(r);
    const struct table *t = &r->shard.table[FAMILY_IPV4];
    cr_expect_eq(t->used, 2);
    cr_expect_eq(t->records, REUSES + 1);
    cr_expect_eq(r->result.reused[FAMILY_IPV4].count, REUSES - 1);
    cr_expect_eq(r->result.created[FAMILY_IPV4].count, REUSES + 1);
    for (uint32_t i = 0; i < REUSES; i++) {
        cr_expect_eq(rig_record(r, FAMILY_IPV4, 2 * i), i ? i + 2 : 1);
        cr_expect_eq(rig_record(r, FAMILY_IPV4, 2 * i + 1), 2);
        const struct conversation *c = table_record(t, i ? i + 2 : 1, FAMILY_IPV4);
        cr_expect_eq(!(c->bits & CONVERSATION_SUPERSEDED), i == REUSES - 1);
    }
    for (uint32_t i = 0; i + 1 < REUSES; i++) {
        const struct reuse *u = &r->result.reused[FAMILY_IPV4].items[i];
        cr_expect_eq(u->previous_record, i ? i + 2 : 1);
        cr_expect_eq(u->record, i + 3);
        cr_expect_eq(u->previous_isn, i);
        cr_expect_eq(u->isn, i + 1);
        cr_expect_eq(u->position, 2 * (i + 1) << 8);
    }
    rig_close(r);
}

/* New tuples begin their conversations ahead of reuses that stand before them. */
Test(table, reuses_among_new_tuples)
{
    for (uint32_t every = 1; every < 200; every = every * 3 / 2 + 1) {
        struct rig *r = rig_open();
        enum { SEGMENTS = 20000 };
        uint32_t reuses = 0, wrong = 0;
        rig_add4(r, 0, spread(0), TCP_SYN, 0);
        for (uint32_t i = 1; i < SEGMENTS; i++) {
            const bool reuses_ports = i % every == 0;
            rig_add4(r, reuses_ports ? 0 : i, spread(reuses_ports ? 0 : i), TCP_SYN, i);
            reuses += reuses_ports;
        }
        rig_drain(r);
        cr_expect_eq(r->result.created[FAMILY_IPV4].count, SEGMENTS);
        cr_expect_eq(r->result.reused[FAMILY_IPV4].count, reuses);
        cr_expect_eq(misplaced(r, FAMILY_IPV4), 0, "every %u", every);
        for (uint32_t i = 0; i < SEGMENTS; i++) {
            const struct conversation *c =
                table_record(&r->shard.table[FAMILY_IPV4], rig_record(r, FAMILY_IPV4, i), FAMILY_IPV4);
            wrong += conversation_frames(c) != 1 || conversation_first_frame(c) != i || c->isn[0] != i;
        }
        cr_expect_eq(wrong, 0);
        rig_close(r);
    }
}

/* Tuples whose own bucket is full go another way than others. Each has a SYN, two more segments, and a SYN
 * that reuses its ports, soon after each other and between those of others. */
Test(table, crowded_tuples_keep_their_order)
{
    enum { TUPLES = 6000, EACH = 4 };
    static const uint32_t later[EACH] = {0, 3, 19, 95};
    static struct {
        uint32_t tuple, nth;
    } at[EACH * TUPLES + 1000];
    for (uint32_t buckets = 3; buckets < 5000; buckets *= 5) {
        struct rig *r = rig_open();
        uint32_t segments = 0, wrong = 0, reuses = 0;
        static uint32_t first[TUPLES][EACH];
        memset(at, 0xff, sizeof at);
        for (uint32_t i = 0; i < TUPLES; i++)
            for (uint32_t k = 0, place = EACH * i; k < EACH; k++) {
                place = MAX(place, EACH * i + later[k]);
                while (at[place].tuple != UINT32_MAX)
                    place++;
                at[place].tuple = i;
                at[place].nth = k;
            }
        for (uint32_t p = 0; p < ARRAY_LEN(at); p++) {
            const uint32_t i = at[p].tuple, k = at[p].nth;
            if (i == UINT32_MAX)
                continue;
            first[i][k] = segments++;
            rig_add4(r, i, (i + 1) << 17 | (uint32_t)(mix(i) % buckets) << HASH_BITS_UNUSED,
                     k == 0 || k == 3 ? TCP_SYN : TCP_ACK, 1000 * i + k);
        }
        rig_drain(r);
        cr_expect_eq(r->result.created[FAMILY_IPV4].count, 2 * TUPLES);
        cr_expect_eq(misplaced(r, FAMILY_IPV4), 0);
        for (uint32_t i = 0; i < TUPLES; i++) {
            const struct table *t = &r->shard.table[FAMILY_IPV4];
            const struct conversation *old = table_record(t, rig_record(r, FAMILY_IPV4, first[i][0]),
                                                          FAMILY_IPV4),
                                      *new = table_record(t, rig_record(r, FAMILY_IPV4, first[i][3]),
                                                          FAMILY_IPV4);
            wrong += conversation_first_frame(old) != first[i][0] || conversation_frames(old) != 3 ||
                     conversation_last_frame(old) != first[i][2] || old->isn[0] != 1000 * i;
            wrong += conversation_first_frame(new) != first[i][3] || conversation_frames(new) != 1 ||
                     new->isn[0] != 1000 * i + 3;
        }
        const struct reuse_list *reused = &r->result.reused[FAMILY_IPV4];
        for (uint32_t k = 0; k < reused->count; k++) {
            wrong += k && reused->items[k - 1].position >= reused->items[k].position;
            reuses += reused->items[k].isn == reused->items[k].previous_isn + 3;
        }
        cr_expect_eq(reuses, TUPLES);
        cr_expect_eq(wrong, 0, "%u buckets", buckets);
        rig_close(r);
    }
}

Test(table, records_keep_their_places)
{
    struct table t;
    cr_assert_eq(table_init(&t, FAMILY_IPV6), 0);
    enum { COUNT = 3 * RECORD_CHUNK + 5 };
    uint8_t *first = NULL;
    uint32_t wrong = 0;
    for (uint32_t i = 1; i <= COUNT; i++) {
        wrong += table_add_record(&t, FAMILY_IPV6) != i;
        struct conversation6 *c = table_record(&t, i, FAMILY_IPV6), zero = {0};
        wrong += memcmp(c, &zero, sizeof zero) != 0;
        c->c.isn[0] = i;
        if (i == 1)
            first = (uint8_t *)c;
    }
    for (int i = 0; i < 5; i++)
        cr_assert_eq(table_grow(&t), 0);
    cr_expect_eq(table_record(&t, 1, FAMILY_IPV6), first);
    for (uint32_t i = 1; i <= COUNT; i++)
        wrong += ((struct conversation6 *)table_record(&t, i, FAMILY_IPV6))->c.isn[0] != i;
    cr_expect_eq(wrong, 0);
    table_free(&t);
    table_free(&t); /* freed or never made: nothing to do */
}

/* Finds the record as lookups do: from its own bucket on, as long as buckets are full. */
static bool is_in_index(const struct table *t, uint32_t hash, uint32_t record)
{
    const struct bucket *b = table_bucket(t, hash);
    for (;; b = table_next_bucket(t, b)) {
        for (int i = 0; i < BUCKET_SLOTS; i++)
            if (b->tag[i] == hash && b->record[i] == record)
                return true;
        if (!b->tag[BUCKET_SLOTS - 1])
            return false;
    }
}

static bool is_in_own_bucket(const struct table *t, uint32_t hash, uint32_t record)
{
    return bucket_slot(table_bucket(t, hash), hash, record) >= 0;
}

static void put_in_index(struct table *t, uint32_t hash, uint32_t record)
{
    struct bucket *b = table_bucket(t, hash);
    while (b->tag[BUCKET_SLOTS - 1])
        b = table_next_bucket(t, b);
    bucket_fill_slot(b, hash, record);
    t->used++;
}

static bool has_gaps(const struct table *t)
{
    for (uint64_t i = 0; i < table_buckets(t); i++)
        for (int k = 1; k < BUCKET_SLOTS; k++)
            if (t->buckets[i].tag[k] && !t->buckets[i].tag[k - 1])
                return true;
    return false;
}

/* Tuples that lie behind their own buckets, and get segments, lie in them afterwards; nothing else is lost by
 * it. */
Test(table, tuples_in_use_come_home)
{
    enum { TUPLES = 5900, USED = 100 }; /* 8,192 slots, 72 % of them in use */
    for (int f = 0; f < FAMILY_KEYED; f++) {
        struct rig *r = rig_open();
        static uint32_t record[TUPLES], away[TUPLES];
        uint32_t count = 0, wrong = 0, home = 0;
        const struct table *t = &r->shard.table[f];
        for (uint32_t i = 0; i < TUPLES; i++)
            f == FAMILY_IPV4 ? rig_add4(r, i, spread(i), TCP_ACK, 0) : rig_add6(r, i, spread(i), TCP_ACK);
        rig_drain(r);
        for (uint32_t i = 0; i < TUPLES; i++) {
            record[i] = rig_record(r, f, i);
            if (!is_in_own_bucket(t, spread(i), record[i]))
                away[count++] = i;
        }
        cr_assert_gt(count, USED, "%u are behind their own buckets", count);
        for (int time = 0; time < 2; time++) { /* more than are noted at a time */
            rig_clear(r);
            for (uint32_t k = 0; k < 2 * USED; k++) { /* the second one as the first */
                const uint32_t i = away[k % USED];
                f == FAMILY_IPV4 ? rig_add4(r, i, spread(i), TCP_ACK, 0) : rig_add6(r, i, spread(i), TCP_ACK);
            }
            rig_drain(r);
            for (uint32_t k = 0; k < 2 * USED; k++)
                wrong += rig_record(r, f, k) != record[away[k % USED]];
            for (uint32_t k = 0; k < USED; k++)
                wrong += conversation_last_frame(table_record(t, record[away[k]], f)) != USED + k;
        }
        for (uint32_t k = 0; k < USED; k++)
            home += is_in_own_bucket(t, spread(away[k]), record[away[k]]);
        for (uint32_t i = 0; i < TUPLES; i++)
            wrong += !is_in_index(t, spread(i), record[i]);
        cr_expect_gt(home, USED - 10, "%u came home", home); /* but where two have one bucket */
        cr_expect_eq(wrong, 0);
        cr_expect(!has_gaps(t));
        rig_close(r);
    }
}

/* As many segments as can wait at a time: all of 64 that were found while none went round go round. */
Test(table, all_that_wait_go_round)
{
    enum { TUPLES = 5900, SEGMENTS = 300, BEGIN = 96, END = 160 };
    struct rig *r = rig_open();
    static uint32_t away[TUPLES], home[TUPLES];
    uint32_t away_count = 0, home_count = 0, wrong = 0;
    const struct table *t = &r->shard.table[FAMILY_IPV4];
    for (uint32_t i = 0; i < TUPLES; i++)
        rig_add4(r, i, spread(i), TCP_ACK, 0);
    rig_drain(r);
    for (uint32_t i = 0; i < TUPLES; i++)
        if (is_in_own_bucket(t, spread(i), rig_record(r, FAMILY_IPV4, i)))
            home[home_count++] = i;
        else
            away[away_count++] = i;
    cr_assert(away_count >= 16 + END - BEGIN && home_count >= SEGMENTS);
    rig_clear(r);
    for (uint32_t k = 0, a = 0, h = 0; k < SEGMENTS; k++) {
        const uint32_t i = k < 16 || (k >= BEGIN && k < END) ? away[a++] : home[h++];
        rig_add4(r, i, spread(i), TCP_ACK, 0);
    }
    rig_drain(r);
    for (uint32_t k = 0; k < SEGMENTS; k++)
        wrong += conversation_frames(table_record(t, rig_record(r, FAMILY_IPV4, k), FAMILY_IPV4)) != 2;
    cr_expect_eq(wrong, 0);
    cr_expect_eq(t->records, TUPLES);
    rig_close(r);
}

/* What is taken out is gone, everything else is found, whatever overflowed: hashes in a few buckets, and in
 * the last ones. */
Test(table, records_are_removed)
{
    enum { COUNT = 1400, ROUNDS = 20000 };
    static uint32_t hash[COUNT + 1];
    static bool in[COUNT + 1];
    for (int crowded = 0; crowded < 3; crowded++) {
        struct table t;
        uint64_t random = 1;
        uint32_t wrong = 0, used = 0;
        cr_assert_eq(table_init(&t, FAMILY_IPV4), 0);
        memset(in, 0, sizeof in);
        for (uint32_t i = 1; i <= COUNT; i++)
            hash[i] = crowded == 0   ? spread(i)
                      : crowded == 1 ? 0xf0000001 + (random_below(&random, 200) << HASH_BITS_UNUSED)
                                     : (random_below(&random, 16) << 7 | 0xfff00078) + i % 3;
        for (uint32_t round = 0; round < ROUNDS; round++) {
            uint32_t r = 1 + random_below(&random, COUNT);
            if (in[r])
                table_remove(&t, hash[r], r);
            else
                put_in_index(&t, hash[r], r);
            used += in[r] ? -1u : 1u;
            in[r] = !in[r];
            if (round % 500 == 0 || round + 1 == ROUNDS) {
                for (uint32_t i = 1; i <= COUNT; i++)
                    wrong += is_in_index(&t, hash[i], i) != in[i];
                wrong += has_gaps(&t) || t.used != used;
            }
            if (round == ROUNDS / 2)
                cr_assert_eq(table_grow(&t), 0);
        }
        cr_expect_eq(wrong, 0);
        table_free(&t);
    }
}

static uint64_t measure_used(void)
{
    return 100 << 20;
}

/* What ends growth: numbers that have no more bits, and for an index that is large already, the budget of memory. */
Test(table, growth_ends)
{
    enum { SMALL = 256, LARGE = 64 << 10 };
    struct table t, largest = {.mask = UINT32_MAX << HASH_BITS_UNUSED};
    cr_expect_eq(table_grow(&largest), -1);
    cr_assert_eq(table_init(&t, FAMILY_IPV4), 0);
    t.records = UINT32_MAX;
    cr_expect_eq(table_add_chunk(&t), -1);
    cr_expect_eq(table_add_record(&t, FAMILY_IPV4), RECORD_NONE);
    t.records = 0;

    budget_set(1 << 20, measure_used);
    cr_assert_eq(table_buckets(&t), SMALL);
    while (table_buckets(&t) < LARGE)
        cr_assert_eq(table_grow(&t), 0);
    const uint64_t usual = t.limit;
    cr_expect_eq(usual, (uint64_t)LARGE * BUCKET_SLOTS * 3 / 4);
    cr_assert_eq(table_grow(&t), 0);
    cr_expect_eq(table_buckets(&t), LARGE);
    cr_expect_eq(t.limit, (uint64_t)LARGE * BUCKET_SLOTS * 15 / 16);
    cr_assert_eq(table_grow(&t), 0); /* it is as full as it may be */
    cr_expect_eq(table_buckets(&t), 2 * LARGE);
    cr_expect_eq(t.limit, 2 * usual);
    budget_set(0, NULL);
    cr_assert_eq(table_grow(&t), 0);
    cr_expect_eq(table_buckets(&t), 4 * LARGE);

    struct rlimit before, none;
    cr_assert_eq(getrlimit(RLIMIT_AS, &before), 0);
    none = (struct rlimit){1, before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
    cr_expect_eq(table_grow(&t), -1);
    cr_assert_eq(setrlimit(RLIMIT_AS, &before), 0); /* sanitizers need memory behind the test */
    cr_expect_eq(table_buckets(&t), 4 * LARGE);
    table_free(&t);
}

Test(table, bucket_match)
{
    uint64_t random = 1;
    unsigned wrong = 0;
    for (int round = 0; round < 100000; round++) {
        struct bucket b;
        uint32_t tags = 1 + random_below(&random, 4);
        for (int i = 0; i < BUCKET_SLOTS; i++) {
            b.tag[i] = random_below(&random, tags) * 0x40000001;
            b.record[i] = random_below(&random, tags) * 0x40000001; /* records are no tags */
        }
        uint32_t want = random_below(&random, tags + 1) * 0x40000001;
        unsigned expected = 0;
        for (unsigned i = 0; i < BUCKET_SLOTS; i++)
            if (b.tag[i] == want)
                expected |= 3u << 2 * i;
        wrong += bucket_match(&b, want) != expected || bucket_match_portable(&b, want) != expected;
    }
    cr_expect_eq(wrong, 0);
}
