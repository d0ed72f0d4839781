/* Frames that go back in time: what is counted frame by frame, and from parts that are put together, is what
 * comparing each frame with all before it says. */
#include "engine/time_order.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>

enum { FRAMES = 40 };

static void expect(const struct time_order *o, uint64_t frames_back, uint64_t furthest_back)
{
    cr_assert(o->frames_back == frames_back && o->furthest_back == furthest_back,
              "%" PRIu64 " frames, %" PRIu64 " ns, expected %" PRIu64 " and %" PRIu64, o->frames_back,
              o->furthest_back, frames_back, furthest_back);
}

static struct time_order order_of(const int64_t *times, unsigned n)
{
    struct time_order o = {0};
    struct frame frames[FRAMES] = {0};
    for (unsigned i = 0; i < n; i++)
        frames[i].time = times[i];
    time_order_add(&o, frames, n);
    return o;
}

Test(time_order, of_a_few_frames)
{
    const struct time_order none = {0};
    expect(&none, 0, 0);
    struct time_order o = order_of((int64_t[]){5, 5, 6}, 3);
    expect(&o, 0, 0);
    o = order_of((int64_t[]){10, 4, 7, 6, 10}, 5); /* 7 is late by 3, but not earlier than 4 */
    expect(&o, 2, 6);
    o = order_of((int64_t[]){10, 9, 8, 7}, 4);
    expect(&o, 3, 3);
    o = order_of((int64_t[]){INT64_MAX, INT64_MIN, INT64_MAX}, 3);
    expect(&o, 1, UINT64_MAX);
}

Test(time_order, records_that_are_no_packets_have_no_time)
{
    struct frame frames[] = {{.link_type = LINK_TYPE_NOT_A_PACKET},
                             {.time = 7},
                             {.link_type = LINK_TYPE_NOT_A_PACKET},
                             {.time = 6},
                             {.time = 8}};
    struct time_order o = {0};
    time_order_add(&o, frames, 5);
    expect(&o, 1, 1);
    cr_assert(o.first == 7 && o.last == 8);
}

Test(time_order, what_follows_after_a_restart_is_not_compared)
{
    struct time_order all = order_of((int64_t[]){10, 9}, 2), next = order_of((int64_t[]){3, 4}, 2);
    time_order_restart(&all);
    time_order_append(&all, &next);
    expect(&all, 1, 1);
    time_order_append(&all, &next); /* not restarted */
    expect(&all, 2, 1);
}

/* As a loop over a run counts: see time_order_before(). */
static void add_as_a_loop(struct time_order *o, const int64_t *times, unsigned n)
{
    int64_t before = time_order_before(o);
    for (unsigned i = 0; i < n; i++) {
        if (times[i] < before)
            time_order_note_back(o, before, times[i]);
        before = times[i];
    }
    if (n)
        o->last = before;
}

Test(time_order, of_random_parts)
{
    enum { ROUNDS = 20000 };
    uint64_t random = 1;
    for (int round = 0; round < ROUNDS; round++) {
        const unsigned n = random_below(&random, FRAMES + 1), spread = 1 + random_below(&random, 10);
        int64_t times[FRAMES], latest = INT64_MIN;
        uint64_t back = 0, furthest = 0;
        for (unsigned i = 0; i < n; i++) {
            times[i] = (int64_t)i - random_below(&random, spread);
            back += i && times[i] < times[i - 1];
            latest = MAX(latest, times[i]);
            furthest = MAX(furthest, (uint64_t)(latest - times[i]));
        }
        struct time_order whole = order_of(times, n), loop = {0}, parts = {0};
        expect(&whole, back, furthest);
        for (unsigned at = 0, some; at < n; at += some) {
            some = random_below(&random, n - at + 1);
            struct time_order part = order_of(times + at, some);
            time_order_append(&parts, &part);
            add_as_a_loop(&loop, times + at, some);
        }
        expect(&parts, back, furthest);
        expect(&loop, back, furthest);
    }
}
