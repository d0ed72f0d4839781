/* What a row of endpoints.csv says of its endpoint, counted over its conversations and reuses. */
#include "engine/pipeline/endpoints.h"

#include <stdlib.h>

/* The order of ports needs at least STEPS_LEAST steps. It is sequential if three of four are small ones up, random
 * if at most one in four is and at least one in four goes down. */
enum { STEPS_LEAST = 8 };

/* Conversations in the order of their endpoints miss the cache nearly always: they are prefetched this far ahead. */
enum { FETCH_AHEAD = 16 };

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_times(int64_t *times, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (times[i] < times[i - 1]) {
            qsort(times, count, sizeof *times, by_time);
            return;
        }
}

/* Most conversations at once, each from its first to its last segment, and most new ones within a second. */
static void count_most(struct endpoints *e, const struct endpoint *x, struct endpoint_row *row)
{
    enum { SECOND = 1000000000 };
    int64_t *const first = e->times, *const last = first + x->conversations;
    for (uint32_t i = 0; i < x->conversations; i++) {
        const struct endpoint_conversation *c =
            &e->conversations[e->conversation_members[x->first_conversation + i]];
        first[i] = c->first_time;
        last[i] = c->last_time;
    }
    sort_times(first, x->conversations);
    sort_times(last, x->conversations);
    row->begun = first;
    row->ended = last;
    for (uint32_t i = 0, over = 0, old = 0; i < x->conversations; i++) {
        while (last[over] < first[i])
            over++;
        while (time_between(first[old], first[i]) >= SECOND)
            old++;
        row->most_open = MAX(row->most_open, i + 1 - over);
        row->most_new = MAX(row->most_new, i + 1 - old);
    }
}

static void count_conversations(struct endpoints *e, const struct endpoint *x, struct endpoint_row *row)
{
    const uint32_t *const members = &e->conversation_members[x->first_conversation];
    row->seen = (struct port_range){UINT16_MAX, 0};
    for (uint32_t i = 0; i < x->conversations; i++) {
        const struct endpoint_conversation *c = &e->conversations[members[i]];
        const uint64_t bit = UINT64_C(1) << c->port % 64;
        row->refused += c->handshake == HANDSHAKE_REFUSED;
        row->unanswered += c->handshake == HANDSHAKE_UNANSWERED;
        row->delayed += c->delayed;
        row->seen.lowest = MIN(row->seen.lowest, c->port);
        row->seen.highest = MAX(row->seen.highest, c->port);
        if (e->port_seen[c->port / 64] & bit)
            continue;
        e->port_seen[c->port / 64] |= bit;
        row->ports++;
        row->ports_in_range += c->port >= e->range.lowest && c->port <= e->range.highest;
    }
    for (uint32_t i = 0; i < x->conversations; i++)
        e->port_seen[e->conversations[members[i]].port / 64] = 0;
}

static int by_gap(const void *a, const void *b)
{
    const struct endpoint_gap *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    return (x->decimals > y->decimals) - (x->decimals < y->decimals);
}

/* The median of an even number is the lower one of the two in the middle. */
static void count_reuses(struct endpoints *e, const struct endpoint *x, struct endpoint_row *row)
{
    for (uint32_t i = 0; i < x->reuses; i++) {
        const struct endpoint_reuse *r = &e->reuses[e->reuse_members[x->first_reuse + i]];
        row->by_trigger[r->trigger]++;
        row->by_verdict[r->verdict]++;
        e->gaps[i] = (struct endpoint_gap){r->gap, r->decimals};
    }
    if (!x->reuses)
        return;
    qsort(e->gaps, x->reuses, sizeof *e->gaps, by_gap);
    row->least_gap = e->gaps[0];
    row->median_gap = e->gaps[(x->reuses - 1) / 2];
}

static enum port_order order_of(const struct endpoint *x)
{
    const uint64_t steps = x->steps, small = x->small_steps, down = x->steps_down;
    if (steps < STEPS_LEAST)
        return PORTS_UNKNOWN;
    if (4 * small >= 3 * steps)
        return PORTS_SEQUENTIAL;
    return 4 * small <= steps && 4 * down >= steps ? PORTS_RANDOM : PORTS_UNKNOWN;
}

/* What the rows from i + 1 on will read: an endpoint, its members, and the first of their conversations. */
static void fetch_ahead(const struct endpoints *e, uint32_t i)
{
    enum { CONVERSATIONS = 4 };
    const uint32_t left = e->count - i;
    if (left > 3 * FETCH_AHEAD)
        __builtin_prefetch(&e->items[e->order[i + 3 * FETCH_AHEAD]].first_conversation);
    if (left > 2 * FETCH_AHEAD)
        __builtin_prefetch(
            &e->conversation_members[e->items[e->order[i + 2 * FETCH_AHEAD]].first_conversation]);
    if (left <= FETCH_AHEAD)
        return;
    const struct endpoint *const x = &e->items[e->order[i + FETCH_AHEAD]];
    const uint32_t *const members = &e->conversation_members[x->first_conversation];
    for (uint32_t k = 0; k < MIN(x->conversations, (uint32_t)CONVERSATIONS); k++)
        __builtin_prefetch(&e->conversations[members[k]]);
}

void endpoints_row(struct endpoints *e, uint32_t i, struct endpoint_row *row)
{
    fetch_ahead(e, i);
    const struct endpoint *x = &e->items[e->order[i]];
    *row = (struct endpoint_row){.address = x->key.address,
                                 .family = x->key.family,
                                 .is_server = x->key.is_server,
                                 .port = load_be16(x->key.port),
                                 .conversations = x->conversations,
                                 .reuses = x->reuses,
                                 .failed = x->failed,
                                 .range = e->range,
                                 .order = order_of(x)};
    count_conversations(e, x, row);
    count_most(e, x, row);
    count_reuses(e, x, row);
}
