/* The keyed hash of the tuple, as the decoder makes it. */
#include "engine/decode/put_segment.h"
#include "engine/decode/rehash.h"
#include "tests/support/random.h"
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>

enum { SHARDS = 7 };

struct place {
    uint32_t tag;
    unsigned shard;
};

/* Where a tuple goes. Sides are small numbers. */
static struct place place_of(struct decoding *d, enum family family, uint32_t from, uint32_t to,
                             unsigned from_port, unsigned to_port)
{
    struct packet p = {0};
    if (family == FAMILY_IPV4) {
        put_ethernet(&p, 0x0800);
        put_ipv4(&p, &(struct ipv4_fields){.source = from, .destination = to, .total = 40});
    } else {
        struct ipv6_fields f = {.payload = 20, .next = 6, .source = {0x20}, .destination = {0x20}};
        memcpy(f.source + 12, &from, 4);
        memcpy(f.destination + 12, &to, 4);
        put_ethernet(&p, 0x86dd);
        put_ipv6(&p, &f);
    }
    put_tcp(&p, &(struct tcp_fields){.source = from_port, .destination = to_port});
    d->decoder.key_parts = family == FAMILY_KEYED ? KEY_VLAN : 0;
    decoding_ethernet(d, &p, p.size, p.size);
    unsigned shard = 0;
    enum family is = FAMILIES;
    const struct segment *s = decoding_segment(d, 0, &is, &shard);
    cr_assert(s && is == family);
    return (struct place){s->hash, shard};
}

static bool same(struct place a, struct place b)
{
    return a.tag == b.tag && a.shard == b.shard;
}

Test(hash, symmetric)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, SHARDS, 1);
    uint64_t random = 1;
    for (int i = 0; i < 5000; i++) {
        uint32_t from = 1 + random_below(&random, 5), to = 1 + random_below(&random, 5);
        unsigned from_port = 1 + random_below(&random, 5), to_port = 1 + random_below(&random, 5);
        for (int f = 0; f < FAMILIES; f++)
            cr_assert(same(place_of(&d, (enum family)f, from, to, from_port, to_port),
                           place_of(&d, (enum family)f, to, from, to_port, from_port)));
    }
    decoding_close(&d);
}

/* What differs goes elsewhere: each part of the tuple counts. */
Test(hash, every_part_counts)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, SHARDS, 1);
    for (int f = 0; f < FAMILIES; f++) {
        enum family family = (enum family)f;
        struct place p = place_of(&d, family, 1, 2, 3, 4);
        cr_expect(!same(p, place_of(&d, family, 9, 2, 3, 4)));
        cr_expect(!same(p, place_of(&d, family, 1, 9, 3, 4)));
        cr_expect(!same(p, place_of(&d, family, 1, 2, 9, 4)));
        cr_expect(!same(p, place_of(&d, family, 1, 2, 3, 9)));
        cr_expect(!same(p, place_of(&d, family, 1, 2, 4, 3)));
        cr_expect(!same(p, place_of(&d, family, 2, 1, 3, 4)));
    }
    decoding_close(&d);
}

Test(hash, families_differ)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, SHARDS, 1);
    unsigned equal = 0;
    for (uint32_t i = 1; i < 200; i++)
        equal += place_of(&d, FAMILY_IPV4, i, 7, 1, 2).tag == place_of(&d, FAMILY_IPV6, i, 7, 1, 2).tag;
    cr_expect_eq(equal, 0);
    decoding_close(&d);
}

/* Tuples that differ in one small number spread over all shards: 7,000 of them, within six standard
 * deviations. */
Test(hash, spread)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, SHARDS, 1);
    for (int f = 0; f < FAMILIES; f++)
        for (int what = 0; what < 3; what++) {
            unsigned counts[SHARDS] = {0};
            for (uint32_t i = 1; i <= 1000 * SHARDS; i++)
                counts[place_of(&d, (enum family)f, what == 0 ? i : 77, what == 1 ? i : 88,
                                what == 2 ? i : 99, 80)
                           .shard]++;
            for (int s = 0; s < SHARDS; s++)
                cr_expect(counts[s] > 820 && counts[s] < 1180, "shard %d has %u", s, counts[s]);
        }
    decoding_close(&d);
}

/* All pairs of 128 hosts, with one port: a product of both ends that is not mixed any more leaves most
 * buckets and shards empty. The bits that are a bucket's number, and the shards, within six standard
 * deviations. */
Test(hash, pairs_of_hosts)
{
    enum { HOSTS = 128, PAIRS = HOSTS * (HOSTS - 1) / 2, BUCKETS = 64 };
    for (uint64_t key = 1; key <= 4; key++) {
        struct decoding d;
        decoding_open(&d, RULES_4_4, SHARDS, key);
        unsigned buckets[BUCKETS] = {0}, shards[SHARDS] = {0};
        for (uint32_t from = 0; from < HOSTS; from++)
            for (uint32_t to = 0; to < from; to++) {
                struct place p = place_of(&d, FAMILY_IPV4, 0x0a000000 + from, 0x0a000000 + to, 53, 53);
                buckets[p.tag >> 3 & (BUCKETS - 1)]++;
                shards[p.shard]++;
            }
        for (unsigned b = 0; b < BUCKETS; b++)
            cr_expect(buckets[b] > PAIRS / BUCKETS - 67 && buckets[b] < PAIRS / BUCKETS + 68,
                      "bucket %u has %u", b, buckets[b]);
        for (unsigned i = 0; i < SHARDS; i++)
            cr_expect(shards[i] > PAIRS / SHARDS - 190 && shards[i] < PAIRS / SHARDS + 190, "shard %u has %u",
                      i, shards[i]);
        decoding_close(&d);
    }
}

/* Under generation 4.0 ports do not count for the shard, and spread the tags all the same. */
Test(hash, shards_of_hosts)
{
    struct decoding d;
    decoding_open(&d, RULES_4_0, SHARDS, 1);
    for (int f = 0; f < ADDRESS_FAMILIES; f++) {
        enum family family = (enum family)f;
        unsigned counts[SHARDS] = {0};
        for (uint32_t i = 1; i <= 1000 * SHARDS; i++) {
            struct place p = place_of(&d, family, i, 7777777, 1, 2);
            struct place back = place_of(&d, family, 7777777, i, 3, i % 2 ? 21 : 4);
            cr_assert_eq(p.shard, back.shard);
            cr_assert_neq(p.tag, back.tag);
            counts[p.shard]++;
        }
        for (int s = 0; s < SHARDS; s++)
            cr_expect(counts[s] > 820 && counts[s] < 1180, "shard %d has %u", s, counts[s]);
    }
    decoding_close(&d);
}

Test(hash, key_changes_it)
{
    struct decoding a, b, again;
    decoding_open(&a, RULES_4_4, SHARDS, 1);
    decoding_open(&b, RULES_4_4, SHARDS, 2);
    decoding_open(&again, RULES_4_4, SHARDS, 1);
    unsigned equal = 0;
    for (uint32_t i = 1; i < 200; i++) {
        struct place p = place_of(&a, FAMILY_IPV4, i, 7, 1, 2);
        equal += p.tag == place_of(&b, FAMILY_IPV4, i, 7, 1, 2).tag;
        cr_expect(same(p, place_of(&again, FAMILY_IPV4, i, 7, 1, 2)));
    }
    cr_expect_eq(equal, 0);
    decoding_close(&a);
    decoding_close(&b);
    decoding_close(&again);
}

/* A segment and a conversation that another run has kept go where the tuple's own segments go. */
Test(hash, of_tuples_from_elsewhere)
{
    struct decoding d;
    decoding_open(&d, RULES_4_4, SHARDS, 1);
    for (int f = 0; f < ADDRESS_FAMILIES; f++) {
        const enum family family = (enum family)f;
        for (uint32_t i = 1; i < 300; i++) {
            const struct place p = place_of(&d, family, i, 150, 1 + i % 3, 2);
            union conversation_any kept = {0};
            memcpy(&kept, decoding_segment(&d, 0, NULL, NULL), segment_size(family));
            const struct segment *s = (const struct segment *)(const void *)&kept;
            const void *addresses = family == FAMILY_IPV4
                                        ? (const void *)((const struct segment4 *)s)->address
                                        : ((const struct segment6 *)s)->address;
            const uint64_t hash = rehash_tuple(addresses, s->port, family, d.decoder.key);
            cr_assert(same(p, (struct place){hash_tag(hash), hash_shard(hash, SHARDS)}));
            decoding_clear(&d);
            decode_put_segment(&d.decoder, s, family);
            unsigned shard = 0;
            const struct segment *put = decoding_segment(&d, 0, NULL, &shard);
            cr_assert(put && same(p, (struct place){put->hash, shard}));
        }
    }
    decoding_close(&d);
}

Test(hash, drawn_keys_differ)
{
    struct hash_key a = {0}, b = {0}, zero = {0};
    cr_assert_eq(hash_key_draw(&a), 0);
    cr_assert_eq(hash_key_draw(&b), 0);
    cr_expect(memcmp(&a, &b, sizeof a) != 0);
    /* All of it is drawn. */
    cr_expect(memcmp(a.secret + HASH_SECRET_SIZE - 16, zero.secret, 16) != 0);
}

Test(hash, tag_is_never_0)
{
    cr_expect_eq(hash_tag(0), 1);
    cr_expect_eq(hash_tag(UINT64_C(0x00000000ffffffff)), 1);
    cr_expect_eq(hash_tag(UINT64_C(0x8000000000000000)), UINT32_C(0x80000001));
    cr_expect_eq(hash_tag(UINT64_MAX), UINT32_MAX);
}

Test(hash, shard_is_in_range)
{
    for (unsigned shards = 1; shards <= 256; shards++) {
        cr_expect_eq(hash_shard(0, shards), 0);
        cr_expect_eq(hash_shard(UINT64_MAX, shards), shards - 1);
        cr_expect_eq(hash_shard(UINT64_C(0x80000000ffffffff), shards), shards / 2);
    }
}
