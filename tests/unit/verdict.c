/* The decisions about a reuse, with the limits of each. */
#include "engine/conversations/verdict.h"

#include <criterion/criterion.h>

enum { NEXT = 1000, STAMP = 500 };

#define SECONDS(n) ((n)*INT64_C(1000000000))
#define MS(n)      ((n)*INT64_C(1000000))

/* A new connection, accepted at once, after a close that was long ago. */
static struct finding accepted(void)
{
    return (struct finding){.close = CLOSE_FIN,
                            .answer = ANSWER_SYNACK,
                            .outcome = EPISODE_CONNECTED,
                            .attempt = 1,
                            .answer_delay = 1,
                            .episode_delay = 1};
}

static enum verdict with(struct finding f)
{
    return verdict_decide(&f);
}

Test(verdict, decides_by_the_answer)
{
    struct finding f = accepted();
    cr_expect_eq(verdict_decide(&f), VERDICT_IN_ORDER);
    f.undercuts = 1;
    cr_expect_eq(verdict_decide(&f), VERDICT_EARLY_ACCEPTED);
    f.close = CLOSE_OPEN;
    cr_expect_eq(verdict_decide(&f), VERDICT_STALE_OPEN);
    f.undercuts = 0;
    cr_expect_eq(verdict_decide(&f), VERDICT_STALE_OPEN, "the gap does not matter");
    f.syn_retries = 1;
    cr_expect_eq(verdict_decide(&f), VERDICT_DELAYED,
                 "how it was answered comes before how the old one ended");
    f.answer = ANSWER_CHALLENGE;
    cr_expect_eq(verdict_decide(&f), VERDICT_CHALLENGED);
    f.answer = ANSWER_RST;
    cr_expect_eq(verdict_decide(&f), VERDICT_REFUSED);
    f.answer = ANSWER_UNSEEN;
    cr_expect_eq(verdict_decide(&f), VERDICT_UNKNOWN);
}

Test(verdict, needs_time_to_say_that_there_was_no_answer)
{
    struct finding f = {.close = CLOSE_FIN, .answer = ANSWER_NONE, .outcome = EPISODE_OPEN};
    cr_expect_eq(verdict_decide(&f), VERDICT_UNKNOWN);
    f.gave_way = true;
    cr_expect_eq(verdict_decide(&f), VERDICT_LOST, "the client has tried again");
    f.gave_way = false;
    f.outcome = EPISODE_FAILED;
    cr_expect_eq(verdict_decide(&f), VERDICT_LOST);
}

/* What is found first decides: quoted, copy, retry, then the answer, whatever it is. */
Test(verdict, has_an_order)
{
    for (uint8_t answer = 0; answer < ANSWERS; answer++) {
        struct finding f = accepted();
        f.answer = answer;
        f.same_isn = f.joins = true;
        cr_expect_eq(verdict_decide(&f), answer == ANSWER_NOT_ASKED ? VERDICT_DELAYED : VERDICT_RETRY);
        f.origin = ORIGIN_COPY;
        cr_expect_eq(verdict_decide(&f), VERDICT_COPY);
        f.certainty = CERTAINTY_QUOTED;
        cr_expect_eq(verdict_decide(&f), VERDICT_UNKNOWN);
    }
}

Test(verdict, is_a_retry_only_within_an_episode)
{
    struct finding f = accepted();
    f.same_isn = true;
    cr_expect_eq(verdict_decide(&f), VERDICT_IN_ORDER, "the attempt before had got its connection");
    f.same_isn = false;
    f.joins = true;
    cr_expect_eq(verdict_decide(&f), VERDICT_IN_ORDER, "another connect()");
}

Test(verdict, of_a_synack)
{
    struct finding f = accepted();
    f.answer = ANSWER_NOT_ASKED;
    cr_expect_eq(verdict_decide(&f), VERDICT_IN_ORDER);
    f.undercuts = 2;
    cr_expect_eq(verdict_decide(&f), VERDICT_EARLY_ACCEPTED);
    f.close = CLOSE_OPEN;
    cr_expect_eq(verdict_decide(&f), VERDICT_STALE_OPEN);
    f.joins = true;
    cr_expect_eq(verdict_decide(&f), VERDICT_DELAYED, "it takes up an attempt");
}

Test(verdict, what_lowers_certainty_decides_nothing)
{
    struct finding f = accepted();
    for (unsigned bits = 0; bits < 1u << CERTAINTIES; bits++) {
        f.certainty = (uint8_t)bits;
        cr_expect_eq(verdict_decide(&f), bits & CERTAINTY_QUOTED ? VERDICT_UNKNOWN : VERDICT_IN_ORDER);
    }
    for (uint8_t outcome = 0; outcome < EPISODE_OUTCOMES; outcome++)
        cr_expect_eq(with((struct finding){.answer = ANSWER_RST, .outcome = outcome}), VERDICT_REFUSED);
}

static const struct timers few = {.count = 4,
                                  .timer = {{"both", TIMER_AFTER_CLOSE, SECONDS(10)},
                                            {"rst", TIMER_AFTER_RST, SECONDS(20)},
                                            {"fin", TIMER_AFTER_FIN, SECONDS(30)},
                                            {"idle", TIMER_IDLE, SECONDS(40)}}};
enum { BOTH = 1, RST = 2, FIN = 4, IDLE = 8 };

static uint64_t undercut(enum close_kind close, int64_t gap)
{
    return verdict_undercuts(&few, close, gap);
}

Test(verdict, compares_a_gap_with_the_timers_of_the_close)
{
    const enum close_kind after_fin[] = {CLOSE_FIN, CLOSE_FIN_ONE_WAY},
                          after_rst[] = {CLOSE_RST, CLOSE_FIN_RST};
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(undercut(after_fin[i], SECONDS(10) - 1), BOTH | FIN);
        cr_expect_eq(undercut(after_fin[i], SECONDS(10)), FIN, "a gap as long as the timer is not below it");
        cr_expect_eq(undercut(after_fin[i], SECONDS(30) - 1), FIN);
        cr_expect_eq(undercut(after_fin[i], SECONDS(30)), 0);
        cr_expect_eq(undercut(after_rst[i], 0), BOTH | RST);
        cr_expect_eq(undercut(after_rst[i], SECONDS(20) - 1), RST);
        cr_expect_eq(undercut(after_rst[i], SECONDS(20)), 0);
        cr_expect_eq(undercut(after_rst[i], -1), BOTH | RST, "clocks that go back");
    }
    cr_expect_eq(undercut(CLOSE_OPEN, SECONDS(40)), 0, "nor beyond it");
    cr_expect_eq(undercut(CLOSE_OPEN, SECONDS(40) + 1), IDLE);
    cr_expect_eq(undercut(CLOSE_OPEN, 0), 0);
    cr_expect_eq(undercut(CLOSE_REFUSED, 0), 0);
    cr_expect_eq(undercut(CLOSE_UNANSWERED, SECONDS(99)), 0);
}

Test(verdict, has_room_for_all_timers)
{
    struct timers t = {.count = TIMERS_MAX};
    for (unsigned i = 0; i < TIMERS_MAX; i++)
        t.timer[i] = (struct timer){"x", TIMER_AFTER_FIN, SECONDS(i + 1)};
    cr_expect_eq(verdict_undercuts(&t, CLOSE_FIN, 0), UINT64_MAX);
    cr_expect_eq(verdict_undercuts(&t, CLOSE_FIN, SECONDS(63)), UINT64_C(1) << 63);
}

Test(verdict, knows_timers_in_the_order_that_reports_have)
{
    for (unsigned i = 1; i < verdict_timers.count; i++) {
        const struct timer *a = &verdict_timers.timer[i - 1], *b = a + 1;
        cr_expect(a->ns < b->ns || (a->ns == b->ns && strcmp(a->name, b->name) < 0), "%s before %s", a->name,
                  b->name);
    }
}

/* What a client that closed with FIN left behind. */
static const struct time_wait closed = {.knows_next = true, .closed = true, .next = NEXT};

static enum acceptable plain(uint32_t next, uint32_t isn)
{
    struct time_wait old = closed;
    old.next = next;
    return verdict_acceptable(&old, isn, NULL, false);
}

Test(verdict, accepts_a_number_that_lies_after_the_next_one)
{
    cr_expect_eq(plain(NEXT, NEXT + 1), ACCEPTABLE_YES);
    cr_expect_eq(plain(NEXT, NEXT), ACCEPTABLE_NO);
    cr_expect_eq(plain(NEXT, NEXT - 1), ACCEPTABLE_NO);
    cr_expect_eq(plain(NEXT, NEXT + 0x7fffffffu), ACCEPTABLE_YES);
    cr_expect_eq(plain(NEXT, NEXT + 0x80000000), ACCEPTABLE_NO);
    cr_expect_eq(plain(UINT32_MAX, 0), ACCEPTABLE_YES);
    cr_expect_eq(plain(0, UINT32_MAX), ACCEPTABLE_NO);
    cr_expect_eq(verdict_acceptable(&(struct time_wait){.closed = true}, 1, NULL, false), ACCEPTABLE_UNKNOWN);
    for (int close = 0; close < CLOSES; close++) {
        const bool no_time_wait = close == CLOSE_RST || close == CLOSE_FIN_RST || close == CLOSE_REFUSED;
        struct time_wait old = closed;
        old.close = (enum close_kind)close;
        cr_expect_eq(verdict_acceptable(&old, NEXT, NULL, false), no_time_wait ? ACCEPTABLE_YES
                                                                  : close == CLOSE_UNANSWERED
                                                                      ? ACCEPTABLE_UNKNOWN
                                                                      : ACCEPTABLE_NO);
    }
}

Test(verdict, lets_time_stamps_decide_first)
{
    struct time_wait old = closed;
    old.knows_timestamp = true;
    old.timestamp = STAMP;
    const uint32_t older = STAMP - 1, equal = STAMP, newer = STAMP + 1;
    for (int after = 0; after < 2; after++) {
        const uint32_t isn = after ? NEXT + 1 : NEXT - 1;
        const enum acceptable by_number = after ? ACCEPTABLE_YES : ACCEPTABLE_NO;
        old.closed = true;
        cr_expect_eq(verdict_acceptable(&old, isn, &older, false), ACCEPTABLE_NO, "PAWS");
        cr_expect_eq(verdict_acceptable(&old, isn, &equal, false), by_number);
        cr_expect_eq(verdict_acceptable(&old, isn, &newer, false), ACCEPTABLE_YES);
        cr_expect_eq(verdict_acceptable(&old, isn, NULL, false), by_number, "RFC 6191: no time stamp");
        cr_expect_eq(verdict_acceptable(&old, isn, NULL, true), ACCEPTABLE_UNKNOWN, "it may have one");
        old.closed = false;
        cr_expect_eq(verdict_acceptable(&old, isn, &older, false), ACCEPTABLE_NO);
        cr_expect_eq(verdict_acceptable(&old, isn, &equal, false), ACCEPTABLE_UNKNOWN,
                     "later ones, not noted");
        cr_expect_eq(verdict_acceptable(&old, isn, &newer, false), ACCEPTABLE_UNKNOWN);
    }
    const uint32_t wrapped = 3;
    old.closed = true;
    old.timestamp = UINT32_MAX;
    cr_expect_eq(verdict_acceptable(&old, NEXT - 1, &wrapped, false), ACCEPTABLE_YES);
    old.knows_next = false;
    cr_expect_eq(verdict_acceptable(&old, 0, &wrapped, false), ACCEPTABLE_YES);
    old.timestamp = wrapped;
    cr_expect_eq(verdict_acceptable(&old, 0, &wrapped, false), ACCEPTABLE_UNKNOWN);
}

Test(verdict, tells_the_clock_of_initial_sequence_numbers)
{
    enum { STEP = 64, ISN = 7 };
    const int64_t since = SECONDS(10), gap = SECONDS(9);
    const uint32_t steps = (uint32_t)(since / STEP), most = (uint32_t)(MS(64) / STEP);
    cr_expect(verdict_same_clock(ISN, ISN + steps, since, gap));
    cr_expect(verdict_same_clock(ISN, ISN + steps + most - 1, since, gap));
    cr_expect(verdict_same_clock(ISN, ISN + steps - most + 1, since, gap));
    cr_expect_not(verdict_same_clock(ISN, ISN + steps + most, since, gap));
    cr_expect_not(verdict_same_clock(ISN, ISN + steps - most, since, gap));
    cr_expect(verdict_same_clock(UINT32_MAX, UINT32_MAX + steps, since, gap), "numbers wrap");

    /* A short gap allows for less, a twentieth of it, and one below 0.1 s for nothing. */
    const uint32_t twentieth = (uint32_t)(MS(5) / STEP), second = (uint32_t)(SECONDS(1) / STEP);
    cr_expect(verdict_same_clock(ISN, ISN + second + twentieth - 1, SECONDS(1), MS(100)));
    cr_expect_not(verdict_same_clock(ISN, ISN + second + twentieth, SECONDS(1), MS(100)));
    cr_expect_not(verdict_same_clock(ISN, ISN + second, SECONDS(1), MS(100) - 1));

    /* The clock wraps each 2^32 * 64 ns. */
    cr_expect(verdict_same_clock(ISN, ISN, (INT64_C(1) << 32) * STEP, SECONDS(200)));
    cr_expect_not(verdict_same_clock(ISN, ISN + 0x80000000, (INT64_C(1) << 32) * STEP, SECONDS(200)));
    cr_expect_not(verdict_same_clock(ISN, ISN, -STEP, SECONDS(1)), "the old SYN is the later one");
}

Test(verdict, has_times_that_do_not_overflow)
{
    cr_expect_eq(time_between(1, 3), 2);
    cr_expect_eq(time_between(3, 1), -2);
    cr_expect_eq(time_between(INT64_MIN, INT64_MAX), INT64_MAX);
    cr_expect_eq(time_between(INT64_MAX, INT64_MIN), -INT64_MAX, "so that it can be negated");
    cr_expect_eq(time_between(0, INT64_MIN), -INT64_MAX);
}
