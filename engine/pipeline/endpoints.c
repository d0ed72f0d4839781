/* Conversations and reuses by endpoint. Endpoints are found by a hash table; conversations and reuses then
 * get into the order of their endpoints by counting, and within an endpoint stay in the order of the capture.
 * So all takes time proportional to the conversations, but for sorting the times of one endpoint. */
#include "engine/pipeline/endpoints.h"
#include "engine/list.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SLOTS_FIRST = 1024, PORTS = 65536 };

/* The order of ports: at least STEPS_LEAST steps; sequential if three of four are small ones up; random if at
 * most one in four is, and at least one in four goes down. */
enum { SMALL_STEP = 4, STEPS_LEAST = 8 };

int endpoints_init(struct endpoints *e, uint64_t conversations, struct port_range range,
                   const struct hash_key *key)
{
    *e = (struct endpoints){.range = range, .key = *key, .slot_count = SLOTS_FIRST};
    if (conversations > UINT32_MAX - 1)
        return -1;
    e->conversation_count = (uint32_t)conversations;
    e->slots = calloc(e->slot_count, sizeof *e->slots);
    e->conversations = calloc(conversations + 1, sizeof *e->conversations);
    e->port_seen = calloc(PORTS / 64, sizeof *e->port_seen);
    return e->slots && e->conversations && e->port_seen ? 0 : -1;
}

void endpoints_free(struct endpoints *e)
{
    free(e->items);
    free(e->slots);
    free(e->conversations);
    free(e->conversation_members);
    free(e->reuse_members);
    free(e->order);
    free(e->times);
    free(e->gaps);
    free(e->port_seen);
    *e = (struct endpoints){0};
}

/* The key's slot, or the empty one where it belongs. */
static uint32_t *find_slot(struct endpoints *e, const struct endpoint_key *key)
{
    const uint32_t mask = e->slot_count - 1;
    uint32_t at = (uint32_t)XXH3_64bits_withSecret(key, sizeof *key, e->key.secret, HASH_SECRET_SIZE) & mask;
    while (e->slots[at] && memcmp(&e->items[e->slots[at] - 1].key, key, sizeof *key) != 0)
        at = (at + 1) & mask;
    return &e->slots[at];
}

static int grow_slots(struct endpoints *e)
{
    uint32_t *slots = calloc((size_t)e->slot_count * 2, sizeof *slots);
    if (e->slot_count > UINT32_MAX / 2 || !slots) {
        free(slots);
        return -1;
    }
    free(e->slots);
    e->slots = slots;
    e->slot_count *= 2;
    for (uint32_t i = 0; i < e->count; i++)
        *find_slot(e, &e->items[i].key) = i + 1;
    return 0;
}

/* 0, or -1 when memory is short. */
static int find_endpoint(struct endpoints *e, const struct endpoint_key *key, uint32_t *found)
{
    uint32_t *slot = find_slot(e, key);
    if (!*slot && e->count >= e->slot_count / 2) {
        if (grow_slots(e))
            return -1;
        slot = find_slot(e, key);
    }
    if (!*slot) {
        struct endpoint *x = LIST_ADD(e);
        if (!x)
            return -1;
        *x = (struct endpoint){.key = *key, .last_server = UINT32_MAX};
        *slot = e->count;
    }
    *found = *slot - 1;
    return 0;
}

static void put_be(uint8_t *to, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static struct endpoint_key key_of(const union conversation_any *c, enum family family, unsigned side,
                                  bool is_server)
{
    struct endpoint_key key = {.family = (uint8_t)family, .is_server = is_server};
    if (family == FAMILY_IPV4)
        put_be(key.address, c->v4.address[side], 4);
    else
        memcpy(key.address, c->v6.address[side], sizeof key.address);
    if (is_server)
        put_be(key.port, conversation_port(&c->c, side), 2);
    return key;
}

int endpoints_add_conversation(struct endpoints *e, uint64_t stream, const union conversation_any *c,
                               const struct history *h, enum family family)
{
    const unsigned client = history_client(&c->c);
    struct endpoint_conversation *x = &e->conversations[stream];
    /* The clock may have gone back. */
    x->first_time = MIN(h->first_time, c->c.last_time);
    x->last_time = MAX(h->first_time, c->c.last_time);
    x->port = conversation_port(&c->c, client);
    x->handshake = (uint8_t)history_handshake(&c->c, h);
    x->delayed = conversation_completeness(&c->c) & HAS_SYNACK && h->syn_retries;
    for (unsigned role = 0; role < ROLES; role++) {
        const bool is_server = role == ROLE_SERVER;
        const struct endpoint_key key = key_of(c, family, is_server ? !client : client, is_server);
        if (find_endpoint(e, &key, &x->endpoint[role]))
            return -1;
        e->items[x->endpoint[role]].conversations++;
    }
    return 0;
}

static bool is_failed(unsigned verdict)
{
    return verdict == VERDICT_REFUSED || verdict == VERDICT_CHALLENGED || verdict == VERDICT_LOST;
}

/* Places for the members of each endpoint. They are filled from the end, which leaves first_... right. */
static void reserve_members(struct endpoints *e)
{
    uint64_t conversations = 0, reuses = 0;
    for (uint32_t i = 0; i < e->count; i++) {
        struct endpoint *x = &e->items[i];
        x->first_conversation = conversations += x->conversations;
        x->first_reuse = reuses += x->reuses;
    }
}

static void fill_members(struct endpoints *e)
{
    for (uint32_t i = e->conversation_count; i-- > 0;)
        for (unsigned role = 0; role < ROLES; role++)
            e->conversation_members[--e->items[e->conversations[i].endpoint[role]].first_conversation] = i;
    for (uint32_t i = e->reuse_count; i-- > 0;)
        for (unsigned role = 0; role < ROLES; role++)
            e->reuse_members[--e->items[e->conversations[e->reuses[i].stream].endpoint[role]].first_reuse] =
                i;
}

/* Steps of the client ports, towards each server by itself. */
static void note_steps(struct endpoints *e)
{
    for (uint32_t i = 0; i < e->count; i++) {
        struct endpoint *server = &e->items[i];
        for (uint32_t k = 0; server->key.is_server && k < server->conversations; k++) {
            const struct endpoint_conversation *c =
                &e->conversations[e->conversation_members[server->first_conversation + k]];
            struct endpoint *client = &e->items[c->endpoint[ROLE_CLIENT]];
            if (client->last_server == i && client->last_port != c->port) {
                const bool down = c->port < client->last_port;
                const bool small = !down && c->port - client->last_port <= SMALL_STEP;
                struct endpoint *const both[] = {server, client};
                for (unsigned role = 0; role < ROLES; role++) {
                    both[role]->steps++;
                    both[role]->steps_down += down;
                    both[role]->small_steps += small;
                }
            }
            client->last_server = i;
            client->last_port = c->port;
        }
    }
}

static int by_failed_reuses_and_key(const void *a, const void *b, void *context)
{
    const struct endpoints *e = context;
    const struct endpoint *x = &e->items[*(const uint32_t *)a], *y = &e->items[*(const uint32_t *)b];
    if (x->failed != y->failed)
        return x->failed > y->failed ? -1 : 1;
    if (x->reuses != y->reuses)
        return x->reuses > y->reuses ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

int endpoints_group(struct endpoints *e, const struct endpoint_reuse *reuses, uint32_t count)
{
    uint32_t most_conversations = 0, most_reuses = 0;
    e->reuses = reuses;
    e->reuse_count = count;
    for (uint32_t i = 0; i < count; i++)
        for (unsigned role = 0; role < ROLES; role++) {
            struct endpoint *x = &e->items[e->conversations[reuses[i].stream].endpoint[role]];
            x->reuses++;
            x->failed += is_failed(reuses[i].verdict);
        }
    for (uint32_t i = 0; i < e->count; i++) {
        most_conversations = MAX(most_conversations, e->items[i].conversations);
        most_reuses = MAX(most_reuses, e->items[i].reuses);
    }
    e->conversation_members = malloc(((size_t)e->conversation_count * ROLES + 1) * sizeof(uint32_t));
    e->reuse_members = malloc(((size_t)count * ROLES + 1) * sizeof(uint32_t));
    e->order = malloc(((size_t)e->count + 1) * sizeof(uint32_t));
    e->times = malloc(((size_t)most_conversations * 2 + 1) * sizeof *e->times);
    e->gaps = malloc(((size_t)most_reuses + 1) * sizeof *e->gaps);
    if (!e->conversation_members || !e->reuse_members || !e->order || !e->times || !e->gaps)
        return -1;
    reserve_members(e);
    fill_members(e);
    note_steps(e);
    for (uint32_t i = 0; i < e->count; i++)
        e->order[i] = i;
    qsort_r(e->order, e->count, sizeof *e->order, by_failed_reuses_and_key, e);
    return 0;
}

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
    for (uint32_t i = 0, over = 0, old = 0; i < x->conversations; i++) {
        while (last[over] < first[i])
            over++;
        while (first[i] - first[old] >= SECOND)
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

void endpoints_row(struct endpoints *e, uint32_t i, struct endpoint_row *row)
{
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
