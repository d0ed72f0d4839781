/* The entries by which episodes come up when they are due. */
#include "engine/conversations/episode.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define SECONDS(n) ((n)*INT64_C(1000000000))

enum { RECORD = 7 };

static const struct verdict_params params = {.wanted = true, .answer_window = SECONDS(3)};

/* The client sends its SYN again. Nothing is over with it. */
static void send_again(struct episodes *e, uint32_t episode, int64_t time)
{
    const struct segment s = {.time = time, .flags = TCP_SYN, .seq = 100};
    struct found_list found = {0};
    bool failed = false;
    cr_assert_not(episode_see(e, episode, &s, INT64_MIN, &found, &failed));
    cr_assert_not(failed);
}

static uint32_t begin(struct episodes *e, int64_t time)
{
    uint32_t ticket;
    const uint32_t episode = episodes_begin_attempt(
        e, &(struct attempt_start){.begin = time, .time = time, .isn = 100, .record = RECORD}, &ticket);
    cr_assert(episode);
    return episode;
}

/* Closes what is due. True: the episode was. */
static bool close_due(struct episodes *e, int64_t clock)
{
    struct found_list found = {0};
    uint32_t record;
    bool failed = false;
    const bool closed = episodes_close_due(e, clock, &record, &found, &failed);
    cr_assert_not(failed);
    cr_assert(!closed || (record == RECORD && found.count == 1));
    free(found.items);
    return closed;
}

/* However often it became due earlier: entries that count no more go when they come up, and are not put off with the one that
 * counts. */
Test(episode, has_one_entry_that_counts)
{
    enum { COUNT = 100 };
    struct episodes e = {.params = &params};
    const uint32_t episode = begin(&e, SECONDS(200));
    for (int i = 1; i <= COUNT; i++)
        send_again(&e, episode, SECONDS(200 - i));
    send_again(&e, episode, SECONDS(300));
    cr_expect_not(close_due(&e, SECONDS(250)));
    cr_expect_eq(e.heap_count, 1);
    cr_expect_eq(e.heap[0].due, e.items[episode].due);
    cr_expect(close_due(&e, e.items[episode].due + 1));
    cr_expect_eq(e.heap_count, 0);
    episodes_free(&e);
}

/* It is over once the clock is beyond, and not before, whatever it was due at earlier. */
Test(episode, is_over_when_it_is_due)
{
    uint64_t random = 3;
    struct episodes e = {.params = &params};
    for (int round = 0; round < 2000; round++) {
        int64_t time = SECONDS(1000), clock = 0;
        const uint32_t episode = begin(&e, time);
        for (bool closed = false; !closed;) {
            if (random_below(&random, 3)) {
                time += SECONDS((int64_t)random_below(&random, 9)) - SECONDS(4);
                send_again(&e, episode, time);
            }
            clock = MAX(clock, time + SECONDS((int64_t)random_below(&random, 6)));
            const bool due = e.items[episode].due < clock;
            closed = close_due(&e, clock);
            cr_assert_eq(closed, due);
        }
    }
    episodes_free(&e);
}
