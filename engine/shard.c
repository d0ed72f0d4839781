/* The step that everything waits for on small frames: a segment costs a cache miss in the index and one in
 * the records. So three passes run through the segments at once, AHEAD segments apart: the first fetches the
 * bucket, the second finds the record in it and fetches that, the third updates it. Each takes one segment in
 * turn, so that the misses under way are always as many: with 200,000 conversations of one thread 16 ns a
 * segment, where passes that took 32 segments each in turn needed 34, and stood still at the ends of their
 * groups. 8 apart: 20 ns; 16 and 64: no difference.
 *
 * Finding only looks at the first slot with the tuple's tag in the tuple's own bucket, and in the next one
 * where that is full. Whatever is rarer (an equal tag of another tuple, a tuple that lies further, a new
 * tuple, a record that was superseded meanwhile) is noticed when the record is updated, and looked up again
 * by find_or_add(). */
#include "shard.h"

#include <stdlib.h>

enum { AHEAD = 32 }; /* a power of two */

int shard_init(struct shard *s, unsigned index, enum rules rules, bool keep_records, bool mark_segments)
{
    *s = (struct shard){
        .index = index, .rules = rules, .keep_records = keep_records, .mark_segments = mark_segments};
    for (unsigned i = 0; i < ARRAY_LEN(s->adds); i++) {
        struct segment segment = {.flags = i & 31, .payload = i >> 5, .bits = SEGMENT_LENGTH_KNOWN};
        s->adds[i] = rules_completeness(rules, 0, &segment, false, false);
    }
    for (int f = 0; f < FAMILIES; f++)
        if (table_init(&s->table[f], f))
            return -1;
    return 0;
}

void shard_free(struct shard *s)
{
    for (int f = 0; f < FAMILIES; f++) {
        table_free(&s->table[f]);
        idle_list_free(&s->idle[f]);
        announced_free(&s->announced[f]);
    }
}

void shard_follow_ftp(struct shard *s, const struct hash_key *key)
{
    s->follows_ftp = true;
    for (int f = 0; f < FAMILIES; f++)
        s->announced[f].key = key;
}

void shard_forget(struct shard *s, uint64_t most, int64_t idle_time, bool note_ended)
{
    s->forgets = most || idle_time;
    s->most = most;
    s->idle_time = idle_time;
    s->note_ended = note_ended;
}

#define LIST_ADD(list)                                                                                       \
    ((list)->count < (list)->capacity ||                                                                     \
             list_grow((void **)&(list)->items, &(list)->capacity, sizeof *(list)->items) == 0               \
         ? &(list)->items[(list)->count++]                                                                   \
         : NULL)

static int list_grow(void **items, uint32_t *capacity, size_t size)
{
    uint32_t more = *capacity ? *capacity * 2 : 16;
    void *p = realloc(*items, more * size);
    if (!p)
        return -1;
    *items = p;
    *capacity = more;
    return 0;
}

/* 0 if the conversation has the segment's tuple. */
ALWAYS_INLINE uint64_t tuple_difference(const struct conversation *c, const struct segment *s,
                                        enum family family)
{
    uint64_t ports =
        (uint16_t)(c->first_frame_port0 ^ s->port[0]) | (uint16_t)(c->last_frame_port1 ^ s->port[1]);
    if (family == FAMILY_IPV4)
        return ports | (load_raw64(((const struct conversation4 *)c)->address) ^
                        load_raw64(((const struct segment4 *)s)->address));
    const uint8_t *have = ((const struct conversation6 *)c)->address[0];
    const uint8_t *want = ((const struct segment6 *)s)->address[0];
    for (int i = 0; i < 32; i += 8)
        ports |= load_raw64(have + i) ^ load_raw64(want + i);
    return ports;
}

/* What the drain of one list needs at hand. */
struct drain {
    struct shard *shard;
    struct table *table;
    struct shard_result *result;
    uint64_t first_frame;   /* of the lane */
    uint32_t position_base; /* of the lane in the batch */
    /* What FTP announces in the batch, and how much of it stands before the segment at hand. */
    const struct announcement_list *announcements;
    uint32_t announced;
};

/* Takes in what was announced before this position of the batch. 0 or -1. */
static int pass_announcements(struct drain *d, enum family family, uint32_t position)
{
    const struct announcement_list *list = d->announcements;
    for (; d->announced < list->count && list->items[d->announced].position < position; d->announced++) {
        const struct announcement *a = &list->items[d->announced];
        if (a->shard == d->shard->index && a->half.family == family &&
            announced_add(&d->shard->announced[family], &a->half, list->before + d->announced))
            return -1;
    }
    return 0;
}

static int pass_batch_end(struct drain *d, enum family family)
{
    if (pass_announcements(d, family, UINT32_MAX))
        return -1;
    announced_drop(&d->shard->announced[family], d->announcements->before + d->announced);
    return 0;
}

/* The tuple has no conversation: does the segment create it? *created: not if it was announced. 0 or -1. */
static __attribute__((noinline)) int find_announced(struct drain *d, const struct segment *s,
                                                    enum family family, bool *created)
{
    if (!d->shard->follows_ftp)
        return 0;
    if (pass_announcements(d, family, d->position_base + s->position))
        return -1;
    *created =
        !announced_take(&d->shard->announced[family], s, family, d->announcements->before + d->announced);
    return 0;
}

/* The start of a conversation. What is not set is 0. */
ALWAYS_INLINE void begin_record(struct conversation *c, const struct segment *s, uint64_t frame,
                                enum family family)
{
    c->first_frame_port0 = frame << 16 | s->port[0];
    c->last_frame_port1 = s->port[1];
    c->frames_state = s->bits & SEGMENT_FLOW ? STATE_CLIENT_1 : 0;
    c->bytes = 0;
    c->first_time = s->time;
    c->isn[0] = c->isn[1] = 0;
    if (family == FAMILY_IPV4)
        memcpy(((struct conversation4 *)c)->address, ((const struct segment4 *)s)->address, 8);
    else
        memcpy(((struct conversation6 *)c)->address, ((const struct segment6 *)s)->address, 32);
}

static int note_creation(struct drain *d, enum family family, const struct segment *s, uint32_t record)
{
    struct creation *c = LIST_ADD(&d->result->created[family]);
    if (!c)
        return -1;
    *c = (struct creation){d->position_base + s->position, record};
    return 0;
}

/* A record for a new conversation; where some are forgotten, one of theirs that nobody refers to any more. */
static uint32_t new_record(struct drain *d, enum family family, uint32_t hash)
{
    struct shard *s = d->shard;
    if (likely(!s->forgets))
        return table_add_record(d->table);
    struct idle_list *idle = &s->idle[family];
    uint32_t record = idle_list_use_again(idle, s->written);
    if (record == RECORD_NONE)
        record = table_add_record(d->table);
    if (record == RECORD_NONE || idle_list_grow(idle, record))
        return RECORD_NONE;
    idle_list_add(idle, record, hash);
    return record;
}

/* The conversation's last segment is behind it: its row, if it is wanted, and its record may be used again.
 */
static int end_record(struct shard *s, struct shard_result *result, enum family family, uint32_t record,
                      uint32_t position, enum ending ending)
{
    struct conversation *c = table_record(&s->table[family], record, family);
    if (s->note_ended) {
        struct ended *e = LIST_ADD(&result->ended[family]);
        if (!e)
            return -1;
        *e = (struct ended){
            .position = position, .record = record, .ending = (uint8_t)ending, .family = (uint8_t)family};
        memcpy(&e->conversation, c, conversation_size(family));
    }
    c->frames_state |= STATE_SUPERSEDED;
    idle_list_give_up(&s->idle[family], record, s->batch);
    return 0;
}

static __attribute__((noinline)) int expire_record(struct shard *s, struct shard_result *result,
                                                   enum family family, uint32_t record, uint32_t position)
{
    table_remove(&s->table[family], s->idle[family].links[record].hash, record);
    return end_record(s, result, family, record, position, ENDING_EXPIRED);
}

ALWAYS_INLINE bool is_expired(const struct shard *s, const struct conversation *c, int64_t now)
{
    return s->idle_time && now > c->last_time &&
           (uint64_t)now - (uint64_t)c->last_time > (uint64_t)s->idle_time;
}

/* At a batch's end: what has been idle for too long, and then what is too much, the longest idle first. */
static int forget_idle(struct shard *s, struct shard_result *result, int64_t now)
{
    for (;;) {
        const struct conversation *oldest[FAMILIES];
        for (int f = 0; f < FAMILIES; f++)
            oldest[f] = s->idle[f].oldest ? table_record(&s->table[f], s->idle[f].oldest, f) : NULL;
        int f = FAMILY_IPV4;
        if (!oldest[FAMILY_IPV4] || (oldest[FAMILY_IPV6] && conversation_last_frame(oldest[FAMILY_IPV6]) <
                                                                conversation_last_frame(oldest[FAMILY_IPV4])))
            f = FAMILY_IPV6;
        if (!oldest[f])
            return 0;
        if (is_expired(s, oldest[f], now))
            s->expired++;
        else if (s->most && s->table[FAMILY_IPV4].used + s->table[FAMILY_IPV6].used > s->most)
            s->displaced++;
        else
            return 0;
        if (expire_record(s, result, (enum family)f, s->idle[f].oldest, UINT32_MAX))
            return -1;
    }
}

/* The newest conversation of the segment's tuple: its slot's record number, or a new conversation (*created).
 * NULL when memory is short. */
static __attribute__((noinline)) uint32_t *find_or_add(struct drain *d, const struct segment *s,
                                                       uint32_t hash, enum family family, bool *created)
{
    struct table *t = d->table;
    *created = false;
    if (t->used >= t->limit && table_grow(t))
        return NULL;
    uint64_t mask = (1ull << (32 - t->shift)) - 1, at = hash >> t->shift;
    for (;; at = (at + 1) & mask) {
        struct bucket *b = &t->buckets[at];
        for (unsigned match = bucket_match(b, hash); match; match &= match - 1) {
            unsigned slot = (unsigned)__builtin_ctz(match);
            if (!tuple_difference(table_record(t, b->record[slot], family), s, family))
                return &b->record[slot];
        }
        if (b->tag[BUCKET_SLOTS - 1])
            continue;
        unsigned slot = 0;
        while (b->tag[slot])
            slot++;
        uint32_t record = new_record(d, family, hash);
        if (record == RECORD_NONE || note_creation(d, family, s, record))
            return NULL;
        begin_record(table_record(t, record, family), s, d->first_frame + (s->position >> 8), family);
        b->tag[slot] = hash;
        b->record[slot] = record;
        t->used++;
        *created = true;
        return &b->record[slot];
    }
}

/* A reuse: its row, and the conversation that takes the segment from here on. *record is the tuple's slot.
 * NULL when memory is short. */
static __attribute__((noinline)) struct conversation *open_reuse(struct drain *d, struct conversation *c,
                                                                 uint32_t *record, const struct segment *s,
                                                                 uint32_t hash, enum trigger trigger,
                                                                 enum family family)
{
    unsigned flow = s->bits & SEGMENT_FLOW;
    struct reuse *r = LIST_ADD(&d->result->reused[family]);
    if (!r)
        return NULL;
    *r = (struct reuse){
        .position = d->position_base + s->position,
        .previous_record = *record,
        .trigger = (uint8_t)trigger,
        .flow = (uint8_t)flow,
        .decimals = (uint8_t)SEGMENT_DECIMALS(s),
        .opens = rules_opens_conversation(d->shard->rules, trigger),
        .flags = SEGMENT_FLAGS(s),
        .time = s->time,
        .frame = d->first_frame + (s->position >> 8),
        .isn = s->seq,
        .previous_isn = c->isn[flow],
    };
    memcpy(&r->previous, c, conversation_size(family));
    if (r->opens) {
        if (d->shard->keep_records || d->shard->forgets) {
            uint32_t fresh = new_record(d, family, hash);
            if (fresh == RECORD_NONE)
                return NULL;
            if (d->shard->forgets &&
                end_record(d->shard, d->result, family, *record, r->position, ENDING_REUSE))
                return NULL;
            c->frames_state |= STATE_SUPERSEDED;
            *record = fresh;
            c = table_record(d->table, fresh, family);
        }
        begin_record(c, s, r->frame, family);
        if (note_creation(d, family, s, *record))
            return NULL;
    } else {
        c->isn[flow] = s->seq;
    }
    r->record = *record;
    return c;
}

/* One segment through the rules. */
ALWAYS_INLINE void update(struct conversation *c, struct segment *s, uint64_t frame, enum rules rules,
                          bool created, enum trigger trigger, bool mark)
{
    unsigned flow = s->bits & SEGMENT_FLOW;
    unsigned had = conversation_state(c);
    struct rules_state state = {
        .isn = {c->isn[0], c->isn[1]},
        .known = had >> STATE_KNOWN_SHIFT & 3,
        .completeness = had & COMPLETENESS,
    };
    bool is_new = rules_is_new(rules, &state, flow, s->flags, created, trigger);
    /* 4.0 shows a conversation that a SYN reopens as one that has a SYN, at that very segment. */
    if (rules == RULES_4_0 && created && trigger != TRIGGER_NONE)
        state.completeness = HAS_SYN;
    if (mark)
        s->completeness = state.completeness;
    rules_learn_isns(rules, &state, s);
    state.completeness = rules_completeness(rules, state.completeness, s, is_new, created);

    unsigned now = (had & ~(STATE_DECIMALS | 3u << STATE_KNOWN_SHIFT | COMPLETENESS)) |
                   MAX(s->flags & STATE_DECIMALS, had & STATE_DECIMALS) |
                   (unsigned)state.known << STATE_KNOWN_SHIFT | state.completeness;
    if (unlikely(s->flags & TCP_SYN) && !(now & STATE_CLIENT_KNOWN)) {
        unsigned client = s->flags & TCP_ACK ? flow ^ 1 : flow;
        now = (now & ~(unsigned)STATE_CLIENT_1) | (client ? STATE_CLIENT_1 : 0) | STATE_CLIENT_KNOWN;
    }
    c->isn[0] = state.isn[0];
    c->isn[1] = state.isn[1];
    c->frames_state = ((c->frames_state + (1 << 16)) & ~0xffffull) | now;
    c->bytes += s->wire;
    c->last_frame_port1 = frame << 16 | (c->last_frame_port1 & 0xffff);
    c->last_time = s->time;
}

/* What the second pass leaves for the third. */
struct found {
    struct conversation *conversation; /* the segment seems to be of this one; no_conversation: of none */
    uint32_t record;
};

/* It takes no segment. */
static const union conversation_any no_conversation = {.c.frames_state = STATE_SUPERSEDED};

/* 0 for the segment that nearly all are: no SYN, of a conversation whose ISNs are known, with time stamps as
 * it had before. */
ALWAYS_INLINE uint64_t oddity(uint64_t state, uint32_t flags_bits)
{
    const uint64_t known = 3u << STATE_KNOWN_SHIFT;
    _Static_assert(STATE_DECIMALS == 15 << 12, "the decimals of segment and conversation lie alike");
    return (flags_bits & (STATE_DECIMALS | TCP_SYN | SEGMENT_SHORT_OFFSET << SEGMENT_BITS_SHIFT)) ^
           (state & (STATE_DECIMALS | STATE_SUPERSEDED | known)) ^ known;
}

/* For such a segment the rules can only add to completeness, what their table says: one branch for all that
 * may be odd, and none else. False, and nothing done, for all others. */
ALWAYS_INLINE bool update_plain(const struct drain *d, const struct found *f, struct segment *s,
                                enum family family, bool mark, bool forgets)
{
    struct conversation *c = f->conversation;
    const uint64_t state = c->frames_state;
    const uint32_t flags_bits = segment_flags_bits(s);
    if (unlikely(oddity(state, flags_bits) | tuple_difference(c, s, family)) ||
        (forgets && unlikely(is_expired(d->shard, c, s->time))))
        return false;
    if (mark) {
        s->completeness = state & COMPLETENESS;
        s->record = f->record;
    }
    /* A payload of unknown length is 0. */
    c->frames_state = (state + (1 << 16)) | d->shard->adds[(flags_bits & 31) | (s->payload > 0) << 5];
    c->bytes += s->wire;
    c->last_frame_port1 = (d->first_frame + (s->position >> 8)) << 16 | s->port[1];
    c->last_time = s->time;
    if (forgets)
        idle_list_touch(&d->shard->idle[family], f->record);
    return true;
}

/* Where one of the passes is: the batch's lists for the shard, one lane after the other. */
struct pass {
    const struct lane *lane, *lanes_end;
    size_t list; /* in a lane's lists */
    uint8_t *at; /* in the lane's list */
    uint64_t left;
};

static void pass_enter(struct pass *p)
{
    for (; p->lane < p->lanes_end; p->lane++) {
        const struct segment_list *list = &p->lane->lists[p->list];
        p->at = list->items;
        p->left = list->count;
        if (p->left)
            return;
    }
}

/* Behind n segments, all of the list that the pass is in. */
ALWAYS_INLINE void pass_advance(struct pass *p, uint8_t *at, uint64_t n)
{
    p->at = at;
    p->left -= n;
    if (!p->left) {
        p->lane++;
        pass_enter(p);
    }
}

ALWAYS_INLINE void fetch_bucket(const struct table *t, const struct segment *s)
{
    __builtin_prefetch(table_bucket(t, s->hash));
}

/* What the segment seems to belong to, fetched. */
ALWAYS_INLINE void find_record(const struct table *t, const struct segment *s, struct found *f,
                               enum family family)
{
    const struct bucket *b = table_bucket(t, s->hash);
    unsigned match = bucket_match(b, s->hash);
    if (unlikely(!match) && b->tag[BUCKET_SLOTS - 1]) {
        b = table_next_bucket(t, b);
        match = bucket_match(b, s->hash);
    }
    f->record = RECORD_NONE;
    f->conversation = (struct conversation *)(uintptr_t)&no_conversation.c;
    if (likely(match)) {
        f->record = b->record[__builtin_ctz(match)];
        f->conversation = table_record(t, f->record, family);
        __builtin_prefetch(f->conversation, 1);
        if (family == FAMILY_IPV6)
            __builtin_prefetch((const uint8_t *)f->conversation + conversation_size(family) - 1, 1);
    }
}

/* A segment with which the rules have more to do. 0 or -1. */
ALWAYS_INLINE int update_special(struct drain *d, struct conversation *c, uint32_t *record, uint32_t *slot,
                                 struct segment *s, uint32_t hash, uint64_t frame, enum family family,
                                 enum rules rules, bool created, bool mark)
{
    enum trigger trigger = TRIGGER_NONE;
    if (s->flags & TCP_SYN && !created) {
        struct rules_state state = {.isn = {c->isn[0], c->isn[1]},
                                    .known = conversation_state(c) >> STATE_KNOWN_SHIFT & 3,
                                    .completeness = conversation_state(c) & COMPLETENESS};
        trigger = rules_reuse(rules, &state, s->bits & SEGMENT_FLOW, s->flags, s->seq);
        if (trigger != TRIGGER_NONE) {
            bool opens = rules_opens_conversation(rules, trigger);
            if (opens && !slot && !(slot = find_or_add(d, s, hash, family, &created)))
                return -1;
            uint32_t same = *record;
            if (!(c = open_reuse(d, c, opens ? slot : &same, s, hash, trigger, family)))
                return -1;
            *record = opens ? *slot : *record;
            created = opens;
            s->bits |= SEGMENT_REUSE;
        }
    }
    update(c, s, frame, rules, created, trigger, mark);
    return 0;
}

/* All others. 0 or -1. */
ALWAYS_INLINE int update_odd(struct drain *d, const struct found *f, struct segment *s, enum family family,
                             enum rules rules, bool mark, bool forgets)
{
    uint32_t hash = s->hash, record = f->record, *slot = NULL;
    struct conversation *c = f->conversation;
    bool created = false;
    if (conversation_state(c) & STATE_SUPERSEDED || tuple_difference(c, s, family)) {
        if (!(slot = find_or_add(d, s, hash, family, &created)))
            return -1;
        record = *slot;
        c = table_record(d->table, record, family);
    }
    if (forgets && !created && unlikely(is_expired(d->shard, c, s->time))) {
        d->shard->expired++;
        if (expire_record(d->shard, d->result, family, record, d->position_base + s->position) ||
            !(slot = find_or_add(d, s, hash, family, &created)))
            return -1;
        record = *slot;
        c = table_record(d->table, record, family);
    }
    const uint64_t frame = d->first_frame + (s->position >> 8);
    if (rules == RULES_4_0 && unlikely(created) && find_announced(d, s, family, &created))
        return -1;
    if (update_special(d, c, &record, slot, s, hash, frame, family, rules, created, mark))
        return -1;
    if (mark)
        s->record = record;
    if (forgets)
        idle_list_touch(&d->shard->idle[family], record);
    return 0;
}
typedef int odd_function(struct drain *, const struct found *, struct segment *);

struct passes {
    const struct batch *batch;
    struct pass fetch, find, update;
    uint32_t finds, updates;       /* made so far */
    struct found found[2 * AHEAD]; /* by number of the segment */
};

/* So many steps of those passes that take part, one segment each a step. 0 or -1. */
ALWAYS_INLINE int run_passes(struct drain *d, struct passes *p, uint64_t steps, bool fetch, bool find,
                             bool update, enum family family, bool mark, bool forgets, odd_function *odd)
{
    const size_t size = segment_size(family);
    while (steps) {
        uint64_t n = steps;
        if (fetch)
            n = MIN(n, p->fetch.left);
        if (find)
            n = MIN(n, p->find.left);
        if (update) {
            n = MIN(n, p->update.left);
            d->first_frame = p->update.lane->first_frame;
            d->position_base = (uint32_t)(p->update.lane->first_frame - p->batch->first_frame) << 8;
        }
        uint8_t *fetched = p->fetch.at, *found = p->find.at, *updated = p->update.at;
        for (uint64_t i = 0; i < n; i++) {
            if (fetch) {
                fetch_bucket(d->table, (const struct segment *)(const void *)fetched);
                fetched += size;
            }
            if (find) {
                find_record(d->table, (const struct segment *)(const void *)found,
                            &p->found[p->finds++ % ARRAY_LEN(p->found)], family);
                found += size;
            }
            if (update) {
                const struct found *f = &p->found[p->updates++ % ARRAY_LEN(p->found)];
                struct segment *segment = (struct segment *)(void *)updated;
                if (unlikely(!update_plain(d, f, segment, family, mark, forgets)) && odd(d, f, segment))
                    return -1;
                updated += size;
            }
        }
        steps -= n;
        if (fetch)
            pass_advance(&p->fetch, fetched, n);
        if (find)
            pass_advance(&p->find, found, n);
        if (update)
            pass_advance(&p->update, updated, n);
    }
    return 0;
}

/* The passes set in one after the other, and end so. */
ALWAYS_INLINE int drain_lists(struct drain *d, const struct batch *batch, size_t list, enum family family,
                              bool mark, bool forgets, odd_function *odd)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < batch->lanes_used; i++)
        total += batch->lane[i].lists[list].count;
    if (!total)
        return 0;
    struct pass begin = {.lane = batch->lane, .lanes_end = batch->lane + batch->lanes_used, .list = list};
    pass_enter(&begin);
    struct passes p = {.batch = batch, .fetch = begin, .find = begin, .update = begin};
    const uint64_t first = MIN(total, (uint64_t)AHEAD), second = MIN(total - first, (uint64_t)AHEAD);
#define RUN(steps, fetch, find, update)                                                                      \
    run_passes(d, &p, steps, fetch, find, update, family, mark, forgets, odd)
    return RUN(first, true, false, false) || RUN(second, true, true, false) ||
                   RUN(total - first - second, true, true, true) || RUN(first, false, true, true) ||
                   RUN(second, false, false, true)
               ? -1
               : 0;
#undef RUN
}

/* The loops, made once for each family, generation and way of marking. */
#define DRAIN(name, family, rules, mark)                                                                     \
    static                                                                                                   \
        __attribute__((noinline)) int name##_odd(struct drain *d, const struct found *f, struct segment *s)  \
    {                                                                                                        \
        return update_odd(d, f, s, family, rules, mark, false);                                              \
    }                                                                                                        \
    static int name(struct drain *d, const struct batch *batch, size_t list)                                 \
    {                                                                                                        \
        return drain_lists(d, batch, list, family, mark, false, name##_odd);                                 \
    }
DRAIN(drain_v4_40, FAMILY_IPV4, RULES_4_0, false)
DRAIN(drain_v4_42, FAMILY_IPV4, RULES_4_2, false)
DRAIN(drain_v4_44, FAMILY_IPV4, RULES_4_4, false)
DRAIN(drain_v6_40, FAMILY_IPV6, RULES_4_0, false)
DRAIN(drain_v6_42, FAMILY_IPV6, RULES_4_2, false)
DRAIN(drain_v6_44, FAMILY_IPV6, RULES_4_4, false)
DRAIN(mark_v4_40, FAMILY_IPV4, RULES_4_0, true)
DRAIN(mark_v4_42, FAMILY_IPV4, RULES_4_2, true)
DRAIN(mark_v4_44, FAMILY_IPV4, RULES_4_4, true)
DRAIN(mark_v6_40, FAMILY_IPV6, RULES_4_0, true)
DRAIN(mark_v6_42, FAMILY_IPV6, RULES_4_2, true)
DRAIN(mark_v6_44, FAMILY_IPV6, RULES_4_4, true)

typedef int drain_function(struct drain *, const struct batch *, size_t);
static drain_function *const drains[2][FAMILIES][3] = {
    {{drain_v4_40, drain_v4_42, drain_v4_44}, {drain_v6_40, drain_v6_42, drain_v6_44}},
    {{mark_v4_40, mark_v4_42, mark_v4_44}, {mark_v6_40, mark_v6_42, mark_v6_44}},
};

/* Where conversations are forgotten, one loop for all generations. */
static int odd_and_forget_v4(struct drain *d, const struct found *f, struct segment *s)
{
    return update_odd(d, f, s, FAMILY_IPV4, d->shard->rules, d->shard->mark_segments, true);
}
static int odd_and_forget_v6(struct drain *d, const struct found *f, struct segment *s)
{
    return update_odd(d, f, s, FAMILY_IPV6, d->shard->rules, d->shard->mark_segments, true);
}
static int drain_and_forget(struct drain *d, const struct batch *batch, size_t list, enum family family)
{
    return family == FAMILY_IPV4
               ? drain_lists(d, batch, list, FAMILY_IPV4, d->shard->mark_segments, true, odd_and_forget_v4)
               : drain_lists(d, batch, list, FAMILY_IPV6, d->shard->mark_segments, true, odd_and_forget_v6);
}

int shard_drain(struct shard *s, struct batch *batch, unsigned shards)
{
    struct shard_result *result = &batch->result[s->index];
    s->batch = batch->number;
    for (int f = 0; f < FAMILIES; f++) {
        drain_function *run = drains[s->mark_segments][f][s->rules];
        result->created[f].count = 0;
        result->reused[f].count = 0;
        struct drain d = {
            .shard = s, .table = &s->table[f], .result = result, .announcements = &batch->announcements};
        size_t list = (size_t)f * shards + s->index;
        result->ended[f].count = 0;
        if (s->forgets ? drain_and_forget(&d, batch, list, (enum family)f) : run(&d, batch, list))
            return -1;
        if (s->follows_ftp && pass_batch_end(&d, (enum family)f))
            return -1;
    }
    return s->forgets ? forget_idle(s, result, batch->last_time) : 0;
}
