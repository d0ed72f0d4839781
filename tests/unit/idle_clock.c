/* The clock by which conversations expire: it never goes back, and tells what it has come to at any segment behind the last one
 * that went back in time. */
#include "engine/conversations/idle_clock.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>

enum { LIMIT = 10 };

static void expect_after(struct idle_clock *c, int64_t time, uint64_t ticks)
{
    idle_clock_take(c, time, LIMIT);
    cr_expect(c->ticks == ticks, "at %" PRIi64 ": %" PRIu64 ", expected %" PRIu64, time, c->ticks, ticks);
}

Test(idle_clock, of_a_few_segments)
{
    struct idle_clock c = {0};
    expect_after(&c, -50, 0);
    expect_after(&c, -48, 2);
    expect_after(&c, -58, 2); /* by the limit: it stands until -48 */
    expect_after(&c, -48, 2);
    expect_after(&c, -40, 10);
    expect_after(&c, -51, 10); /* by more: it goes on from here */
    expect_after(&c, -50, 11);
    expect_after(&c, 1000, 1061);
    expect_after(&c, 989, 1061);
    expect_after(&c, 990, 1062);
}

Test(idle_clock, does_not_go_round)
{
    struct idle_clock c = {0};
    expect_after(&c, INT64_MIN, 0);
    expect_after(&c, INT64_MAX, UINT64_MAX);
    expect_after(&c, INT64_MIN, UINT64_MAX);
    expect_after(&c, INT64_MIN + 5, UINT64_MAX);
}

/* What settling notes: the clock at each segment that went back, and between these what follows from it. */
Test(idle_clock, between_changes)
{
    uint64_t random = 7;
    for (int round = 0; round < 1000; round++) {
        struct idle_clock c = {0}, change = {0};
        int64_t time = 0, before = INT64_MAX;
        for (int i = 0; i < 100; i++) {
            time += (int64_t)random_below(&random, 5);
            if (!random_below(&random, 8))
                time -= (int64_t)random_below(&random, 3 * LIMIT);
            const uint64_t ticks = c.ticks;
            idle_clock_take(&c, time, LIMIT);
            if (time < before)
                change = c;
            cr_assert(c.ticks >= ticks && c.time >= time && c.time - time <= LIMIT);
            cr_assert_eq(idle_clock_at(&change, time), c.ticks);
            before = time;
        }
    }
}
