/* The table of fragments: pieces of one datagram in any order, many of them at the same offset, beside a plain
 * reference. */
#include "engine/decode/fragments.h"
#include "engine/decode/piece_index.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { UNITS = 2000, UNIT = 8, PIECES = 6000, LONGEST = 5 };

static uint8_t expected[UNITS * UNIT];
static uint32_t offset_of[UNITS]; /* of the piece that each unit is of */

/* Bytes that come twice are those of the piece with the lower offset, of equal ones the earlier. */
static void expect_piece(uint32_t offset, uint32_t units, uint8_t value)
{
    for (uint32_t i = offset; i < offset + units && i < UNITS; i++)
        if (offset < offset_of[i]) {
            offset_of[i] = offset;
            memset(expected + (size_t)i * UNIT, value, UNIT);
        }
}

static struct hash_key some_key(void)
{
    struct hash_key key;
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof key.secret; i++)
        key.secret[i] = (uint8_t)random_below(&random, 256);
    return key;
}

static int64_t add(struct fragment_table *t, const struct hash_key *key, uint32_t offset, uint32_t units,
                   uint8_t value, const uint8_t **bytes)
{
    static struct fragment_list list;
    uint8_t payload[LONGEST * UNIT];
    memset(payload, value, sizeof payload);
    list.used = 0;
    const struct fragment f = {.key = {.kind = FRAGMENT_IPV4, .id = 7},
                               .offset = offset * UNIT,
                               .length = units * UNIT,
                               .more = offset + units < UNITS,
                               .counted = true};
    struct fragment *kept = fragment_list_add(&list, &f, payload);
    cr_assert_not_null(kept);
    return fragment_table_add(t, kept, key, bytes);
}

Test(fragments, many_that_overlap_are_put_together_in_any_order)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct fragment_table t = {0};
        const struct hash_key key = some_key();
        const uint8_t *bytes;
        uint64_t random = seed;
        memset(offset_of, 0xff, sizeof offset_of);
        /* All but unit 0, which comes last. The odd seeds have few offsets, so that many are equal. */
        for (uint32_t i = 0; i < PIECES; i++) {
            const uint32_t offset =
                seed % 2 ? 1 + 199 * random_below(&random, 10) : 1 + random_below(&random, UNITS - 1);
            const uint32_t units = MIN(1 + random_below(&random, LONGEST), UNITS - offset);
            expect_piece(offset, units, (uint8_t)i);
            cr_assert_eq(add(&t, &key, offset, units, (uint8_t)i, &bytes), 0);
        }
        for (uint32_t offset = UNITS - 1; offset > 0; offset--) {
            expect_piece(offset, 1, (uint8_t)offset);
            cr_assert_eq(add(&t, &key, offset, 1, (uint8_t)offset, &bytes), 0);
        }
        expect_piece(0, 1, 99);
        cr_assert_eq(add(&t, &key, 0, 1, 99, &bytes), UNITS * UNIT);
        cr_expect_arr_eq(bytes, expected, UNITS * UNIT, "seed %d", (int)seed);
        cr_expect_eq(t.memory, 0);
        cr_expect_eq(t.joined[FRAGMENT_IPV4], PIECES + UNITS);
        fragment_table_free(&t);
    }
}

Test(fragments, a_datagram_of_too_many_is_dropped_and_counted)
{
    struct fragment_table t = {0};
    const struct hash_key key = some_key();
    const uint8_t *bytes;
    for (uint32_t i = 1; i <= FRAGMENT_PIECES; i++) {
        cr_assert_eq(t.dropped[FRAGMENT_IPV4], 0);
        cr_assert_eq(add(&t, &key, 1 + i % 1000, 1, 1, &bytes), 0);
    }
    cr_expect_eq(t.dropped[FRAGMENT_IPV4], FRAGMENT_PIECES);
    cr_expect_eq(t.datagrams, 0);
    cr_expect_eq(t.memory, 0);
    fragment_table_free(&t);
}

Test(fragments, no_more_memory_and_datagrams_than_the_limits)
{
    struct fragment_table t = {0};
    const struct hash_key key = some_key();
    const uint8_t *bytes;
    struct fragment_list list = {0};
    static uint8_t payload[1400];
    enum { COUNT = FRAGMENT_DATAGRAMS + 5000 };
    for (uint32_t size = 8; size <= 1400; size += 1392) {
        uint64_t before = t.dropped[FRAGMENT_IPV4];
        for (uint32_t i = 0; i < COUNT; i++) {
            list.used = 0;
            const struct fragment f = {.key = {.kind = FRAGMENT_IPV4, .id = i + size * COUNT},
                                       .length = size,
                                       .more = true,
                                       .counted = true};
            cr_assert_eq(fragment_table_add(&t, fragment_list_add(&list, &f, payload), &key, &bytes), 0);
            cr_assert_leq(t.memory, FRAGMENT_MEMORY);
            cr_assert_leq(t.datagrams, FRAGMENT_DATAGRAMS);
        }
        cr_expect_geq(t.dropped[FRAGMENT_IPV4] - before, 5000);
        cr_expect_eq(t.dropped[FRAGMENT_IPV4] + t.datagrams, COUNT * (size / 1392 + 1));
    }
    free(list.bytes);
    fragment_table_free(&t);
}

/* Pieces are any pointers here. */
Test(fragments, the_index_finds_the_nearest_before)
{
    static struct piece_index x;
    static char pieces[PIECE_PLACES];
    bool taken[PIECE_PLACES] = {false};
    uint64_t random = 1;
    for (uint32_t round = 0; round < 600; round++) {
        const uint32_t place =
            round < 300 ? random_below(&random, 100) * 80 + 30 : random_below(&random, PIECE_PLACES);
        int nearest = -1;
        for (uint32_t at = 0; at < PIECE_PLACES; at++) {
            if (taken[at])
                nearest = (int)at;
            const char *found = (const char *)piece_index_find(&x, at);
            cr_assert_eq(found, nearest < 0 ? NULL : pieces + nearest);
        }
        taken[place] = true;
        piece_index_set(&x, place, (struct piece *)(void *)(pieces + place));
    }
}
