/* Conversations and reuses by endpoint. A hash table finds endpoints. A counting sort then groups conversations and
 * reuses by endpoint; within an endpoint conversations stay in the order of the capture, and reuses in that of their
 * gaps. All other sorts go by digits, too. So the time is proportional to the number of conversations. */
#include "engine/pipeline/endpoints.h"
#include "engine/list.h"
#include "engine/pages.h"
#include "engine/radix.h"

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
    return (e->member_count + 1) * sizeof *e->conversation_members;
}

void endpoints_free(struct endpoints *e)
{
    free(e->items);
    pages_free(e->slots, e->slot_count * sizeof *e->slots);
    pages_free(e->conversations, ((size_t)e->conversation_count + 1) * sizeof *e->conversations);
    pages_free(e->conversation_members, members_size(e));
    free(e->reuse_members);
    free(e->order);
    free(e->whole);
    free(e->times);
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

static void put_be32(uint8_t *to, uint32_t value)
{
    const uint32_t be = load_be32(&value);
    memcpy(to, &be, sizeof be);
}

static void put_be16(uint8_t *to, uint16_t value)
{
    const uint16_t be = load_be16(&value);
    memcpy(to, &be, sizeof be);
}

/* A side of the conversation, as what is looked up. */
static void look_for(struct endpoint_lookup *l, const union conversation_any *c, enum family family,
                     unsigned side, bool is_server, const struct hash_key *key)
{
    const uint16_t port = is_server ? conversation_port(&c->c, side) : 0;
    l->key = (struct endpoint_key){.family = (uint8_t)family, .is_server = is_server};
    put_be16(l->key.port, port);
    if (family == FAMILY_IPV4) {
        const uint64_t all = (uint64_t)c->v4.address[side] << 32 | (unsigned)is_server << 16 | port;
        put_be32(l->key.address, c->v4.address[side]);
        l->hash = (uint32_t)XXH3_64bits_withSecret(&all, sizeof all, key->secret, HASH_SECRET_SIZE);
        return;
    }
    memcpy(l->key.address, c->v6.address[side], sizeof l->key.address);
    l->hash = (uint32_t)XXH3_64bits_withSecret(&l->key, sizeof l->key, key->secret, HASH_SECRET_SIZE);
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
        look_for(l, c, family, is_server ? !client : client, is_server, &e->key);
        l->found = &x->endpoint[role];
        __builtin_prefetch(&e->slots[l->hash & (e->slot_count - 1)]);
    }
    return e->lookup_count == ENDPOINT_LOOKUPS ? find_noted(e) : 0;
}

static bool is_failed(unsigned verdict)
{
    return verdict == VERDICT_REFUSED || verdict == VERDICT_CHALLENGED || verdict == VERDICT_LOST;
}

/* Do rows need the conversation grouped? Those of a whole client are for their servers, too, where steps are counted. */
static bool is_needed(const struct endpoints *e, const struct endpoint_conversation *c)
{
    return endpoints_is_whole(e, c->endpoint[ROLE_CLIENT]) || endpoints_is_whole(e, c->endpoint[ROLE_SERVER]);
}

static void count_members(struct endpoints *e)
{
    for (uint32_t i = 0; !e->whole && i < e->count; i++)
        e->items[i].members = e->items[i].conversations;
    for (uint32_t i = 0; e->whole && i < e->conversation_count; i++)
        for (unsigned role = 0; role < ROLES && is_needed(e, &e->conversations[i]); role++)
            e->items[e->conversations[i].endpoint[role]].members++;
}

/* Assigns each endpoint a range of members, by its end. fill_conversation_members() and fill_reuse_members()
 * fill the ranges backwards, which leaves first_conversation and first_reuse at their beginnings. */
static void reserve_members(struct endpoints *e)
{
    uint64_t reuses = 0;
    count_members(e);
    e->member_count = 0;
    for (uint32_t i = 0; i < e->count; i++) {
        struct endpoint *x = &e->items[i];
        x->first_conversation = e->member_count += x->members;
        x->first_reuse = reuses += endpoints_is_whole(e, i) ? x->reuses : 0;
    }
}

/* Reuses by gap and decimals. 0, or -1 when memory is short. */
static int fill_reuse_members(struct endpoints *e)
{
    enum { WORDS = 2, DECIMALS_SHIFT = 32 };
    const uint32_t count = e->reuse_count;
    uint64_t *const records = malloc(((size_t)count * 2 + 1) * WORDS * sizeof *records);
    if (!records)
        return -1;
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_needed(e, &e->conversations[e->reuses[i].stream]))
            continue;
        records[(size_t)used * WORDS] = radix_signed(e->reuses[i].gap);
        records[(size_t)used++ * WORDS + 1] = (uint64_t)e->reuses[i].decimals << DECIMALS_SHIFT | i;
    }
    const uint64_t *const sorted =
        radix_sort(records, records + (size_t)count * WORDS, used, WORDS, DECIMALS_SHIFT);
    for (uint32_t i = used; i-- > 0;) {
        const uint32_t reuse = (uint32_t)sorted[(size_t)i * WORDS + 1];
        const struct endpoint_conversation *const c = &e->conversations[e->reuses[reuse].stream];
        for (unsigned role = 0; role < ROLES; role++)
            if (endpoints_is_whole(e, c->endpoint[role]))
                e->reuse_members[--e->items[c->endpoint[role]].first_reuse] = reuse;
    }
    free(records);
    return 0;
}

static void fill_conversation_members(struct endpoints *e)
{
    for (uint32_t i = e->conversation_count; i-- > 0;) {
        const struct endpoint_conversation *const c = &e->conversations[i];
        if (!is_needed(e, c))
            continue;
        for (unsigned role = 0; role < ROLES; role++) {
            if (i >= FETCH_AHEAD)
                __builtin_prefetch(&e->items[c[-FETCH_AHEAD].endpoint[role]].first_conversation, 1);
            e->conversation_members[--e->items[c->endpoint[role]].first_conversation] = i;
        }
    }
}

/* Counts the steps of client ports, separately for each server. */
static void note_steps(struct endpoints *e)
{
    for (uint32_t i = 0; i < e->count; i++) {
        struct endpoint *server = &e->items[i];
        for (uint32_t k = 0; server->key.is_server && k < server->members; k++) {
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

/* By failed reuses and reuses, most first, then by key; those without reuses only if all are wanted. 0, or -1 when memory
 * is short. */
static int sort_endpoints(struct endpoints *e, bool all)
{
    enum { WORDS = 4, KEY_END_SHIFT = 32 };
    uint32_t count = 0, rest = e->count;
    for (uint32_t i = 0; i < e->count; i++)
        count += all || e->items[i].reuses;
    uint64_t *const records = malloc(((size_t)count * 2 + 1) * WORDS * sizeof *records);
    if (!records)
        return -1;
    count = 0;
    for (uint32_t i = 0; i < e->count; i++) {
        const struct endpoint *x = &e->items[i];
        const uint8_t *const key = (const uint8_t *)&x->key;
        if (!all && !x->reuses) {
            e->order[--rest] = i;
            continue;
        }
        uint64_t *const to = &records[(size_t)count++ * WORDS];
        to[0] = ~((uint64_t)x->failed << 32 | x->reuses);
        to[1] = load_be64(key);
        to[2] = load_be64(key + 8);
        to[3] = (uint64_t)load_be32(key + 16) << KEY_END_SHIFT | i;
    }
    const uint64_t *const sorted =
        radix_sort(records, records + (size_t)count * WORDS, count, WORDS, KEY_END_SHIFT);
    for (uint32_t i = 0; i < count; i++)
        e->order[i] = (uint32_t)sorted[(size_t)i * WORDS + WORDS - 1];
    free(records);
    return 0;
}

/* Marks the worst endpoints, which come first in the order. 0, or -1 when memory is short. */
static int mark_whole(struct endpoints *e, uint32_t worst)
{
    uint32_t left[ROLES] = {worst, worst};
    e->whole = calloc((size_t)e->count / 64 + 1, sizeof *e->whole);
    if (!e->whole)
        return -1;
    for (uint32_t i = 0; i < e->count && e->items[e->order[i]].reuses; i++) {
        uint32_t *const of_role = &left[e->items[e->order[i]].key.is_server];
        if (*of_role) {
            e->whole[e->order[i] / 64] |= UINT64_C(1) << e->order[i] % 64;
            --*of_role;
        }
    }
    return 0;
}

static void count_reuses(struct endpoints *e)
{
    for (uint32_t i = 0; i < e->reuse_count; i++)
        for (unsigned role = 0; role < ROLES; role++) {
            struct endpoint *x = &e->items[e->conversations[e->reuses[i].stream].endpoint[role]];
            x->reuses++;
            x->failed += is_failed(e->reuses[i].verdict);
        }
}

int endpoints_group(struct endpoints *e, const struct endpoint_reuse *reuses, uint32_t count, uint32_t worst)
{
    uint32_t most_conversations = 0;
    if (find_noted(e))
        return -1;
    pages_free(e->slots, e->slot_count * sizeof *e->slots); /* makes room for sorting */
    e->slots = NULL;
    e->reuses = reuses;
    e->reuse_count = count;
    count_reuses(e);
    e->order = malloc(((size_t)e->count + 1) * sizeof(uint32_t));
    if (!e->order || sort_endpoints(e, !worst) || (worst && mark_whole(e, worst)))
        return -1;
    reserve_members(e);
    for (uint32_t i = 0; i < e->count; i++)
        most_conversations = MAX(most_conversations, e->items[i].members);
    e->conversation_members = pages_alloc(members_size(e), true);
    e->reuse_members = malloc(((size_t)count * ROLES + 1) * sizeof(uint32_t));
    e->times = malloc(((size_t)most_conversations * 3 + 1) * sizeof *e->times);
    if (!e->conversation_members || !e->reuse_members || !e->times)
        return -1;
    fill_conversation_members(e);
    note_steps(e);
    return fill_reuse_members(e);
}
