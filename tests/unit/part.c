/* Parts: a capture in pieces, each reduced to parts without knowledge of what came before, against the same capture
 * in one run. All sequences of a few segments, at every cut; random ones; connections with losses. Each sequence is a
 * tuple of its own, so that all of them go through one shard.
 *
 * Length: traffic, pieces and runs of them, which nothing else needs. */
#include "engine/conversations/shard.h"
#include "engine/list.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { PIECES_MAX = 8 };

/* Segments of many tuples: one of each tuple after the other, round by round. */
struct traffic {
    enum family family;
    uint32_t tuples, rounds;
    struct segment *segments; /* [tuple * rounds + round]; wire 0: there is none */
    uint8_t *piece;           /* of the segment, likewise */
};

static struct traffic make_traffic(enum family family, uint32_t tuples, uint32_t rounds)
{
    struct traffic t = {.family = family, .tuples = tuples, .rounds = rounds};
    t.segments = calloc((size_t)tuples * rounds, sizeof *t.segments);
    t.piece = calloc((size_t)tuples * rounds, 1);
    cr_assert(t.segments && t.piece);
    return t;
}

static void free_traffic(struct traffic *t)
{
    free(t->segments);
    free(t->piece);
}

/* A batch of one lane, for one shard. */
struct load {
    struct batch batch;
    struct segment_list lists[FAMILIES];
    struct shard_result result;
};

static struct load *make_load(void)
{
    struct load *l = aligned_alloc(CACHE_LINE, (sizeof *l + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    cr_assert(l);
    memset(l, 0, sizeof *l);
    l->batch.result = &l->result;
    l->batch.lanes_used = 1;
    l->batch.lane[0].lists = l->lists;
    return l;
}

static void free_load(struct load *l)
{
    for (int f = 0; f < FAMILIES; f++) {
        free(l->lists[f].items);
        free(l->result.created[f].items);
        free(l->result.reused[f].items);
    }
    free(l->batch.lane[0].rests.items);
    free(l);
}

static struct segment *load_add(struct load *l, const struct segment *s, uint32_t tuple, uint32_t frame,
                                enum family family)
{
    struct segment *to = segment_list_add(&l->lists[family], NULL, family);
    cr_assert(to);
    memset(to, 0, segment_size(family));
    *to = *s;
    to->position = frame << 8;
    to->port[0] = (uint16_t)tuple;
    to->port[1] = (uint16_t)(7 + (tuple >> 16));
    to->hash = (uint32_t)mix(tuple) | 1;
    return to;
}

/* The segments of these pieces. */
static struct load *load_segments(const struct traffic *t, unsigned first_piece, unsigned last_piece)
{
    struct load *l = make_load();
    for (uint32_t round = 0; round < t->rounds; round++)
        for (uint32_t tuple = 0; tuple < t->tuples; tuple++) {
            const size_t at = (size_t)tuple * t->rounds + round;
            if (t->segments[at].wire && t->piece[at] >= first_piece && t->piece[at] <= last_piece)
                load_add(l, &t->segments[at], tuple, round * t->tuples + tuple, t->family);
        }
    return l;
}

struct parts {
    struct whole_part *items;
    uint32_t count;
};

static struct load *load_parts(const struct parts *p, enum family family)
{
    struct load *l = make_load();
    for (uint32_t i = 0; i < p->count; i++) {
        const struct whole_part *part = &p->items[i];
        const uint32_t tuple = part->first.s.port[0] | (uint32_t)(part->first.s.port[1] - 7) << 16;
        const struct segment *s = load_add(l, &part->first.s, tuple, (uint32_t)part->frame, family);
        if (!part->rest.frames)
            continue;
        struct part_rest *rest = LIST_ADD(&l->batch.lane[0].rests);
        cr_assert(rest);
        *rest = part->rest;
        rest->position = s->position;
    }
    return l;
}

static struct shard *make_shard(enum rules rules)
{
    struct shard *s = aligned_alloc(CACHE_LINE, sizeof *s);
    cr_assert(s);
    cr_assert_eq(shard_init(s, 0, rules, true, false), 0);
    return s;
}

static void free_shard(struct shard *s)
{
    shard_free(s);
    free(s);
}

static int by_frame(const void *a, const void *b)
{
    const uint64_t x = ((const struct whole_part *)a)->frame, y = ((const struct whole_part *)b)->frame;
    return (x > y) - (x < y);
}

static struct parts read_parts(const struct shard *s, enum family family)
{
    const struct table *t = &s->table[family];
    struct parts p = {calloc(t->records + 1, sizeof *p.items), t->records};
    cr_assert(p.items);
    for (uint32_t i = 1; i <= t->records; i++)
        part_read(s->rules, &s->parts[family].items[i], table_record(t, i, family), family, &p.items[i - 1]);
    qsort(p.items, p.count, sizeof *p.items, by_frame);
    return p;
}

static struct parts reduce(const struct traffic *t, enum rules rules, unsigned piece)
{
    struct load *l = load_segments(t, piece, piece);
    struct shard *s = make_shard(rules);
    shard_reduce(s);
    cr_assert_eq(shard_drain(s, &l->batch, 1), 0);
    const struct parts p = read_parts(s, t->family);
    free_shard(s);
    free_load(l);
    return p;
}

/* a and b as the parts of one piece. Both are freed if asked to. */
static struct parts compose(const struct parts *a, const struct parts *b, enum rules rules,
                            enum family family)
{
    struct shard *s = make_shard(rules);
    shard_reduce(s);
    shard_apply_parts(s);
    const struct parts *const both[] = {a, b};
    for (unsigned i = 0; i < 2; i++) {
        struct load *l = load_parts(both[i], family);
        cr_assert_eq(shard_drain(s, &l->batch, 1), 0);
        free_load(l);
    }
    const struct parts p = read_parts(s, family);
    free_shard(s);
    return p;
}

/* What came out of all drains of a run. */
struct outcome_of_run {
    struct reuse *reuses;
    uint32_t reuse_count;
    struct creation *created;
    uint32_t created_count;
    struct shard *shard;
};

static int by_reuse(const void *a, const void *b)
{
    const uint32_t x = ((const struct reuse *)a)->position, y = ((const struct reuse *)b)->position;
    return (x > y) - (x < y);
}

static int by_creation(const void *a, const void *b)
{
    const uint32_t x = ((const struct creation *)a)->position, y = ((const struct creation *)b)->position;
    return (x > y) - (x < y);
}

static void run_on(struct outcome_of_run *o, struct load *l, enum family family)
{
    cr_assert_eq(shard_drain(o->shard, &l->batch, 1), 0);
    const struct reuse_list *reused = &l->result.reused[family];
    const struct creation_list *created = &l->result.created[family];
    o->reuses = realloc(o->reuses, (o->reuse_count + reused->count + 1) * sizeof *o->reuses);
    o->created = realloc(o->created, (o->created_count + created->count + 1) * sizeof *o->created);
    cr_assert(o->reuses && o->created);
    if (reused->count)
        memcpy(o->reuses + o->reuse_count, reused->items, reused->count * sizeof *o->reuses);
    if (created->count)
        memcpy(o->created + o->created_count, created->items, created->count * sizeof *o->created);
    o->reuse_count += reused->count;
    o->created_count += created->count;
    free_load(l);
}

static void finish(struct outcome_of_run *o)
{
    qsort(o->reuses, o->reuse_count, sizeof *o->reuses, by_reuse);
    qsort(o->created, o->created_count, sizeof *o->created, by_creation);
}

static void free_outcome(struct outcome_of_run *o)
{
    free(o->reuses);
    free(o->created);
    free_shard(o->shard);
}

static bool same_conversation(const void *a, const void *b, enum family family)
{
    union conversation_any x = {0}, y = {0};
    memcpy(&x, a, conversation_size(family));
    memcpy(&y, b, conversation_size(family));
    return !memcmp(&x, &y, conversation_size(family));
}

/* Numbers of records aside. */
static void expect_same(const struct outcome_of_run *a, const struct outcome_of_run *b, enum family family)
{
    cr_assert_eq(a->reuse_count, b->reuse_count, "%u reuses in order, %u in pieces", a->reuse_count,
                 b->reuse_count);
    cr_assert_eq(a->created_count, b->created_count);
    for (uint32_t i = 0; i < a->reuse_count; i++) {
        struct reuse x = a->reuses[i], y = b->reuses[i];
        cr_assert(same_conversation(&x.previous, &y.previous, family), "the conversation before reuse %u", i);
        cr_assert(x.position == y.position && x.trigger == y.trigger && x.flow == y.flow &&
                      x.decimals == y.decimals && x.opens == y.opens && x.flags == y.flags &&
                      x.time == y.time && x.frame == y.frame && x.isn == y.isn &&
                      x.previous_isn == y.previous_isn,
                  "reuse %u", i);
    }
    for (uint32_t i = 0; i < a->created_count; i++) {
        cr_assert_eq(a->created[i].position, b->created[i].position);
        cr_assert(same_conversation(table_record(&a->shard->table[family], a->created[i].record, family),
                                    table_record(&b->shard->table[family], b->created[i].record, family),
                                    family),
                  "conversation %u", i);
    }
}

static struct outcome_of_run run_in_order(const struct traffic *t, enum rules rules)
{
    struct outcome_of_run o = {.shard = make_shard(rules)};
    run_on(&o, load_segments(t, 0, PIECES_MAX), t->family);
    finish(&o);
    return o;
}

static struct outcome_of_run run_parts(const struct parts *parts, unsigned count, enum rules rules,
                                       enum family family)
{
    struct outcome_of_run o = {.shard = make_shard(rules)};
    shard_apply_parts(o.shard);
    for (unsigned i = 0; i < count; i++)
        run_on(&o, load_parts(&parts[i], family), family);
    finish(&o);
    return o;
}

static bool same_parts(const struct parts *a, const struct parts *b)
{
    return a->count == b->count && !memcmp(a->items, b->items, a->count * sizeof *a->items);
}

/* The pieces' parts in order, the first pieces as one, and that in another grouping: all as in one run. Returns how
 * many parts there were. */
static uint64_t check(const struct traffic *t, enum rules rules, unsigned pieces)
{
    struct parts parts[PIECES_MAX];
    uint64_t count = 0;
    struct outcome_of_run expected = run_in_order(t, rules);
    for (unsigned i = 0; i < pieces; i++) {
        parts[i] = reduce(t, rules, i);
        count += parts[i].count;
    }
    struct outcome_of_run got = run_parts(parts, pieces, rules, t->family);
    expect_same(&expected, &got, t->family);
    free_outcome(&got);

    struct parts left = compose(&parts[0], &parts[1], rules, t->family);
    if (pieces > 2) {
        struct parts right = compose(&parts[1], &parts[2], rules, t->family);
        struct parts left_all = compose(&left, &parts[2], rules, t->family);
        struct parts right_all = compose(&parts[0], &right, rules, t->family);
        cr_assert(same_parts(&left_all, &right_all), "(a b) c is not a (b c)");
        free(left.items);
        free(right.items);
        free(right_all.items);
        left = left_all;
    }
    struct parts rest[PIECES_MAX] = {left};
    const unsigned used = MIN(pieces, 3u);
    for (unsigned i = used; i < pieces; i++)
        rest[i - used + 1] = parts[i];
    got = run_parts(rest, pieces - used + 1, rules, t->family);
    expect_same(&expected, &got, t->family);
    free_outcome(&got);
    free_outcome(&expected);
    free(left.items);
    for (unsigned i = 0; i < pieces; i++)
        free(parts[i].items);
    return count;
}

/* Both flows; SYN and SYN/ACK of two numbers each, an ACK, a FIN and a RST. */
static struct segment letter(unsigned i)
{
    static const struct {
        uint16_t flags;
        uint32_t seq, ack;
    } letters[] = {{TCP_SYN, 5, 0},
                   {TCP_SYN, 7, 0},
                   {TCP_SYN | TCP_ACK, 5, 8},
                   {TCP_SYN | TCP_ACK, 7, 6},
                   {TCP_ACK, 6, 8},
                   {TCP_ACK | TCP_FIN, 8, 6},
                   {TCP_RST, 6, 0}};
    enum { LETTERS = ARRAY_LEN(letters) };
    return (struct segment){.flags = (uint16_t)(letters[i % LETTERS].flags | 6 << STATE_DECIMALS_SHIFT),
                            .seq = letters[i % LETTERS].seq,
                            .ack = letters[i % LETTERS].ack,
                            .bits = (uint8_t)(SEGMENT_LENGTH_KNOWN | (i >= LETTERS ? SEGMENT_FLOW : 0)),
                            .wire = 60,
                            .time = 1000};
}

enum { ALPHABET = 14 };

/* All sequences, at every cut: so many cases. */
static uint32_t exhaust(enum family family, enum rules rules, unsigned length)
{
    uint32_t sequences = 1;
    for (unsigned i = 0; i < length; i++)
        sequences *= ALPHABET;
    struct traffic t = make_traffic(family, sequences * (length - 1), length);
    for (uint32_t tuple = 0; tuple < t.tuples; tuple++) {
        uint32_t sequence = tuple % sequences;
        const unsigned cut = tuple / sequences + 1;
        for (unsigned k = 0; k < length; k++, sequence /= ALPHABET) {
            const size_t at = (size_t)tuple * length + k;
            t.segments[at] = letter(sequence % ALPHABET);
            t.segments[at].time += k;
            t.piece[at] = k >= cut;
        }
    }
    check(&t, rules, 2);
    free_traffic(&t);
    return sequences * (length - 1);
}

Test(part, every_sequence_of_four_at_every_cut)
{
    cr_assert_eq(exhaust(FAMILY_IPV4, RULES_4_4, 4), 115248u);
}

Test(part, every_sequence_under_earlier_rules)
{
    cr_assert_eq(exhaust(FAMILY_IPV4, RULES_4_2, 3), 5488u);
    cr_assert_eq(exhaust(FAMILY_IPV4, RULES_4_0, 3), 5488u);
    cr_assert_eq(exhaust(FAMILY_IPV6, RULES_4_4, 3), 5488u);
}

/* Three pieces, in both groupings: every sequence of four with two cuts. */
Test(part, every_sequence_in_three_pieces)
{
    enum { LENGTH = 4, SEQUENCES = ALPHABET * ALPHABET * ALPHABET * ALPHABET, CUTS = 3 };
    static const unsigned cuts[CUTS][2] = {{1, 2}, {1, 3}, {2, 3}};
    struct traffic t = make_traffic(FAMILY_IPV4, SEQUENCES * CUTS, LENGTH);
    for (uint32_t tuple = 0; tuple < t.tuples; tuple++) {
        uint32_t sequence = tuple % SEQUENCES;
        const unsigned *cut = cuts[tuple / SEQUENCES];
        for (unsigned k = 0; k < LENGTH; k++, sequence /= ALPHABET) {
            const size_t at = (size_t)tuple * LENGTH + k;
            t.segments[at] = letter(sequence % ALPHABET);
            t.piece[at] = (uint8_t)((k >= cut[0]) + (k >= cut[1]));
        }
    }
    check(&t, RULES_4_4, 3);
    free_traffic(&t);
}

/* Anything, with numbers that meet often. */
static struct segment any_segment(uint64_t *random)
{
    static const uint16_t flags[] = {TCP_SYN,
                                     TCP_SYN,
                                     TCP_SYN | TCP_ACK,
                                     TCP_SYN | TCP_ACK,
                                     TCP_ACK,
                                     TCP_ACK,
                                     TCP_ACK | TCP_FIN,
                                     TCP_FIN,
                                     TCP_RST,
                                     TCP_RST | TCP_ACK,
                                     TCP_SYN | TCP_FIN,
                                     TCP_SYN | TCP_RST,
                                     0,
                                     TCP_SYN | TCP_ACK | TCP_FIN};
    struct segment s = {.flags = flags[random_below(random, ARRAY_LEN(flags))],
                        .bits = (uint8_t)random_below(random, 2),
                        .seq = 5 + random_below(random, 4),
                        .ack = random_below(random, 4) ? 6 + random_below(random, 4) : 0,
                        .wire = 60 + random_below(random, 1000),
                        .time = random_below(random, 1000000)};
    if (random_below(random, 10))
        s.bits |= SEGMENT_LENGTH_KNOWN;
    if (s.bits & SEGMENT_LENGTH_KNOWN && random_below(random, 3))
        s.payload = random_below(random, 2) * 7;
    if (!random_below(random, 7))
        s.bits |= SEGMENT_QUOTED;
    if (!random_below(random, 20))
        s.bits |= SEGMENT_SHORT_OFFSET;
    s.flags |= (uint16_t)((random_below(random, 6) ? 6 : 9) << STATE_DECIMALS_SHIFT);
    return s;
}

static void check_random(enum family family, enum rules rules, uint64_t seed, unsigned pieces)
{
    enum { TUPLES = 4000, ROUNDS = 24 };
    uint64_t random = seed;
    struct traffic t = make_traffic(family, TUPLES, ROUNDS);
    for (uint32_t tuple = 0; tuple < TUPLES; tuple++) {
        const unsigned length = 2 + random_below(&random, ROUNDS - 2);
        unsigned piece = 0;
        for (unsigned k = 0; k < length; k++) {
            const size_t at = (size_t)tuple * ROUNDS + k;
            while (piece + 1 < pieces && !random_below(&random, 1 + ROUNDS / pieces / 2))
                piece++;
            t.segments[at] = any_segment(&random);
            t.piece[at] = (uint8_t)piece;
        }
    }
    check(&t, rules, pieces);
    free_traffic(&t);
}

Test(part, random_sequences)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (unsigned rules = RULES_4_0; rules <= RULES_4_4; rules++)
            check_random(seed % 2 ? FAMILY_IPV4 : FAMILY_IPV6, (enum rules)rules, seed,
                         2 + (unsigned)seed % 7);
}

/* One to four connections of a tuple, one after the other, of which some segments were not captured. */
static unsigned add_connections(struct segment *to, unsigned most, uint64_t *random)
{
    unsigned n = 0;
    for (unsigned left = 1 + random_below(random, 4); left && n + 14 < most; left--) {
        const uint32_t isn[2] = {100 + random_below(random, 1000000), 100 + random_below(random, 1000000)};
        const unsigned client = !random_below(random, 10), data = random_below(random, 7);
        const unsigned end = random_below(random, 3), count = 3 + data + (end == 0 ? 3 : end == 1);
        for (unsigned k = 0; k < count; k++) {
            const bool by_server =
                k == 1 || (k > 2 && k < 3 + data && random_below(random, 2)) || k == 4 + data;
            const unsigned flow = client ^ by_server;
            struct segment s = {
                .bits = (uint8_t)(SEGMENT_LENGTH_KNOWN | flow), .flags = TCP_ACK, .wire = 60 + k};
            s.seq = isn[by_server] + (k > 1);
            s.ack = k ? isn[!by_server] + 1 : 0;
            s.flags = k == 0         ? TCP_SYN
                      : k == 1       ? TCP_SYN | TCP_ACK
                      : k < 3 + data ? TCP_ACK
                      : end == 1     ? TCP_RST
                      : k < 5 + data ? TCP_ACK | TCP_FIN
                                     : TCP_ACK;
            s.payload = k > 2 && k < 3 + data ? 10 : 0;
            if (random_below(random, 20))
                to[n++] = s;
        }
    }
    return n;
}

Test(part, connections_with_losses)
{
    enum { TUPLES = 10000, ROUNDS = 64, CONNECTION_PARTS_MAX = 6 };
    uint64_t random = 7;
    struct traffic t = make_traffic(FAMILY_IPV4, TUPLES, ROUNDS);
    for (uint32_t tuple = 0; tuple < TUPLES; tuple++) {
        const size_t at = (size_t)tuple * ROUNDS;
        const unsigned count = add_connections(&t.segments[at], ROUNDS, &random);
        const unsigned cut = count > 1 ? 1 + random_below(&random, count - 1) : 1;
        for (unsigned k = cut; k < ROUNDS; k++)
            t.piece[at + k] = 1;
    }
    const uint64_t parts = check(&t, RULES_4_4, 2);
    cr_assert_lt(parts, (uint64_t)TUPLES * CONNECTION_PARTS_MAX * 2, "%lu parts of %u tuples",
                 (unsigned long)parts, (unsigned)TUPLES);
    free_traffic(&t);
}
