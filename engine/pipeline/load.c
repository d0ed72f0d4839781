/* Loading what another run saved: conversations go to the shards of this run, by this run's hash key. Streams
 * ascend, so records lie in the order that conversation_rows.c relies on.
 *
 * Length: a function for each section that is saved. */
#include "engine/pipeline/load.h"
#include "engine/decode/rehash.h"
#include "engine/list.h"
#include "engine/pipeline/save.h"
#include "engine/pipeline/settle.h"

#include <stdlib.h>

void load_free(struct pipeline *p)
{
    if (p->loading)
        free(p->loading->places);
    free(p->loading);
    p->loading = NULL;
    for (uint32_t i = 0; i < p->name_count; i++)
        free(p->names[i]);
    free(p->names);
    p->names = NULL;
    p->name_count = 0;
}

const struct saved_place *load_find(const struct loading *l, uint64_t stream)
{
    uint64_t low = 0, high = l->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (l->places[middle].stream < stream)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->places[low].stream == stream ? &l->places[low] : NULL;
}

bool load_is_family(const struct pipeline *p, unsigned family)
{
    return p->params.key_parts ? family == FAMILY_KEYED : family < ADDRESS_FAMILIES;
}

unsigned load_list_of(const struct pipeline *p, const union conversation_any *c, enum family family,
                      uint32_t *tag)
{
    const void *addresses = family == FAMILY_IPV4   ? (const void *)c->v4.address
                            : family == FAMILY_IPV6 ? (const void *)c->v6.address
                                                    : c->keyed.address;
    const uint64_t hash = rehash_tuple(addresses, c->c.port, family, &p->key);
    *tag = hash_tag(hash);
    if (p->params.rules == RULES_4_0) {
        struct tuple hosts = {.family = family};
        const size_t size = family == FAMILY_IPV4 ? 4 : 16;
        for (unsigned i = 0; i < 2; i++)
            memcpy(hosts.address[i], (const uint8_t *)addresses + i * size, size);
        return settle_ftp_shard(p, &hosts) * FAMILIES + family;
    }
    return hash_shard(hash, p->params.threads) * FAMILIES + family;
}

static void load_order(struct saved_reader *r, struct time_order *o)
{
    o->begun = saved_get8(r);
    o->first = (int64_t)saved_get64(r);
    o->last = (int64_t)saved_get64(r);
    o->earliest = (int64_t)saved_get64(r);
    o->latest = (int64_t)saved_get64(r);
    o->frames_back = saved_get64(r);
    o->furthest_back = saved_get64(r);
}

/* One sum for each value of an enum. A file of another version of the program, which may have other values, has
 * been refused before. */
static void load_sums(struct saved_reader *r, uint64_t *sums, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sums[i] = saved_get64(r);
}

static int load_notes(struct saved_reader *r, struct notes *notes)
{
    const uint32_t count = saved_get32(r);
    for (uint32_t i = 0; i < count && !r->failed; i++) {
        const uint8_t outcome = saved_get8(r), subject = saved_get8(r);
        const uint32_t value = saved_get32(r);
        const uint64_t frames = saved_get64(r);
        r->failed |= outcome >= OUTCOMES || subject >= SUBJECTS;
        if (!r->failed && notes_add(notes, outcome, subject, value, frames))
            return -1;
    }
    return 0;
}

static int load_counts(struct pipeline *p, struct saved_reader *r)
{
    struct pipeline_totals *t = &p->totals;
    r->failed |= saved_get32(r) != save_parts(p) || p->loading->has_counts;
    t->frames = saved_get64(r);
    p->next_frame = saved_get64(r);
    t->conversations = saved_get64(r);
    const int64_t clock = (int64_t)saved_get64(r);
    for (unsigned i = 0; i < p->params.threads; i++)
        p->workers[i].shard.clock = clock;
    p->idle_clock.begun = saved_get8(r) != 0;
    p->idle_clock.ticks = saved_get64(r);
    p->idle_clock.time = (int64_t)saved_get64(r);
    r->failed |= !p->idle_clock.begun && p->idle_clock.ticks;
    p->workers[0].shard.expired = saved_get64(r);
    p->announced = saved_get64(r);
    load_sums(r, t->reuses, TRIGGERS);
    load_sums(r, t->verdicts, VERDICT_WORDS);
    load_sums(r, t->decoded.frames, OUTCOMES);
    t->decoded.segments = saved_get64(r);
    t->decoded.segments_truncated = saved_get64(r);
    t->decoded.wire_bytes = saved_get64(r);
    t->decoded.captured_bytes = saved_get64(r);
    load_order(r, &t->decoded.order);
    uint64_t reuses = 0;
    for (unsigned i = 0; i < TRIGGERS; i++)
        reuses += t->reuses[i];
    atomic_store(&p->shown_frames, t->frames);
    atomic_store(&p->shown_bytes, t->decoded.captured_bytes);
    atomic_store(&p->shown_conversations, t->conversations);
    atomic_store(&p->shown_reuses, reuses);
    pipeline_show_found(p);
    p->loading->has_counts = true;
    return load_notes(r, &t->decoded.notes);
}

static void load_history(struct saved_reader *r, struct history *h, uint64_t *older)
{
    *older = saved_get64(r);
    *h = (struct history){0};
    h->first_time = (int64_t)saved_get64(r);
    h->synack_time = (int64_t)saved_get64(r);
    for (unsigned i = 0; i < 2; i++) {
        h->timestamp[i] = saved_get32(r);
        h->older_isn[i] = saved_get32(r);
    }
    h->syn_timestamp = saved_get32(r);
    const uint32_t syn = saved_get32(r), bits = saved_get32(r);
    h->syn_ip_id = (uint16_t)syn;
    h->syn_retries = (uint16_t)(syn >> 16);
    h->knows = (uint16_t)bits;
    h->close = (uint16_t)(bits >> 16);
    h->trigger = saved_get8(r);
    r->failed |= h->trigger >= TRIGGERS;
}

/* Makes the record the tuple's newest conversation. 0 or -1. */
static int add_to_index(struct table *t, uint32_t tag, uint32_t record)
{
    if (t->used == t->limit && table_grow(t))
        return -1;
    struct bucket *b = table_bucket(t, tag);
    while (bucket_is_full(b))
        b = table_next_bucket(t, b);
    table_fill_slot(t, b, tag, record);
    return 0;
}

static int note_place(struct loading *l, uint64_t stream, uint32_t list, uint32_t record)
{
    if (l->count == l->capacity) {
        const uint64_t capacity = l->capacity ? 2 * l->capacity : 1024;
        struct saved_place *places = realloc(l->places, capacity * sizeof *places);
        if (!places)
            return -1;
        l->places = places;
        l->capacity = capacity;
    }
    l->places[l->count++] = (struct saved_place){stream, list, record};
    return 0;
}

/* Stores the history of a record that is there, and links it to that of the conversation before, which is in the same
 * list. 0 or -1. */
static int put_history(struct pipeline *p, uint32_t list, uint32_t record, struct history *h, uint64_t older,
                       struct saved_reader *r)
{
    const enum family family = list % FAMILIES;
    struct shard *const s = &p->workers[list / FAMILIES].shard;
    struct histories *const histories = &s->histories[family];
    struct conversation *const c = table_record(&s->table[family], record, family);
    if (histories_reserve(histories, record))
        return -1;
    beginning_of(histories, record)->f0 = c->f0;
    if (p->older && stream_map_set(&p->older[list], record, older + 1))
        return -1;
    if (older != NO_STREAM && !pipeline_forgets(p)) {
        const struct saved_place *before = load_find(p->loading, older);
        r->failed |= !before || before->list != list;
        if (r->failed)
            return 0;
        h->older = before->record;
        if (histories_set_newer(histories, before->record, record))
            return -1;
    }
    return histories_write(histories, record, c, h);
}

/* 0 or -1. */
static int put_ways(struct shard *s, enum family family, uint32_t record, const struct ways *w)
{
    if (record_chunks_grow(&s->ways[family], record, sizeof *w))
        return -1;
    *ways_of(&s->ways[family], record) = *w;
    return 0;
}

static void load_ways(struct saved_reader *r, struct ways *w)
{
    for (unsigned i = 0; i < 2; i++) {
        w->frames[i] = saved_get64(r);
        w->payload[i] = saved_get64(r);
    }
}

/* It takes its place in the list once all are there. 0 or -1. */
static int put_clock(struct shard *s, enum family family, uint32_t record, uint32_t tag, uint64_t clock)
{
    struct idle_list *const idle = &s->idle[family];
    if (idle_list_grow(idle, record))
        return -1;
    idle->links[record] = (struct idle_link){.hash = tag};
    idle->clocks[record] = clock;
    return 0;
}

/* Its last segment is not ahead of the run, and it is in the index, from which it is removed when it expires. */
static bool may_expire(const struct pipeline *p, const struct conversation *c, uint64_t clock)
{
    return clock <= p->idle_clock.ticks && !(c->bits & CONVERSATION_SUPERSEDED);
}

static int load_conversation(struct pipeline *p, struct saved_reader *r)
{
    struct loading *l = p->loading;
    union conversation_any c;
    struct history h;
    uint64_t older = NO_STREAM;
    const uint64_t stream = saved_get64(r);
    const uint8_t family = saved_get8(r);
    r->failed |= !load_is_family(p, family) || stream >= p->totals.conversations ||
                 (l->count && stream <= l->places[l->count - 1].stream);
    if (r->failed)
        return 0;
    saved_get(r, &c, conversation_size(family));
    r->failed |= !r->failed && conversation_family(&c, family) >= ADDRESS_FAMILIES;
    const uint64_t clock = p->params.expire ? saved_get64(r) : 0;
    r->failed |= !r->failed && p->params.expire && !may_expire(p, &c.c, clock);
    if (p->params.verdicts.wanted)
        load_history(r, &h, &older);
    struct ways ways = {0};
    if (p->workers[0].shard.counts_ways)
        load_ways(r, &ways);
    if (r->failed)
        return 0;
    uint32_t tag;
    const unsigned list = load_list_of(p, &c, family, &tag);
    struct table *t = &p->workers[list / FAMILIES].shard.table[family];
    const uint32_t record = table_add_record(t, family);
    if (record == RECORD_NONE)
        return -1;
    memcpy(table_record(t, record, family), &c, conversation_size(family));
    if ((p->params.expire && put_clock(&p->workers[list / FAMILIES].shard, family, record, tag, clock)) ||
        (p->params.verdicts.wanted && put_history(p, list, record, &h, older, r)) ||
        (p->workers[0].shard.counts_ways &&
         put_ways(&p->workers[list / FAMILIES].shard, family, record, &ways)) ||
        stream_map_set(&p->streams[list], record, stream) || note_place(l, stream, list, record))
        return -1;
    return c.c.bits & CONVERSATION_SUPERSEDED ? 0 : add_to_index(t, tag, record);
}

static int load_conversations(struct pipeline *p, struct saved_reader *r)
{
    while (!saved_is_done(r))
        if (load_conversation(p, r))
            return -1;
    return 0;
}

static int load_reuses(struct pipeline *p, struct saved_reader *r)
{
    while (!saved_is_done(r)) {
        struct endpoint_reuse *to = LIST_ADD(&p->endpoint_reuses);
        if (!to)
            return -1;
        *to = (struct endpoint_reuse){.stream = saved_get64(r), .gap = (int64_t)saved_get64(r)};
        to->trigger = saved_get8(r);
        to->verdict = saved_get8(r);
        to->decimals = saved_get8(r);
        r->failed |= to->stream >= p->totals.conversations || to->trigger >= TRIGGERS ||
                     to->verdict >= VERDICT_WORDS || to->decimals > 9;
    }
    return 0;
}

static int load_fragments(struct pipeline *p, struct saved_reader *r)
{
    return fragment_table_load(&p->fragment_table, r, &p->key);
}

static int load_l2tp(struct pipeline *p, struct saved_reader *r)
{
    return l2tp_table_load(&p->l2tp, r, &p->key);
}

static int load_bluetooth(struct pipeline *p, struct saved_reader *r)
{
    return bluetooth_table_load(&p->bluetooth, r, &p->key);
}

static enum load_result begin_loading(struct pipeline *p)
{
    if (p->loading)
        return LOAD_DONE;
    if (hash_key_draw(&p->key))
        return LOAD_RANDOM;
    p->has_key = true;
    p->loading = calloc(1, sizeof *p->loading);
    return p->loading ? LOAD_DONE : LOAD_MEMORY;
}

enum load_result pipeline_load(struct pipeline *p, const char *name, const void *bytes, size_t count)
{
    static const struct {
        const char *name;
        int (*load)(struct pipeline *, struct saved_reader *);
    } sections[] = {
        {SECTION_COUNTS, load_counts},       {SECTION_FRAGMENTS, load_fragments},
        {SECTION_L2TP, load_l2tp},           {SECTION_CONTROLS, load_controls},
        {SECTION_ANNOUNCED, load_announced}, {SECTION_CONVERSATIONS, load_conversations},
        {SECTION_WAITING, load_waiting},     {SECTION_EPISODES, load_episodes},
        {SECTION_REUSES, load_reuses},       {SECTION_BLUETOOTH, load_bluetooth},
    };
    const enum load_result begun = begin_loading(p);
    if (begun != LOAD_DONE)
        return begun;
    for (unsigned i = 0; i < ARRAY_LEN(sections); i++)
        if (!strcmp(name, sections[i].name)) {
            struct saved_reader r = {.at = bytes, .end = (const uint8_t *)bytes + count};
            if (i && !p->loading->has_counts)
                return LOAD_WRONG;
            if (sections[i].load(p, &r) || r.short_of_memory)
                return LOAD_MEMORY;
            return r.failed || r.at != r.end ? LOAD_WRONG : LOAD_DONE;
        }
    return LOAD_UNKNOWN;
}

/* Attempts of open episodes. There has to be one for each incomplete row, or the end of the run would leave the row
 * out. */
static uint64_t attempts_open(const struct pipeline *p)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct episodes *e = &p->workers[i / FAMILIES].shard.episodes[i % FAMILIES];
        for (uint32_t k = 1; k < e->count; k++)
            for (uint32_t at = e->items[k].first; at; at = e->attempts[at].next)
                count++;
    }
    return count;
}

struct clocked {
    uint64_t clock;
    uint32_t record;
};

static int by_clock(const void *a, const void *b)
{
    const struct clocked *x = a, *y = b;
    return (x->clock > y->clock) - (x->clock < y->clock);
}

/* The lists of those that may expire, in the order of their last segments. 0 or -1. */
static int order_idle(struct pipeline *p)
{
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct shard *s = &p->workers[i / FAMILIES].shard;
        const uint32_t count = s->table[i % FAMILIES].records;
        struct idle_list *const idle = &p->workers[i / FAMILIES].shard.idle[i % FAMILIES];
        struct clocked *order = malloc((count + 1) * sizeof *order);
        if (!order)
            return -1;
        for (uint32_t k = 0; k < count; k++)
            order[k] = (struct clocked){idle->clocks[k + 1], k + 1};
        qsort(order, count, sizeof *order, by_clock);
        for (uint32_t k = 0; k < count; k++)
            idle_list_add(idle, order[k].record, idle->links[order[k].record].hash);
        free(order);
    }
    return 0;
}

enum load_result pipeline_loaded(struct pipeline *p)
{
    const struct loading *l = p->loading;
    const bool all = p->workers[0].shard.keep_records && !pipeline_forgets(p);
    if (!l || !l->has_counts || attempts_open(p) != pipeline_waiting(p))
        return LOAD_WRONG;
    if (all && l->count != p->totals.conversations)
        return LOAD_WRONG;
    if (p->params.expire && order_idle(p))
        return LOAD_MEMORY;
    free(p->loading->places);
    free(p->loading);
    p->loading = NULL;
    return LOAD_DONE;
}
