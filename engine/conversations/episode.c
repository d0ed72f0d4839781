/* Episodes: attempts, their answers, and when to stop waiting for one. */
#include "engine/conversations/episode.h"
#include "engine/conversations/table.h"
#include "engine/list.h"

#include <assert.h>
#include <stdlib.h>

void episodes_free(struct episodes *e)
{
    free(e->attempts);
    free(e->items);
    free(e->heap);
    *e = (struct episodes){.params = e->params};
}

/* A place in an array whose free places are in a list, and whose place 0 is not used. 0 when memory is short.
 */
static uint32_t take_attempt(struct episodes *e)
{
    const uint32_t place = e->free_attempt;
    if (place) {
        e->free_attempt = e->attempts[place].next;
        return place;
    }
    const uint32_t next = MAX(e->attempt_count, 1u);
    if (list_reserve(&e->attempts, &e->attempt_capacity, (uint64_t)next + 1, sizeof *e->attempts))
        return 0;
    e->attempt_count = next + 1;
    return next;
}

static uint32_t take_episode(struct episodes *e)
{
    const uint32_t place = e->free_item;
    if (place) {
        e->free_item = e->items[place].next_free;
        return place;
    }
    const uint32_t next = MAX(e->count, 1u);
    if (list_reserve(&e->items, &e->capacity, (uint64_t)next + 1, sizeof *e->items))
        return 0;
    e->items[next] = (struct episode){0};
    e->count = next + 1;
    return next;
}

static void give_episode(struct episodes *e, uint32_t episode)
{
    e->items[episode] = (struct episode){.serial = e->items[episode].serial + 1, .next_free = e->free_item};
    e->free_item = episode;
}

/* 0, or -1 when memory is short. */
static int heap_push(struct episodes *e, struct episode_due entry)
{
    if (list_reserve(&e->heap, &e->heap_capacity, (uint64_t)e->heap_count + 1, sizeof *e->heap))
        return -1;
    uint32_t at = e->heap_count++;
    for (; at && e->heap[(at - 1) / 2].due > entry.due; at = (at - 1) / 2)
        e->heap[at] = e->heap[(at - 1) / 2];
    e->heap[at] = entry;
    return 0;
}

static void heap_pop(struct episodes *e)
{
    const struct episode_due entry = e->heap[--e->heap_count];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < e->heap_count; at = child) {
        if (child + 1 < e->heap_count && e->heap[child + 1].due < e->heap[child].due)
            child++;
        if (e->heap[child].due >= entry.due)
            break;
        e->heap[at] = e->heap[child];
    }
    e->heap[at] = entry;
}

/* When to stop waiting. A client that tries again waits twice as long from one try to the next (RFC 6298, 5.5),
 * so an episode is not over while the next try is on its way; a quarter more for clocks that are coarse. */
static int64_t due_after(const struct episodes *e, int64_t last_syn, int64_t interval)
{
    const int64_t retry = interval > INT64_MAX / 4 ? INT64_MAX : 2 * interval + interval / 4;
    int64_t due;
    if (__builtin_add_overflow(last_syn, MAX(e->params->answer_window, retry), &due))
        return INT64_MAX;
    return due;
}

/* The episode is due then. An entry of the heap that is too early is put off when it comes up. Where one would come up too late,
 * since the client's next try is expected sooner than before, or time went back, another one takes its place. 0 or -1. */
static int set_due(struct episodes *e, uint32_t number, int64_t due, bool has_entry)
{
    struct episode *const x = &e->items[number];
    x->due = due;
    if (has_entry && due >= x->queued)
        return 0;
    x->queued = due;
    return heap_push(e, (struct episode_due){due, number, x->serial});
}

uint32_t episodes_begin_attempt(struct episodes *e, const struct attempt_start *start, uint32_t *ticket)
{
    const uint32_t attempt = take_attempt(e), number = start->joins ? start->joins : take_episode(e);
    if (!attempt || !number)
        return 0;
    struct episode *const episode = &e->items[number];
    int64_t interval = 0;
    if (start->joins) {
        if (start->finding.same_isn)
            interval = MAX(time_between(episode->last_syn, start->time), 0);
        e->attempts[episode->last].next = attempt;
    } else {
        episode->used = true;
        episode->begin = start->begin;
        episode->first = attempt;
        episode->attempts = start->finding.from_previous;
    }
    episode->last = attempt;
    episode->attempts++;
    episode->syn_time = episode->last_syn = start->time;
    if (set_due(e, number, due_after(e, start->time, interval), start->joins))
        return 0;
    episode->decimals = MAX(episode->decimals, start->finding.decimals);
    episode->record = start->record;
    episode->isn = start->isn;
    episode->payload = start->payload;
    episode->recycled = start->recycled;
    episode->knows_recycled = start->knows_recycled;
    episode->flow = start->flow;
    *ticket = e->tickets++;
    e->attempts[attempt] = (struct attempt){.ticket = *ticket, .finding = start->finding};
    e->attempts[attempt].finding.attempt = episode->attempts;
    return number;
}

/* 0, or -1 when memory is short. */
static int add_found(struct found_list *found, uint32_t ticket, uint32_t first_ticket,
                     const struct finding *finding)
{
    struct found *f = LIST_ADD(found);
    if (!f)
        return -1;
    *f = (struct found){ticket, first_ticket, *finding};
    f->finding.verdict = (uint8_t)verdict_decide(finding);
    return 0;
}

int episodes_add_finding(struct episodes *e, const struct finding *finding, uint32_t first_ticket,
                         struct found_list *found, uint32_t *ticket)
{
    *ticket = e->tickets++;
    const bool is_first = !finding->joins || finding->from_previous;
    return add_found(found, *ticket, is_first ? *ticket : first_ticket, finding);
}

uint32_t episode_first_ticket(const struct episodes *e, uint32_t episode)
{
    return e->attempts[e->items[episode].first].ticket;
}

int episode_end(struct episodes *e, uint32_t episode, enum episode_outcome outcome, int64_t delay,
                struct found_list *found)
{
    const struct episode *const x = &e->items[episode];
    const uint32_t first_ticket = e->attempts[x->first].ticket;
    int result = 0;
    for (uint32_t at = x->first, next; at; at = next) {
        struct attempt *const a = &e->attempts[at];
        struct finding f = a->finding;
        next = a->next;
        f.outcome = (uint8_t)outcome;
        f.episode_delay = delay;
        f.decimals = MAX(f.decimals, x->decimals);
        f.gave_way = next != 0;
        result |= add_found(found, a->ticket, first_ticket, &f);
        a->next = e->free_attempt;
        e->free_attempt = at;
    }
    give_episode(e, episode);
    return result;
}

/* What a segment of the server says to the present attempt. */
static enum answer answer_of(const struct episode *x, const struct segment *s)
{
    const bool takes_up = episode_takes_up(x, s);
    /* The client drops a RST that does not acknowledge its SYN: RFC 9293, 3.10.7.3. */
    if (s->flags & TCP_RST)
        return takes_up ? ANSWER_RST : ANSWER_NONE;
    if (s->flags & TCP_SYN)
        return takes_up ? ANSWER_SYNACK : s->flags & TCP_ACK ? ANSWER_CHALLENGE : ANSWER_NONE;
    /* The connection goes on, so there was a SYN/ACK that the capture has not. */
    if (takes_up)
        return ANSWER_UNSEEN;
    return s->flags & TCP_ACK ? ANSWER_CHALLENGE : ANSWER_NONE;
}

/* The client's own segments. True: the connection stands, though no SYN/ACK was seen. */
static bool see_client(struct episodes *e, uint32_t episode, struct finding *f, const struct segment *s,
                       bool *failed)
{
    struct episode *const x = &e->items[episode];
    if (rules_is_syn(s->flags)) {
        if (s->seq == x->isn)
            f->syn_retries++;
        const int64_t interval = MAX(time_between(x->last_syn, s->time), 0);
        *failed |= set_due(e, episode, due_after(e, s->time, interval), true) != 0;
        x->last_syn = s->time;
        return false;
    }
    return !(s->flags & TCP_RST) && s->flags & TCP_ACK && s->seq - x->isn - 1 <= x->payload &&
           f->answer == ANSWER_NONE;
}

bool episode_see(struct episodes *e, uint32_t episode, const struct segment *s, int64_t clock,
                 struct found_list *found, bool *failed)
{
    struct episode *const x = &e->items[episode];
    struct finding *const f = &e->attempts[x->last].finding;
    const bool from_client = (s->bits & SEGMENT_FLOW) == x->flow;
    if (clock > x->due) {
        *failed |= episode_end(e, episode, EPISODE_FAILED, -1, found) != 0;
        return true;
    }
    enum answer answer = ANSWER_NONE;
    if (!from_client)
        answer = answer_of(x, s);
    else if (see_client(e, episode, f, s, failed))
        answer = ANSWER_UNSEEN;
    if (answer == ANSWER_NONE)
        return false;
    if (f->answer == ANSWER_NONE)
        f->answer = (uint8_t)answer;
    if (answer == ANSWER_UNSEEN) {
        f->certainty |= CERTAINTY_ONE_DIRECTION;
        *failed |= episode_end(e, episode, EPISODE_CONNECTED, -1, found) != 0;
        return true;
    }
    if (answer != ANSWER_SYNACK)
        return false;
    f->answer_delay = time_between(x->syn_time, s->time);
    x->decimals = (uint8_t)MAX((unsigned)x->decimals, SEGMENT_DECIMALS(s));
    if (x->knows_recycled && s->seq == x->recycled && f->origin != ORIGIN_COPY)
        f->origin = ORIGIN_RECYCLED;
    *failed |= episode_end(e, episode, EPISODE_CONNECTED, time_between(x->begin, s->time), found) != 0;
    return true;
}

bool episodes_close_due(struct episodes *e, int64_t clock, uint32_t *record, struct found_list *found,
                        bool *failed)
{
    while (e->heap_count && e->heap[0].due < clock) {
        struct episode_due entry = e->heap[0];
        struct episode *const x = &e->items[entry.episode];
        heap_pop(e);
        if (!x->used || x->serial != entry.serial || x->queued != entry.due)
            continue;
        if (x->due < clock) {
            *record = x->record;
            *failed |= episode_end(e, entry.episode, EPISODE_FAILED, -1, found) != 0;
            return true;
        }
        entry.due = x->queued = x->due; /* it was put off meanwhile */
        *failed |= heap_push(e, entry) != 0;
    }
    return false;
}

uint32_t episodes_restore(struct episodes *e, const struct episode *episode)
{
    const uint32_t number = take_episode(e);
    if (!number)
        return 0;
    struct episode *const x = &e->items[number];
    const uint32_t serial = x->serial;
    *x = *episode;
    x->serial = serial;
    x->first = x->last = x->next_free = 0;
    x->used = true;
    x->queued = x->due;
    return heap_push(e, (struct episode_due){x->due, number, serial}) ? 0 : number;
}

int episodes_restore_attempt(struct episodes *e, uint32_t episode, const struct attempt *attempt)
{
    const uint32_t number = take_attempt(e);
    if (!number)
        return -1;
    struct episode *const x = &e->items[episode];
    e->attempts[number] = *attempt;
    e->attempts[number].next = 0;
    if (x->last)
        e->attempts[x->last].next = number;
    else
        x->first = number;
    x->last = number;
    return 0;
}

int episodes_finish(struct episodes *e, struct found_list *found)
{
    int result = 0;
    for (uint32_t i = 1; i < e->count; i++)
        if (e->items[i].used)
            result |= episode_end(e, i, EPISODE_OPEN, -1, found);
    return result;
}
