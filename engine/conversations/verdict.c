/* The decisions about a reuse that need nothing but numbers. */
#include "engine/conversations/verdict.h"

#define SECONDS(n) ((n)*INT64_C(1000000000))
#define MS(n)      ((n)*INT64_C(1000000))

/* RFC 6528, 3 leaves the clock to the host; Linux counts one each 64 ns (secure_seq.c), modulo 2^32. */
enum { ISN_CLOCK_NS = 64 };

/* Sources: docs/verdicts.md. */
const struct timers verdict_timers = {
    .count = 14,
    .timer =
        {
            {"panos", TIMER_AFTER_CLOSE, SECONDS(15)},
            {"azure-rst", TIMER_AFTER_RST, SECONDS(16)},
            {"netscaler", TIMER_AFTER_FIN, SECONDS(40)},
            {"linux", TIMER_AFTER_FIN, SECONDS(60)},
            {"azure-fin", TIMER_AFTER_FIN, SECONDS(65)},
            {"conntrack", TIMER_AFTER_FIN, SECONDS(120)},
            {"gcp-nat", TIMER_AFTER_FIN, SECONDS(120)},
            {"ipvs", TIMER_AFTER_FIN, SECONDS(120)},
            {"windows", TIMER_AFTER_FIN, SECONDS(120)},
            {"azure-idle", TIMER_IDLE, SECONDS(240)},
            {"rfc9293", TIMER_AFTER_FIN, SECONDS(240)},
            {"aws-idle", TIMER_IDLE, SECONDS(350)},
            {"gcp-idle", TIMER_IDLE, SECONDS(1200)},
            {"panos-idle", TIMER_IDLE, SECONDS(3600)},
        },
};

/* The kinds of timers that run after a close. */
static unsigned kinds_after(enum close_kind close)
{
    switch (close) {
    case CLOSE_OPEN:
        return TIMER_IDLE;
    case CLOSE_FIN:
    case CLOSE_FIN_ONE_WAY:
        return TIMER_AFTER_FIN;
    case CLOSE_RST:
    case CLOSE_FIN_RST:
        return TIMER_AFTER_RST;
    default: /* nothing was ever open */
        return 0;
    }
}

uint64_t verdict_undercuts(const struct timers *timers, enum close_kind close, int64_t gap)
{
    const unsigned kinds = kinds_after(close);
    uint64_t bits = 0;
    for (unsigned i = 0; i < timers->count; i++) {
        const struct timer *t = &timers->timer[i];
        if (t->kind & kinds && (close == CLOSE_OPEN ? gap > t->ns : gap < t->ns))
            bits |= UINT64_C(1) << i;
    }
    return bits;
}

/* Sequence numbers and TSvals wrap: RFC 9293, 3.4; RFC 7323, 5.2. */
static int32_t distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

enum acceptable verdict_acceptable(const struct time_wait *old, uint32_t isn, const uint32_t *timestamp,
                                   bool cut)
{
    switch (old->close) {
    case CLOSE_RST: /* RFC 9293, 3.10.7.4: a RST closes at once, and TIME_WAIT, too */
    case CLOSE_FIN_RST:
    case CLOSE_REFUSED:
        return ACCEPTABLE_YES;
    case CLOSE_UNANSWERED: /* did the host get the SYN? */
        return ACCEPTABLE_UNKNOWN;
    default:
        break;
    }
    if (old->knows_timestamp && timestamp) {
        const int32_t newer = distance(old->timestamp, *timestamp);
        if (newer < 0)
            return ACCEPTABLE_NO;
        if (!old->closed)
            return ACCEPTABLE_UNKNOWN;
        if (newer)
            return ACCEPTABLE_YES;
    } else if (old->knows_timestamp && cut) {
        return ACCEPTABLE_UNKNOWN;
    }
    if (!old->knows_next)
        return ACCEPTABLE_UNKNOWN;
    return distance(old->next, isn) > 0 ? ACCEPTABLE_YES : ACCEPTABLE_NO;
}

bool verdict_same_clock(uint32_t old_isn, uint32_t new_isn, int64_t since, int64_t gap)
{
    if (gap < MS(100) || since < 0)
        return false;
    const int32_t off = distance(old_isn + (uint32_t)(since / ISN_CLOCK_NS), new_isn);
    const int64_t off_ns = (off < 0 ? -(int64_t)off : off) * (int64_t)ISN_CLOCK_NS;
    return off_ns < MIN(MS(64), gap / 20);
}

/* Of a connection that was accepted at once: was it early? */
static enum verdict decide_accepted(const struct finding *f)
{
    if (f->close == CLOSE_OPEN)
        return VERDICT_STALE_OPEN;
    return f->undercuts ? VERDICT_EARLY_ACCEPTED : VERDICT_IN_ORDER;
}

enum verdict verdict_decide(const struct finding *f)
{
    if (f->certainty & CERTAINTY_QUOTED)
        return VERDICT_UNKNOWN;
    if (f->origin == ORIGIN_COPY)
        return VERDICT_COPY;
    if (f->same_isn && f->joins && f->answer != ANSWER_NOT_ASKED)
        return VERDICT_RETRY;
    switch ((enum answer)f->answer) {
    case ANSWER_NOT_ASKED: /* a SYN/ACK: of an attempt, of a SYN that reused nothing, or of none */
        if (f->outcome == EPISODE_FAILED)
            return VERDICT_UNKNOWN;
        return f->joins ? VERDICT_DELAYED : decide_accepted(f);
    case ANSWER_NONE:
        return f->outcome == EPISODE_OPEN && !f->gave_way ? VERDICT_UNKNOWN : VERDICT_LOST;
    case ANSWER_SYNACK:
        return f->syn_retries ? VERDICT_DELAYED : decide_accepted(f);
    case ANSWER_CHALLENGE:
        return VERDICT_CHALLENGED;
    case ANSWER_RST:
        return VERDICT_REFUSED;
    default:
        return VERDICT_UNKNOWN;
    }
}
