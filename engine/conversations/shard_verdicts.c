/* A shard's part in verdicts: it begins attempts, and shows episodes what happens to the conversations that they watch. What
 * boundaries leave in histories, and their clock, is in shard_boundaries.c. */
#include "engine/conversations/shard_rules.h"

static struct found_list *found_of(const struct drain *d)
{
    return &d->result->found[d->family];
}

/* The numbers of any segment. An RST's may be anything, and are no promise of more. */
static void see_any_numbers(struct conversation *c, const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const uint32_t end = s->seq + s->payload + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
    const bool begins = !conversation_has_sent(c, flow) && !(conversation_known(c) >> flow & 1);
    if (s->flags & TCP_RST)
        return;
    if (begins || (int32_t)(end - c->next[flow]) > 0)
        c->next[flow] = end;
    c->state |= (uint16_t)(STATE_SENT << flow);
    if (s->flags & TCP_ACK)
        c->bits |= conversation_acked_bit(flow);
}

/* What is expected first of an endpoint that has sent nothing, if an ACK of the other one, or a RST of its own,
 * told its ISN. The fast path takes its segments from here on, and only ever moves the number on. */
static void expect_first_numbers(struct conversation *c)
{
    for (unsigned flow = 0; flow < 2; flow++)
        if (!conversation_has_sent(c, flow) && conversation_known(c) >> flow & 1)
            c->next[flow] = c->isn[flow] + 1;
}

static void unwatch(const struct drain *d, uint32_t record)
{
    if (record == RECORD_NONE)
        return;
    struct conversation *const c = table_record(d->table, record, d->family);
    c->bits &= (uint8_t)~CONVERSATION_WATCHED;
    histories_set_episode(drain_histories(d), record, 0);
}

int drain_see_slow(struct drain *d, struct conversation *c, uint32_t record, struct segment *s,
                   uint64_t frame)
{
    if (s->bits & SEGMENT_QUOTED)
        return 0;
    const struct boundary *const b = s->flags & TCP_BOUNDARY ? drain_boundary_of(d, s, frame, false) : NULL;
    if (s->flags & TCP_BOUNDARY && drain_see_boundary(d, c, record, s, b))
        return -1;
    expect_first_numbers(c);
    see_any_numbers(c, s);
    bool failed = false;
    if (c->bits & CONVERSATION_WATCHED && !(s->bits & SEGMENT_REUSE) &&
        episode_see(&d->shard->episodes[d->family], histories_episode(drain_histories(d), record), s,
                    drain_clock_at(d, s, frame, b), found_of(d), &failed))
        unwatch(d, record);
    return failed ? -1 : 0;
}

/* The same packet, captured twice? An equal time stamp says so. Identifications do not by themselves, since some
 * hosts and all generators repeat them: then it came too soon for a retry, which the clocks of two taps may be
 * off by. */
static bool is_copy(const struct history *h, const struct boundary *b, const struct segment *s)
{
    enum { COPY_NS = 10000000 };
    if (!b)
        return false;
    const bool stamped = b->bits & BOUNDARY_TIMESTAMP && h->knows & KNOWS_SYN_TIMESTAMP;
    const bool identified = b->bits & BOUNDARY_IP_ID && h->knows & KNOWS_SYN_IP_ID;
    if (!(b->bits & BOUNDARY_TIMESTAMP) != !(h->knows & KNOWS_SYN_TIMESTAMP) ||
        (stamped && b->timestamp != h->syn_timestamp) || (identified && b->ip_id != h->syn_ip_id))
        return false;
    return stamped || time_between(h->first_time, s->time) < COPY_NS;
}

static enum isn_origin origin_of(const struct conversation *c, const struct history *h,
                                 const struct boundary *b, const struct segment *s, const struct finding *f)
{
    enum { RECYCLED = 65537 };
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const bool syn = rules_is_syn(s->flags), by_client = conversation_client(c) == flow;
    const bool began_with_syn = history_saw_isn(c, h, flow) && by_client;
    if (f->knows_distance && f->isn_distance == RECYCLED)
        return ORIGIN_RECYCLED;
    if (syn && f->same_isn && began_with_syn && is_copy(h, b, s))
        return ORIGIN_COPY;
    if (!f->same_isn && h->knows & KNOWS_OLDER_ISN << flow && h->older_isn[flow] == s->seq)
        return ORIGIN_OLD_DUPLICATE;
    if (syn && !f->same_isn && began_with_syn &&
        verdict_same_clock(c->isn[flow], s->seq, time_between(h->first_time, s->time),
                           time_between(c->last_time, s->time)))
        return ORIGIN_SAME_HOST;
    return ORIGIN_UNKNOWN;
}

static unsigned certainty_of(const struct conversation *c, const struct history *h, const struct boundary *b,
                             const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    unsigned bits = 0;
    if (!history_saw_isn(c, h, flow))
        bits |= CERTAINTY_ISN_INFERRED;
    if (history_is_one_direction(c, h))
        bits |= CERTAINTY_ONE_DIRECTION;
    if (s->bits & SEGMENT_QUOTED)
        bits |= CERTAINTY_QUOTED;
    if (!b || b->bits & BOUNDARY_CUT)
        bits |= CERTAINTY_CUT;
    if (s->time < c->last_time)
        bits |= CERTAINTY_CLOCK_BACK;
    return bits;
}

/* Has the client of an old conversation that no episode watches not given up when the segment comes? */
static bool continues(const struct drain *d, const struct conversation *c, const struct history *h,
                      const struct segment *s, const struct finding *f)
{
    if (h->knows & KNOWS_EPISODE || conversation_client(c) != (s->bits & SEGMENT_FLOW) ||
        (f->close != CLOSE_REFUSED && f->close != CLOSE_UNANSWERED && !(h->close & CLOSE_REJECTED)))
        return false;
    return f->same_isn || time_between(c->last_time, s->time) <= d->shard->verdicts.answer_window;
}

/* Which episode the attempt of a SYN joins, and whether one begins with the old conversation. */
static void join(const struct drain *d, const struct conversation *c, const struct history *h,
                 const struct segment *s, struct attempt_start *start)
{
    const struct episodes *const e = &d->shard->episodes[d->family];
    struct finding *const f = &start->finding;
    if (h->episode && e->items[h->episode].flow == (s->bits & SEGMENT_FLOW)) {
        f->joins = true;
        start->joins = h->episode;
    } else if (continues(d, c, h, s, f)) {
        f->joins = f->from_previous = true;
        start->begin = h->first_time;
    }
}

static struct finding finding_of(const struct drain *d, const struct conversation *c, const struct history *h,
                                 const struct boundary *b, const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const bool syn = rules_is_syn(s->flags);
    struct finding f = {.attempt = 1, .answer_delay = -1, .episode_delay = -1};
    const enum close_kind close = history_close_kind(c, h);
    const struct time_wait old = {.close = close,
                                  .knows_next = conversation_has_sent(c, flow),
                                  .knows_timestamp = h->knows & KNOWS_TIMESTAMP << flow,
                                  .closed = history_sent_fin(h, flow),
                                  .next = c->next[flow],
                                  .timestamp = h->timestamp[flow]};
    f.decimals = (uint8_t)MAX(SEGMENT_DECIMALS(s), conversation_decimals(c));
    f.close = (uint8_t)close;
    f.closer = (uint8_t)history_closer(c, h, close, syn ? flow : flow ^ 1);
    f.same_isn = s->seq == c->isn[flow];
    f.knows_distance = old.knows_next;
    f.isn_distance = (int32_t)(s->seq - old.next);
    f.certainty = (uint8_t)certainty_of(c, h, b, s);
    f.undercuts = verdict_undercuts(d->shard->verdicts.timers, close, time_between(c->last_time, s->time));
    if (syn)
        f.acceptable = (uint8_t)verdict_acceptable(&old, s->seq,
                                                   b && b->bits & BOUNDARY_TIMESTAMP ? &b->timestamp : NULL,
                                                   f.certainty & CERTAINTY_CUT);
    f.origin = (uint8_t)origin_of(c, h, b, s, &f);
    f.answer = s->bits & SEGMENT_QUOTED ? ANSWER_UNSEEN : syn ? ANSWER_NONE : ANSWER_NOT_ASKED;
    f.outcome = syn ? EPISODE_OPEN : EPISODE_CONNECTED;
    return f;
}

/* Does a SYN/ACK take up the SYN that the old conversation began with, which nothing else has? */
static bool answers_first(const struct conversation *c, const struct history *h, const struct segment *s)
{
    const unsigned client = (s->bits & SEGMENT_FLOW) ^ 1;
    const uint32_t isn = c->isn[client];
    return !(s->bits & SEGMENT_QUOTED) && !(h->knows & KNOWS_EPISODE) &&
           (!(h->knows & KNOWS_SYNACK) || h->close & CLOSE_REJECTED) &&
           conversation_completeness(c) & HAS_SYN && conversation_client(c) == client &&
           s->ack - isn - 1 <= c->next[client] - isn - 1;
}

/* A SYN/ACK reuses ports if its number is not what an ACK or RST of something else made the server's seem to be. It
 * may answer the attempt that waits: an episode's, or one that was no reuse. The client resets one that does not
 * acknowledge its SYN, like any other challenge: RFC 9293, 3.10.7.3. True: out of memory. */
static bool join_answer(const struct drain *d, const struct conversation *c, const struct history *h,
                        const struct segment *s, struct attempt_start *start)
{
    struct episodes *const e = &d->shard->episodes[d->family];
    struct finding *const f = &start->finding;
    if (!h->episode) {
        if (answers_first(c, h, s)) {
            f->joins = f->from_previous = true;
            f->episode_delay = time_between(h->first_time, s->time);
        }
        return false;
    }
    const struct episode *const x = &e->items[h->episode];
    struct finding *const attempt = &e->attempts[x->last].finding;
    if (s->ack - x->isn - 1 > x->payload) {
        f->outcome = EPISODE_FAILED;
        if (attempt->answer == ANSWER_NONE && !(s->bits & SEGMENT_QUOTED) &&
            (s->bits & SEGMENT_FLOW) != x->flow)
            attempt->answer = ANSWER_CHALLENGE;
        return false;
    }
    f->joins = true;
    f->attempt = x->attempts;
    f->episode_delay = time_between(x->begin, s->time);
    start->first_ticket = episode_first_ticket(e, h->episode);
    if (attempt->answer == ANSWER_NONE)
        attempt->answer = ANSWER_SYNACK;
    attempt->answer_delay = time_between(x->syn_time, s->time);
    f->decimals = attempt->decimals = MAX(f->decimals, x->decimals);
    const uint32_t watched = x->record;
    const bool failed = episode_end(e, h->episode, EPISODE_CONNECTED, f->episode_delay, found_of(d)) != 0;
    unwatch(d, watched);
    return failed;
}

int drain_start_attempt(struct drain *d, struct conversation *c, uint32_t record, const struct segment *s,
                        uint64_t frame, bool opens, struct attempt_start *start)
{
    enum { RECYCLED = 65537 };
    struct episodes *const e = &d->shard->episodes[d->family];
    struct histories *const all = drain_histories(d);
    struct history history = histories_read(all, record, c);
    const struct history *const h = &history;
    const struct boundary *const b = drain_boundary_of(d, s, frame, false);
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const bool syn = rules_is_syn(s->flags);
    bool failed = false;
    *start = (struct attempt_start){.finding = finding_of(d, c, h, b, s),
                                    .begin = s->time,
                                    .time = s->time,
                                    .isn = s->seq,
                                    .payload = s->payload,
                                    .recycled = c->next[flow ^ 1] + RECYCLED,
                                    .knows_recycled = conversation_has_sent(c, flow ^ 1),
                                    .flow = (uint8_t)flow,
                                    .waits = syn && opens && !(s->bits & SEGMENT_QUOTED)};
    for (unsigned i = 0; i < 2; i++)
        start->older_isn[i] = c->isn[i];
    start->older_known = conversation_known(c);
    start->older = record;
    if (h->episode && drain_clock_at(d, s, frame, b) > e->items[h->episode].due) {
        failed |= episode_end(e, h->episode, EPISODE_FAILED, -1, found_of(d)) != 0;
        unwatch(d, record);
        history.episode = 0;
    }
    if (start->waits) {
        join(d, c, h, s, start);
    } else if (!syn) {
        failed |= join_answer(d, c, h, s, start);
    }
    const uint32_t left = histories_episode(all, record);
    if (left && !start->joins && opens) {
        failed |= episode_end(e, left, EPISODE_FAILED, -1, found_of(d)) != 0;
        unwatch(d, record);
    }
    return failed ? -1 : 0;
}

int drain_begin_attempt(struct drain *d, struct conversation *c, uint32_t record,
                        const struct attempt_start *start, uint32_t *ticket)
{
    struct episodes *const e = &d->shard->episodes[d->family];
    struct histories *const all = drain_histories(d);
    struct history h = histories_read(all, record, c);
    h.trigger = start->trigger;
    if (start->older != record) {
        h.older = start->older;
        if (histories_set_newer(all, start->older, record))
            return -1;
    }
    for (unsigned i = 0; i < 2; i++)
        if (start->older_known >> i & 1) {
            h.older_isn[i] = start->older_isn[i];
            h.knows |= (uint16_t)(KNOWS_OLDER_ISN << i);
        }
    if (start->finding.joins || start->waits)
        h.knows |=
            KNOWS_EPISODE; /* before 4.4 a SYN/ACK opens no conversation: no other episode begins with it */
    if (histories_write(all, record, c, &h))
        return -1;
    if (!start->waits)
        return episodes_add_finding(e, &start->finding, start->first_ticket, found_of(d), ticket);
    struct attempt_start begin = *start;
    begin.record = record;
    const uint32_t episode = episodes_begin_attempt(e, &begin, ticket);
    if (!episode)
        return -1;
    c->bits |= CONVERSATION_WATCHED;
    return histories_set_episode(all, record, episode);
}

void drain_forget_history(struct drain *d, uint32_t record)
{
    const uint32_t episode = histories_episode(drain_histories(d), record);
    if (episode)
        d->shard->episodes[d->family].items[episode].record = RECORD_NONE;
    histories_forget(drain_histories(d), record);
}

int drain_close_episodes(struct drain drains[FAMILIES])
{
    bool failed = false;
    for (int f = 0; f < FAMILIES; f++) {
        struct drain *const d = &drains[f];
        uint32_t record;
        while (episodes_close_due(&d->shard->episodes[f], d->end_clock, &record, found_of(d), &failed))
            unwatch(d, record);
    }
    drains[0].shard->clock = drains[0].end_clock;
    return failed ? -1 : 0;
}
