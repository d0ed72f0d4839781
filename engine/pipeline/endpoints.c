/* Conversations and reuses by endpoint. A hash table finds endpoints. A counting sort then groups conversations and
 * reuses by endpoint; within an endpoint they stay in the order of the capture. So the time is proportional to the
 * number of conversations, except for sorting the times of one endpoint. */
#include "engine/pipeline/endpoints.h"
#include "engine/list.h"
#include "engine/pages.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SLOTS_FIRST = 1024, PORTS = 65536 };

enum { FETCH_AHEAD = 16 }; /* conversations from the current one to the one whose endpoints are prefetched */

enum { SMALL_STEP = 4 }; /* from one port of a client to the next one, at most */

int endpoints_init(struct endpoints *e, uint64_t conversations, struct port_range range,
                   const struct hash_key *key)
{
    *e = (struct endpoints){.range = range, .key = *key, .slot_count = SLOTS_FIRST};
    if (conversations > UINT32_MAX - 1)
        return -1;
    e->conversation_count = (uint32_t)conversations;
    while (e->slot_count < conversations && e->slot_count <= UINT32_MAX / 4)
        e->slot_count *= 2;
    e->slots = pages_alloc(e->slot_count * sizeof *e->slots, true);
    e->conversations = pages_alloc((conversations + 1) * sizeof *e->conversations, true);
    e->port_seen = calloc(PORTS / 64, sizeof *e->port_seen);
    return e->slots && e->conversations && e->port_seen ? 0 : -1;
}

static size_t members_size(const struct endpoints *e)
{
    return ((size_t)e->conversation_count * ROLES + 1) * sizeof *e->conversation_members;
}

void endpoints_free(struct endpoints *e)
{
    free(e->items);
    pages_free(e->slots, e->slot_count * sizeof *e->slots);
    pages_free(e->conversations, ((size_t)e->conversation_count + 1) * sizeof *e->conversations);
    pages_free(e->conversation_members, members_size(e));
    free(e->reuse_members);
    free(e->order);
    free(e->times);
    free(e->gaps);
    free(e->port_seen);
    *e = (struct endpoints){0};
}

static bool key_equal(const struct endpoint_key *a, const struct endpoint_key *b)
{
    const uint8_t *const x = (const uint8_t *)a, *const y = (const uint8_t *)b;
    return !((load_raw64(x) ^ load_raw64(y)) | (load_raw64(x + 8) ^ load_raw64(y + 8)) |
             (load_raw32(x + 16) ^ load_raw32(y + 16)));
}

/* The key's slot, or the empty one where it belongs. */
static struct endpoint_slot *find_slot(const struct endpoints *e, const struct endpoint_lookup *x)
{
    const uint32_t mask = e->slot_count - 1;
    uint32_t at = x->hash & mask;
    while (e->slots[at].endpoint &&
           (e->slots[at].hash != x->hash || !key_equal(&e->items[e->slots[at].endpoint - 1].key, &x->key)))
        at = (at + 1) & mask;
    return &e->slots[at];
}

static int grow_slots(struct endpoints *e)
{
    const struct endpoint_slot *const old = e->slots, *const end = old + e->slot_count;
    const uint32_t count = e->slot_count * 2;
    if (e->slot_count > UINT32_MAX / 4)
        return -1;
    struct endpoint_slot *const slots = pages_alloc(count * sizeof *slots, true);
    if (!slots)
        return -1;
    for (const struct endpoint_slot *s = old; s < end; s++) {
        uint32_t at = s->hash & (count - 1);
        if (!s->endpoint)
            continue;
        while (slots[at].endpoint)
            at = (at + 1) & (count - 1);
        slots[at] = *s;
    }
    pages_free(e->slots, e->slot_count * sizeof *e->slots);
    e->slots = slots;
    e->slot_count = count;
    return 0;
}

/* 0, or -1 when memory is short. */
static int find_endpoint(struct endpoints *e, const struct endpoint_lookup *x)
{
    struct endpoint_slot *slot = find_slot(e, x);
    if (!slot->endpoint && e->count >= e->slot_count / 2) {
        if (grow_slots(e))
            return -1;
        slot = find_slot(e, x);
    }
    if (!slot->endpoint) {
        struct endpoint *added = LIST_ADD(e);
        if (!added)
            return -1;
        *added = (struct endpoint){.key = x->key, .last_server = UINT32_MAX};
        *slot = (struct endpoint_slot){x->hash, e->count};
    }
    *x->found = slot->endpoint - 1;
    e->items[*x->found].conversations++;
    return 0;
}

/* Looks up the noted endpoints, whose slots have been prefetched. Most slots name the endpoint, which is prefetched
 * next. 0, or -1 when memory is short. */
static int find_noted(struct endpoints *e)
{
    const unsigned n = e->lookup_count;
    e->lookup_count = 0;
    for (unsigned i = 0; i < n; i++) {
        const uint32_t endpoint = e->slots[e->lookups[i].hash & (e->slot_count - 1)].endpoint;
        if (endpoint)
            __builtin_prefetch(&e->items[endpoint - 1].key);
    }
    for (unsigned i = 0; i < n; i++)
        if (find_endpoint(e, &e->lookups[i]))
            return -1;
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
        struct endpoint_lookup *const l = &e->lookups[e->lookup_count++];
        l->key = key_of(c, family, is_server ? !client : client, is_server);
        l->hash = (uint32_t)XXH3_64bits_withSecret(&l->key, sizeof l->key, e->key.secret, HASH_SECRET_SIZE);
        l->found = &x->endpoint[role];
        __builtin_prefetch(&e->slots[l->hash & (e->slot_count - 1)]);
    }
    return e->lookup_count == ENDPOINT_LOOKUPS ? find_noted(e) : 0;
}

static bool is_failed(unsigned verdict)
{
    return verdict == VERDICT_REFUSED || verdict == VERDICT_CHALLENGED || verdict == VERDICT_LOST;
}

/* Assigns each endpoint a range of members, by its end. fill_members() fills the ranges backwards, which leaves
 * first_conversation and first_reuse at their beginnings. */
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
    for (uint32_t i = e->conversation_count; i-- > 0;) {
        const struct endpoint_conversation *const c = &e->conversations[i];
        for (unsigned role = 0; role < ROLES; role++) {
            if (i >= FETCH_AHEAD)
                __builtin_prefetch(&e->items[c[-FETCH_AHEAD].endpoint[role]].first_conversation, 1);
            e->conversation_members[--e->items[c->endpoint[role]].first_conversation] = i;
        }
    }
    for (uint32_t i = e->reuse_count; i-- > 0;)
        for (unsigned role = 0; role < ROLES; role++)
            e->reuse_members[--e->items[e->conversations[e->reuses[i].stream].endpoint[role]].first_reuse] =
                i;
}

/* Counts the steps of client ports, separately for each server. */
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

/* What endpoints are sorted by, except for the end of the key. */
struct ranked {
    uint32_t failed, reuses;
    uint64_t key_begin; /* family and address, for IPv4 */
    uint32_t endpoint;
};

static int by_failed_reuses_and_key(const void *a, const void *b, void *context)
{
    const struct endpoints *e = context;
    const struct ranked *x = a, *y = b;
    if (x->failed != y->failed)
        return x->failed > y->failed ? -1 : 1;
    if (x->reuses != y->reuses)
        return x->reuses > y->reuses ? -1 : 1;
    if (x->key_begin != y->key_begin)
        return x->key_begin < y->key_begin ? -1 : 1;
    return memcmp(&e->items[x->endpoint].key, &e->items[y->endpoint].key, sizeof(struct endpoint_key));
}

/* 0, or -1 when memory is short. */
static int sort_endpoints(struct endpoints *e)
{
    struct ranked *const ranked = malloc(((size_t)e->count + 1) * sizeof *ranked);
    if (!ranked)
        return -1;
    for (uint32_t i = 0; i < e->count; i++) {
        const struct endpoint *x = &e->items[i];
        ranked[i] = (struct ranked){x->failed, x->reuses, load_be64((const uint8_t *)&x->key), i};
    }
    qsort_r(ranked, e->count, sizeof *ranked, by_failed_reuses_and_key, e);
    for (uint32_t i = 0; i < e->count; i++)
        e->order[i] = ranked[i].endpoint;
    free(ranked);
    return 0;
}

int endpoints_group(struct endpoints *e, const struct endpoint_reuse *reuses, uint32_t count)
{
    uint32_t most_conversations = 0, most_reuses = 0;
    if (find_noted(e))
        return -1;
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
    e->conversation_members = pages_alloc(members_size(e), true);
    e->reuse_members = malloc(((size_t)count * ROLES + 1) * sizeof(uint32_t));
    e->order = malloc(((size_t)e->count + 1) * sizeof(uint32_t));
    e->times = malloc(((size_t)most_conversations * 2 + 1) * sizeof *e->times);
    e->gaps = malloc(((size_t)most_reuses + 1) * sizeof *e->gaps);
    if (!e->conversation_members || !e->reuse_members || !e->order || !e->times || !e->gaps)
        return -1;
    reserve_members(e);
    fill_members(e);
    note_steps(e);
    return sort_endpoints(e);
}
