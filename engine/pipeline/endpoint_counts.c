/* What a row of endpoints.csv says of its endpoint, counted over its conversations and reuses. */
#include "engine/pipeline/endpoints.h"
#include "engine/radix.h"

/* The order of ports needs at least STEPS_LEAST steps. It is sequential if three of four are small ones up, random
 * if at most one in four is and at least one in four goes down. */
enum { STEPS_LEAST = 8 };

/* Conversations in the order of their endpoints miss the cache nearly always: they are prefetched this far ahead. */
enum { FETCH_AHEAD = 16 };

static void sort_few(int64_t *times, uint32_t sorted, uint32_t count)
{
    for (uint32_t i = sorted; i < count; i++) {
        const int64_t time = times[i];
        uint32_t at = i;
        for (; at && times[at - 1] > time; at--)
            times[at] = times[at - 1];
        times[at] = time;
    }
}

/* Ascending, in the place of the times or of the scratch. */
static int64_t *sort_times(int64_t *times, int64_t *scratch, uint32_t count)
{
    uint32_t sorted = 1;
    while (sorted < count && times[sorted - 1] <= times[sorted])
        sorted++;
    if (sorted >= count)
        return times;
    if (count <= RADIX_LEAST) {
        sort_few(times, sorted, count);
        return times;
    }
    for (uint32_t i = 0; i < count; i++)
        times[i] = (int64_t)radix_signed(times[i]);
    times = (int64_t *)radix_sort((uint64_t *)times, (uint64_t *)scratch, count, 1, 0);
    for (uint32_t i = 0; i < count; i++)
        times[i] = (int64_t)radix_signed(times[i]);
    return times;
}

/* Most conversations at once, each from its first to its last segment, and most new ones within a second. */
static void count_most(struct endpoints *e, const struct endpoint *x, struct endpoint_row *row)
{
    enum { SECOND = 1000000000 };
    const uint32_t count = x->conversations;
    int64_t *scratch = e->times + 2 * (size_t)count;
    const int64_t *const first = sort_times(e->times, scratch, count);
    if (first == scratch)
        scratch = e->times;
    const int64_t *const last = sort_times(e->times + count, scratch, count);
    row->begun = first;
    row->ended = last;
    for (uint32_t i = 0, over = 0, old = 0; i < count; i++) {
        while (last[over] < first[i])
            over++;
        while ((uint64_t)first[i] - (uint64_t)first[old] >= SECOND)
            old++;
        row->most_open = MAX(row->most_open, i + 1 - over);
        row->most_new = MAX(row->most_new, i + 1 - old);
    }
}

/* Also notes the times for count_most(). */
static void count_conversations(struct endpoints *e, const struct endpoint *x, struct endpoint_row *row)
{
    const uint32_t *const members = &e->conversation_members[x->first_conversation];
    const uint32_t count = x->conversations;
    int64_t *const first = e->times, *const last = first + count;
    uint64_t *const port_seen = e->port_seen;
    unsigned lowest = UINT16_MAX, highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct endpoint_conversation *c = &e->conversations[members[i]];
        const unsigned port = c->port;
        const uint64_t bit = UINT64_C(1) << port % 64;
        first[i] = c->first_time;
        last[i] = c->last_time;
        row->refused += c->handshake == HANDSHAKE_REFUSED;
        row->unanswered += c->handshake == HANDSHAKE_UNANSWERED;
        row->delayed += c->delayed;
        lowest = MIN(lowest, port);
        highest = MAX(highest, port);
        if (port_seen[port / 64] & bit)
            continue;
        port_seen[port / 64] |= bit;
        row->ports++;
        row->ports_in_range += port >= e->range.lowest && port <= e->range.highest;
    }
    row->seen = (struct port_range){(uint16_t)lowest, (uint16_t)highest};
    for (uint32_t i = 0; i < count; i++)
        port_seen[e->conversations[members[i]].port / 64] = 0;
}

/* Reuses are in the order of their gaps. The median of an even number is the lower one of the two in the middle. */
static void count_reuses(const struct endpoints *e, const struct endpoint *x, struct endpoint_row *row)
{
    const uint32_t *const members = &e->reuse_members[x->first_reuse];
    if (!x->reuses)
        return;
    for (uint32_t i = 0; i < x->reuses; i++) {
        row->by_trigger[e->reuses[members[i]].trigger]++;
        row->by_verdict[e->reuses[members[i]].verdict]++;
    }
    const struct endpoint_reuse *const least = &e->reuses[members[0]],
                                       *const median = &e->reuses[members[(x->reuses - 1) / 2]];
    row->least_gap = (struct endpoint_gap){least->gap, least->decimals};
    row->median_gap = (struct endpoint_gap){median->gap, median->decimals};
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
    if (e->whole) /* only few rows read as much */
        return;
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
                                 .range = e->range};
    if (!endpoints_is_whole(e, e->order[i]))
        return;
    row->order = order_of(x);
    count_conversations(e, x, row);
    count_most(e, x, row);
    count_reuses(e, x, row);
}
