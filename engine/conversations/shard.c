/* The step that everything waits for on small frames: a segment costs a cache miss in the index and one in
 * the records. So three passes run through the segments at once: the first fetches the bucket, AHEAD segments
 * later the second finds the record in it and fetches that, and some AHEAD segments later still the third
 * updates it. Each takes one segment in turn, so that the misses under way are always as many: half the time
 * of passes that take 32 segments each in turn, and stand still at the ends of their groups. 8 apart, 1.2 of
 * the time; 16 and 48, no difference. With a loop of its own for each pass, 8, 16 or 32 steps
 * long: 1.03, 1.02, 1.18 of the time, since misses come in bursts then.
 *
 * What a pass does in a step is kept short (72 instructions for all three, where it was 89): misses are under
 * way for as many steps as the processor's window holds. So one comparison of words tells that a segment is
 * plain and of its conversation (conversation.h), the ring goes round by an address that loses a bit, and a
 * bucket's place is in its hash (table.h).
 *
 * Finding looks at the first slot with the tuple's tag in the tuple's own bucket. If there is none, and the
 * bucket is not full, the tuple is new: the second pass begins its conversation and does all that its first
 * segment does, and the third has nothing to do (but under 4.0, and where conversations are forgotten, the
 * third pass does it all). If it is full, the next two are fetched, and the segment goes round the ring once
 * more; its tuple is taken into its own bucket then, and the next ones need not. A conversation more costs
 * 390 instructions so, in all steps of the pipeline. Whatever is rarer (an equal tag of another tuple, a
 * record that was superseded meanwhile) is noticed when the record is updated, and looked up again by
 * find_or_add(). */
#include "engine/conversations/shard.h"
#include "engine/list.h"

enum {
    AHEAD = 32,          /* buckets fetched and not looked at yet */
    FEWEST = 16,         /* segments found and not updated yet, while there are more to be found */
    FOUND = 48,          /* as many, after the first two passes have gone on alone */
    RING = 128,          /* room for them; a power of two */
    MOST = RING / 2 - 1, /* segments updated, each of which may go round, while as many are found */
    AWAY = 64,           /* tuples that are to be moved into their own bucket */
};
_Static_assert((int)RECORDS_AHEAD >= FOUND + 3 * RING / 2, "see drain_lists()");

int shard_init(struct shard *s, unsigned index, enum rules rules, bool keep_records, bool mark_segments)
{
    *s = (struct shard){
        .index = index, .rules = rules, .keep_records = keep_records, .mark_segments = mark_segments};
    for (unsigned i = 0; i < ARRAY_LEN(s->adds); i++) {
        const struct segment segment = {
            .flags = (uint16_t)(i >> 1), .payload = !(i & 1), .bits = SEGMENT_LENGTH_KNOWN};
        const uint8_t has = rules_completeness(rules, 0, &segment, false, false);
        s->adds[i] = port_word_of((struct port_word){.flags_state = has << STATE_COMPLETENESS_SHIFT});
    }
    const struct segment syn = {.flags = TCP_SYN, .bits = SEGMENT_LENGTH_KNOWN};
    s->syn_completeness = rules_completeness(rules, 0, &syn, true, true);
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

/* 0 if the conversation has the segment's addresses. */
ALWAYS_INLINE uint64_t address_difference(const struct conversation *c, const struct segment *s,
                                          enum family family)
{
    if (family == FAMILY_IPV4)
        return load_raw64(((const struct conversation4 *)c)->address) ^
               load_raw64(((const struct segment4 *)s)->address);
    const uint8_t *have = ((const struct conversation6 *)c)->address[0];
    const uint8_t *want = ((const struct segment6 *)s)->address[0];
    uint64_t difference = 0;
    for (int i = 0; i < 32; i += 8)
        difference |= load_raw64(have + i) ^ load_raw64(want + i);
    return difference;
}

/* 0 if the conversation has the segment's tuple. */
ALWAYS_INLINE uint64_t tuple_difference(const struct conversation *c, const struct segment *s,
                                        enum family family)
{
    return (load_raw32(c->port) ^ load_raw32(s->port)) | address_difference(c, s, family);
}

/* What the drain of one list needs at hand. */
struct drain {
    struct shard *shard;
    struct table *table;
    struct shard_result *result;
    uint64_t first_frame; /* of the batch */
    /* What FTP announces in the batch, and how much of it stands before the segment at hand. */
    const struct announcement_list *announcements;
    uint32_t announced;
    bool failed; /* memory is short */
    struct away {
        uint32_t hash, record;
    } away[AWAY]; /* met behind their own bucket: see move_home() */
    uint32_t away_count;
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

/* Of a segment of this frame in the batch. */
ALWAYS_INLINE uint32_t batch_position(const struct drain *d, const struct segment *s, uint64_t frame)
{
    return (uint32_t)(frame - d->first_frame) << 8 | (s->position & 0xff);
}

static int pass_batch_end(struct drain *d, enum family family)
{
    if (pass_announcements(d, family, UINT32_MAX))
        return -1;
    announced_drop(&d->shard->announced[family], d->announcements->before + d->announced);
    return 0;
}

/* The tuple has no conversation: does the segment create it? *created: not if it was announced. 0 or -1. */
static __attribute__((noinline)) int find_announced(struct drain *d, const struct segment *s, uint64_t frame,
                                                    enum family family, bool *created)
{
    if (!d->shard->follows_ftp)
        return 0;
    if (pass_announcements(d, family, batch_position(d, s, frame)))
        return -1;
    *created =
        !announced_take(&d->shard->announced[family], s, family, d->announcements->before + d->announced);
    return 0;
}

/* The start of a conversation. What is not set is 0. */
ALWAYS_INLINE void begin_record(struct conversation *c, const struct segment *s, uint64_t frame,
                                enum family family)
{
    c->port[0] = s->port[0];
    c->port[1] = s->port[1];
    c->state = s->bits & SEGMENT_FLOW ? STATE_CLIENT_1 : 0;
    c->marks = MARK_UNKNOWN;
    conversation_set_first_frame(c, frame);
    c->first_time = s->time;
    c->isn[0] = c->isn[1] = 0;
    if (family == FAMILY_IPV4)
        memcpy(((struct conversation4 *)c)->address, ((const struct segment4 *)s)->address, 8);
    else
        memcpy(((struct conversation6 *)c)->address, ((const struct segment6 *)s)->address, 32);
}

/* In the order of the capture: what the third pass creates may stand before what the second one has created
 * already. */
ALWAYS_INLINE int note_creation(struct drain *d, enum family family, uint32_t position, uint32_t record)
{
    struct creation_list *list = &d->result->created[family];
    struct creation *c = LIST_ADD(list);
    if (!c)
        return -1;
    for (; c > list->items && c[-1].position > position; c--)
        *c = c[-1];
    *c = (struct creation){position, record};
    return 0;
}

/* A record for a new conversation; where some are forgotten, one of theirs that nobody refers to any more. */
static uint32_t new_record(struct drain *d, enum family family, uint32_t hash)
{
    struct shard *s = d->shard;
    if (likely(!s->forgets))
        return table_add_record(d->table, family);
    struct idle_list *idle = &s->idle[family];
    uint32_t record = idle_list_use_again(idle, s->written);
    if (record == RECORD_NONE)
        record = table_add_record(d->table, family);
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
    c->marks |= MARK_SUPERSEDED;
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

/* The tuple of this record was found, or put, behind its own bucket. Where records may be another tuple's
 * before long, nothing is noted. */
ALWAYS_INLINE void note_away(struct drain *d, uint32_t hash, uint32_t record)
{
    if (d->away_count < AWAY && !d->shard->forgets)
        d->away[d->away_count++] = (struct away){hash, record};
}

/* Takes the tuples that were noted into their own buckets, each in exchange for one of those
 * there: for any of them, since most conversations are over, and one that is not comes back the same way. So
 * 5 % of the tuples lie behind their own buckets, but less than 1 % of the segments have to look there, each
 * of which costs three branches that are not foreseen: 0.95 of the time of 64 bytes with 200,000 active
 * flows, 0.78 of the drain's with 1,000. Only when no segment is on its way: else one that looks behind its
 * bucket would be overtaken by the next of its tuple. */
static __attribute__((noinline)) void move_home(struct drain *d)
{
    const struct table *t = d->table;
    for (uint32_t i = 0; i < d->away_count; i++) {
        const struct away *a = &d->away[i];
        struct bucket *const own = table_bucket(t, a->hash), *b = own;
        int slot = bucket_slot(b, a->hash, a->record);
        while (slot < 0 && b->tag[BUCKET_SLOTS - 1]) {
            b = table_next_bucket(t, b);
            slot = bucket_slot(b, a->hash, a->record);
        }
        if (slot < 0 || b == own)
            continue;
        const unsigned victim = a->record % BUCKET_SLOTS;
        b->tag[slot] = own->tag[victim];
        b->record[slot] = own->record[victim];
        own->tag[victim] = a->hash;
        own->record[victim] = a->record;
    }
    d->away_count = 0;
}

/* The newest conversation of the segment's tuple: its slot's record number, or a new conversation (*created).
 * NULL when memory is short. */
static __attribute__((noinline)) uint32_t *find_or_add(struct drain *d, const struct segment *s,
                                                       uint32_t hash, uint64_t frame, enum family family,
                                                       bool *created)
{
    struct table *t = d->table;
    *created = false;
    struct bucket *const own = table_bucket(t, hash), *b = own;
    for (;; b = table_next_bucket(t, b)) {
        for (unsigned match = bucket_match(b, hash); match; match &= ~(3u << 2 * first_slot(match))) {
            const unsigned slot = first_slot(match);
            if (tuple_difference(table_record(t, b->record[slot], family), s, family))
                continue;
            if (b != own)
                note_away(d, hash, b->record[slot]);
            return &b->record[slot];
        }
        if (b->tag[BUCKET_SLOTS - 1])
            continue;
        uint32_t record = new_record(d, family, hash);
        if (record == RECORD_NONE || note_creation(d, family, batch_position(d, s, frame), record))
            return NULL;
        begin_record(table_record(t, record, family), s, frame, family);
        if (b != own)
            note_away(d, hash, record);
        *created = true;
        t->used++;
        return bucket_fill_slot(b, hash, record);
    }
}

/* A reuse: its row, and the conversation that takes the segment from here on. *record is the tuple's slot.
 * NULL when memory is short. */
static __attribute__((noinline)) struct conversation *open_reuse(struct drain *d, struct conversation *c,
                                                                 uint32_t *record, const struct segment *s,
                                                                 uint32_t hash, uint64_t frame,
                                                                 enum trigger trigger, enum family family)
{
    unsigned flow = s->bits & SEGMENT_FLOW;
    struct reuse_list *list = &d->result->reused[family];
    const uint32_t position = batch_position(d, s, frame);
    struct reuse *r = LIST_ADD(list);
    if (!r)
        return NULL;
    /* In the order of the capture, from which a segment departs that waited for its candidate twice. */
    for (; r > list->items && r[-1].position > position; r--)
        *r = r[-1];
    *r = (struct reuse){
        .position = position,
        .previous_record = *record,
        .trigger = (uint8_t)trigger,
        .flow = (uint8_t)flow,
        .decimals = (uint8_t)SEGMENT_DECIMALS(s),
        .opens = rules_opens_conversation(d->shard->rules, trigger),
        .flags = SEGMENT_FLAGS(s),
        .time = s->time,
        .frame = frame,
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
            c->marks |= MARK_SUPERSEDED;
            *record = fresh;
            c = table_record(d->table, fresh, family);
        }
        begin_record(c, s, r->frame, family);
        if (note_creation(d, family, r->position, *record))
            return NULL;
    } else {
        c->isn[flow] = s->seq;
    }
    r->record = *record;
    return c;
}

ALWAYS_INLINE struct rules_state rules_state_of(const struct conversation *c)
{
    return (struct rules_state){.isn = {c->isn[0], c->isn[1]},
                                .known = (uint8_t)conversation_known(c),
                                .completeness = (uint8_t)conversation_completeness(c)};
}

/* What any segment leaves: one more frame, and where and when it was. */
ALWAYS_INLINE void leave_traces(struct conversation *c, const struct segment *s, uint64_t frame)
{
    conversation_add_frame(c, frame, s->wire);
    c->last_time = s->time;
}

/* One segment through the rules. */
ALWAYS_INLINE void update(struct conversation *c, struct segment *s, uint64_t frame, enum rules rules,
                          bool created, enum trigger trigger, bool mark)
{
    unsigned flow = s->bits & SEGMENT_FLOW;
    struct rules_state state = rules_state_of(c);
    bool is_new = rules_is_new(rules, &state, flow, s->flags, created, trigger);
    /* 4.0 shows a conversation that a SYN reopens as one that has a SYN, at that very segment. */
    if (rules == RULES_4_0 && created && trigger != TRIGGER_NONE)
        state.completeness = HAS_SYN;
    if (mark)
        s->completeness = state.completeness;
    rules_learn_isns(rules, &state, s);
    state.completeness = rules_completeness(rules, state.completeness, s, is_new, created);

    unsigned client = c->state & (STATE_CLIENT_1 | STATE_CLIENT_KNOWN);
    if (unlikely(s->flags & TCP_SYN) && !(client & STATE_CLIENT_KNOWN))
        client = ((s->flags & TCP_ACK ? flow ^ 1 : flow) ? STATE_CLIENT_1 : 0) | STATE_CLIENT_KNOWN;
    c->state = (uint16_t)(MAX(s->flags & STATE_DECIMALS, c->state & STATE_DECIMALS) | client |
                          (unsigned)state.completeness << STATE_COMPLETENESS_SHIFT);
    c->marks = (uint8_t)((c->marks & MARK_SUPERSEDED) | (~state.known & 3) << MARK_UNKNOWN_SHIFT);
    c->isn[0] = state.isn[0];
    c->isn[1] = state.isn[1];
    leave_traces(c, s, frame);
}

/* What the second pass leaves for the third, of a segment that is to be updated. */
struct found {
    struct conversation *conversation; /* the segment seems to be of this one; no_conversation: of none */
    struct segment *segment;
    uint64_t frame;
    uint32_t record;
};

/* It takes no segment. */
static const union conversation_any no_conversation = {.c.marks = MARK_SUPERSEDED};

/* Of shard.adds. A payload of unknown length is 0. */
ALWAYS_INLINE unsigned adds_index(const struct segment *s)
{
    const unsigned flags = s->flags & 31;
    return flags + flags + (s->payload == 0);
}

/* What is compared of a segment's port_word and its conversation's: ports, decimals, and bits that only one
 * of the two has, so that the other's are 0. */
#define COMPARED(bits)                                                                                       \
    port_word_of(                                                                                            \
        (struct port_word){.port = {0xffff, 0xffff},                                                         \
                           .flags_state = STATE_DECIMALS | TCP_SYN,                                          \
                           .bits_marks = MARK_SUPERSEDED | MARK_UNKNOWN | SEGMENT_SHORT_OFFSET | (bits)})

/* The segment that nearly all are: no SYN, of a conversation whose ISNs are known, with time stamps as it had
 * before. For such a one the rules can only add to completeness, what their table says: one branch for all
 * that may be odd, and none else. False, and nothing done, for all others. */
ALWAYS_INLINE bool update_plain(const struct drain *d, const struct found *f, const uint64_t *adds,
                                enum family family, bool mark, bool forgets)
{
    struct conversation *c = f->conversation;
    struct segment *s = f->segment;
    const uint64_t word = conversation_port_word(c);
    if (unlikely(((segment_port_word(s) ^ word) & COMPARED(0)) | address_difference(c, s, family)) ||
        (forgets && unlikely(is_expired(d->shard, c, s->time))))
        return false;
    if (mark) {
        s->completeness = (uint8_t)conversation_completeness(c);
        s->record = f->record;
    }
    conversation_set_port_word(c, word | adds[adds_index(s)]);
    leave_traces(c, s, f->frame);
    if (forgets)
        idle_list_touch(&d->shard->idle[family], f->record);
    return true;
}

/* The other one that each conversation has, the SYN/ACK that answers its SYN: the sender's ISN is new, and
 * the client and the other ISN are known. */
ALWAYS_INLINE bool update_synack(const struct drain *d, const struct found *f, enum family family, bool mark)
{
    struct conversation *c = f->conversation;
    struct segment *s = f->segment;
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const uint64_t word = conversation_port_word(c);
    const uint64_t learned =
        port_word_of((struct port_word){.bits_marks = (uint8_t)(1 << MARK_UNKNOWN_SHIFT << flow)});
    const uint64_t syn = port_word_of((struct port_word){.flags_state = TCP_SYN});
    if ((((segment_port_word(s) ^ word) & COMPARED(SEGMENT_QUOTED)) ^ syn ^ learned) |
        address_difference(c, s, family))
        return false;
    if (!(s->flags & TCP_ACK) || !(c->state & STATE_CLIENT_KNOWN))
        return false;
    if (mark) {
        s->completeness = (uint8_t)conversation_completeness(c);
        s->record = f->record;
    }
    c->isn[flow] = s->seq;
    conversation_set_port_word(c, (word ^ learned) | d->shard->adds[adds_index(s)]);
    leave_traces(c, s, f->frame);
    return true;
}

/* Where one of the passes is: the batch's lists for the shard, one lane after the other. */
struct pass {
    const struct lane *lane, *lanes_end;
    size_t list; /* in a lane's lists */
    uint8_t *at; /* in the lane's list */
    uint64_t left;
};

ALWAYS_INLINE void pass_enter(struct pass *p, enum family family)
{
    for (; p->lane < p->lanes_end; p->lane++) {
        const struct segment_list *list = &p->lane->lists[p->list];
        p->at = list->items;
        p->left = segment_list_count(list, family);
        if (p->left)
            return;
    }
}

/* Behind n segments, all of the list that the pass is in. */
ALWAYS_INLINE void pass_advance(struct pass *p, uint8_t *at, uint64_t n, enum family family)
{
    p->at = at;
    p->left -= n;
    if (!p->left) {
        p->lane++;
        pass_enter(p, family);
    }
}

/* Into the second-level cache, of which more misses can be under way than of the first: 200,000
 * conversations, one thread, 0.43 s where it was 0.48. */
ALWAYS_INLINE void fetch(const void *line)
{
    __builtin_prefetch(line, 0, 2);
}

ALWAYS_INLINE void fetch_bucket(const struct table *t, const struct segment *s)
{
    fetch(table_bucket(t, s->hash));
}

ALWAYS_INLINE void take_candidate(const struct table *t, struct found *f, uint32_t record, enum family family)
{
    f->record = record;
    f->conversation = table_record(t, record, family);
    fetch(f->conversation);
    if (family == FAMILY_IPV6)
        fetch((const uint8_t *)f->conversation + conversation_size(family) - 1);
}

/* The candidate for the segment's conversation, fetched. In its own bucket only: if that is full, the
 * segment's tuple may lie in the next one, which is fetched, too. Looked at here and now, that one was a miss
 * to wait for, a sixth of the drain's time with 1.5 M conversations. False: the tuple is in the table
 * nowhere, and there is room in its own bucket. */
ALWAYS_INLINE bool find_record(const struct table *t, struct found *f, struct bucket **bucket,
                               enum family family)
{
    const uint32_t hash = f->segment->hash;
    struct bucket *b = *bucket = table_bucket(t, hash);
    const unsigned match = bucket_match(b, hash);
    if (unlikely(!match)) {
        f->record = RECORD_NONE;
        f->conversation = (struct conversation *)(uintptr_t)&no_conversation.c;
        if (!b->tag[BUCKET_SLOTS - 1])
            return false;
        b = table_next_bucket(t, b);
        fetch(b);
        fetch(table_next_bucket(t, b)); /* 1 % of the tuples lie there, or beyond */
        return true;
    }
    take_candidate(t, f, b->record[first_slot(match)], family);
    return true;
}

/* A SYN and nothing else, as nearly all conversations begin. */
ALWAYS_INLINE bool is_plain_syn(const struct segment *s)
{
    return (s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN && s->payload == 0 &&
           !(s->bits & (SEGMENT_QUOTED | SEGMENT_SHORT_OFFSET));
}

/* What update() does with such a one and its conversation, by what the rules have said of it before. */
ALWAYS_INLINE void update_created_by_syn(const struct drain *d, struct conversation *c, struct segment *s,
                                         uint64_t frame, bool mark)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    if (mark)
        s->completeness = 0;
    c->isn[flow] = s->seq;
    c->marks = (uint8_t)(1 << MARK_UNKNOWN_SHIFT << !flow);
    c->state = (uint16_t)((s->flags & STATE_DECIMALS) | (flow ? STATE_CLIENT_1 : 0) | STATE_CLIENT_KNOWN |
                          (unsigned)d->shard->syn_completeness << STATE_COMPLETENESS_SHIFT);
    leave_traces(c, s, frame);
}

/* Begins the conversation of a tuple that is not in the table, in this bucket, with all that its first
 * segment does. */
ALWAYS_INLINE void create_in(struct drain *d, struct bucket *b, const struct found *f, enum family family,
                             enum rules rules, bool mark)
{
    struct table *const t = d->table;
    struct segment *s = f->segment;
    const uint32_t hash = s->hash, record = table_add_record(t, family);
    if (record == RECORD_NONE || note_creation(d, family, batch_position(d, s, f->frame), record)) {
        d->failed = true;
        return;
    }
    bucket_fill_slot(b, hash, record);
    if (unlikely(b != table_bucket(t, hash)))
        note_away(d, hash, record);
    t->used++;
    struct conversation *c = table_record(t, record, family);
    begin_record(c, s, f->frame, family);
    if (likely(is_plain_syn(s)))
        update_created_by_syn(d, c, s, f->frame, mark);
    else
        update(c, s, f->frame, rules, true, TRIGGER_NONE, mark);
    if (mark)
        s->record = record;
}

typedef void create_function(struct drain *, struct bucket *, const struct found *);

/* For a tuple whose own bucket is full and has not its tag: finds a candidate in the buckets behind it
 * (true), or creates its conversation. A candidate that is of another tuple is left to find_or_add(). */
ALWAYS_INLINE bool find_further(struct drain *d, struct found *f, enum family family, create_function *create)
{
    const struct table *t = d->table;
    const uint32_t hash = f->segment->hash;
    struct bucket *b = table_bucket(t, hash);
    unsigned match;
    do {
        b = table_next_bucket(t, b);
        match = bucket_match(b, hash);
    } while (!match && b->tag[BUCKET_SLOTS - 1]);
    if (!match) {
        create(d, b, f);
        return false;
    }
    take_candidate(t, f, b->record[first_slot(match)], family);
    note_away(d, hash, f->record);
    return true;
}

/* A segment with which the rules have more to do. 0 or -1. */
ALWAYS_INLINE int update_special(struct drain *d, struct conversation *c, uint32_t *record, uint32_t *slot,
                                 struct segment *s, uint32_t hash, uint64_t frame, enum family family,
                                 enum rules rules, bool created, bool mark)
{
    enum trigger trigger = TRIGGER_NONE;
    if (s->flags & TCP_SYN && !created) {
        const struct rules_state state = rules_state_of(c);
        trigger = rules_reuse(rules, &state, s->bits & SEGMENT_FLOW, s->flags, s->seq);
        if (trigger != TRIGGER_NONE) {
            bool opens = rules_opens_conversation(rules, trigger);
            if (opens && !slot && !(slot = find_or_add(d, s, hash, frame, family, &created)))
                return -1;
            uint32_t same = *record;
            if (!(c = open_reuse(d, c, opens ? slot : &same, s, hash, frame, trigger, family)))
                return -1;
            *record = opens ? *slot : *record;
            created = opens;
            s->bits |= SEGMENT_REUSE;
        }
    }
    update(c, s, frame, rules, created, trigger, mark);
    return 0;
}

/* All others. 0, or -1; or 1 when a candidate was found now, to be updated once it is there. */
ALWAYS_INLINE int update_odd(struct drain *d, struct found *f, enum family family, enum rules rules,
                             bool mark, bool forgets, create_function *create)
{
    struct segment *s = f->segment;
    if (create && f->conversation == &no_conversation.c)
        return find_further(d, f, family, create);
    const uint64_t frame = f->frame;
    uint32_t hash = s->hash, record = f->record, *slot = NULL;
    struct conversation *c = f->conversation;
    bool created = false;
    if (c->marks & MARK_SUPERSEDED || tuple_difference(c, s, family)) {
        if (!(slot = find_or_add(d, s, hash, frame, family, &created)))
            return -1;
        record = *slot;
        c = table_record(d->table, record, family);
    }
    if (forgets && !created && unlikely(is_expired(d->shard, c, s->time))) {
        d->shard->expired++;
        if (expire_record(d->shard, d->result, family, record, batch_position(d, s, f->frame)) ||
            !(slot = find_or_add(d, s, hash, frame, family, &created)))
            return -1;
        record = *slot;
        c = table_record(d->table, record, family);
    }
    if (rules == RULES_4_0 && unlikely(created) && find_announced(d, s, frame, family, &created))
        return -1;
    if (update_special(d, c, &record, slot, s, hash, frame, family, rules, created, mark))
        return -1;
    if (mark)
        s->record = record;
    if (forgets)
        idle_list_touch(&d->shard->idle[family], record);
    return 0;
}
typedef int odd_function(struct drain *, struct found *);

struct passes {
    struct pass fetch, find;
    struct found *in, *out; /* of the ring: where the next one is put, and taken out */
    uint32_t pending;
};

/* A ring of these, those that are not updated yet. At an even multiple of its size: so a pointer goes round
 * by losing one bit. */
enum { RING_BYTES = RING * sizeof(struct found) };
_Static_assert((RING_BYTES & (RING_BYTES - 1)) == 0, "a power of two");

ALWAYS_INLINE struct found *ring_next(struct found *f)
{
    return (struct found *)((uintptr_t)(f + 1) & ~(uintptr_t)RING_BYTES);
}

/* So many steps of the passes that take part, one segment each a step; as many as are to be updated have to
 * be found before. create: NULL where only find_or_add() does. 0 or -1. */
ALWAYS_INLINE int run_passes(struct drain *d, struct passes *p, uint64_t steps, bool fetch, bool find,
                             bool update, enum family family, bool mark, bool forgets, odd_function *odd,
                             create_function *create)
{
    const size_t size = segment_size(family);
    /* The compiler would read all of it anew in each step, for what the step before wrote. */
    struct table table = *d->table;
    const uint64_t *const adds = d->shard->adds;
    struct found *in = p->in, *out = p->out;
    while (steps) {
        uint64_t n = steps, first_frame = 0;
        if (fetch)
            n = MIN(n, p->fetch.left);
        if (find) {
            n = MIN(n, p->find.left);
            first_frame = p->find.lane->first_frame;
        }
        uint8_t *fetched = p->fetch.at, *found = p->find.at;
        for (uint64_t i = n; i; i--) {
            if (update) {
                struct found *const f = out;
                out = ring_next(out);
                if (unlikely(!update_plain(d, f, adds, family, mark, forgets))) {
                    const int result = odd(d, f);
                    if (result < 0)
                        return -1;
                    if (result) {
                        *in = *f;
                        in = ring_next(in);
                    }
                    table = *d->table;
                }
            }
            if (fetch) {
                fetch_bucket(&table, (const struct segment *)(const void *)fetched);
                fetched += size;
            }
            if (find) {
                struct found *const f = in;
                struct bucket *bucket;
                f->segment = (struct segment *)(void *)found;
                f->frame = first_frame + (f->segment->position >> 8);
                found += size;
                in = ring_next(in);
                if (unlikely(!find_record(&table, f, &bucket, family)) && create) {
                    in = f;
                    create(d, bucket, f);
                    table = *d->table;
                }
            }
        }
        steps -= n;
        if (fetch)
            pass_advance(&p->fetch, fetched, n, family);
        if (find)
            pass_advance(&p->find, found, n, family);
    }
    p->in = in;
    p->out = out;
    p->pending = ((uintptr_t)in - (uintptr_t)out) % RING_BYTES / sizeof *in;
    return 0;
}

/* The passes set in one after the other, and end so. What begins a conversation leaves nothing to be updated,
 * so that the third pass comes nearer to the second: when it is too near, it takes all that is found, and the
 * first two go on alone. What lies behind a full bucket goes round once more, so that the third pass falls
 * behind: then it goes on alone.
 *
 * So while a segment waits, at most FOUND + RING / 2 more are found until it is taken, and RING more if it
 * goes round once more; and the ring, which looks empty when it is full, never is. The table grows only when
 * nothing waits: segments of a tuple keep their order since they all go the same way. */
ALWAYS_INLINE int drain_lists(struct drain *d, const struct batch *batch, size_t list, enum family family,
                              bool mark, bool forgets, odd_function *odd, create_function *create)
{
    uint64_t left = 0; /* to be found */
    for (unsigned i = 0; i < batch->lanes_used; i++)
        left += segment_list_count(&batch->lane[i].lists[list], family);
    if (!left)
        return 0;
    struct pass begin = {.lane = batch->lane, .lanes_end = batch->lane + batch->lanes_used, .list = list};
    pass_enter(&begin, family);
    struct found ring[RING] ALIGNED(2 * RING_BYTES);
    struct passes p = {.fetch = begin, .find = begin, .in = ring, .out = ring};
#define RUN(steps, fetch, find, update)                                                                      \
    run_passes(d, &p, steps, fetch, find, update, family, mark, forgets, odd, create)
    bool failed = RUN(MIN(left, (uint64_t)AHEAD), true, false, false);
    while ((left || p.pending) && !failed) {
        const bool fetches = left > AHEAD, grows = d->table->used + RING + FOUND >= d->table->limit;
        uint64_t steps = fetches ? left - AHEAD : left;
        if (!steps || grows || p.pending < FEWEST || p.pending > RING / 2) {
            while (p.pending && !failed)
                failed = RUN(p.pending, false, false, true);
            if (unlikely(d->away_count))
                move_home(d);
            failed |= grows && table_grow(d->table);
            steps = MIN(steps, (uint64_t)FOUND);
            if (failed || !steps)
                continue;
            failed = fetches ? RUN(steps, true, true, false) : RUN(steps, false, true, false);
        } else {
            steps = MIN(steps, (uint64_t)MIN(p.pending, MOST));
            failed = fetches ? RUN(steps, true, true, true) : RUN(steps, false, true, true);
        }
        left -= steps;
    }
#undef RUN
    return failed || d->failed ? -1 : 0;
}

/* The loops, made once for each family, generation and way of marking. */
#define DRAIN(name, family, rules, mark)                                                                     \
    static __attribute__((noinline)) void name##_create(struct drain *d, struct bucket *b,                   \
                                                        const struct found *f)                               \
    {                                                                                                        \
        create_in(d, b, f, family, rules, mark);                                                             \
    }                                                                                                        \
    static __attribute__((noinline)) int name##_rare(struct drain *d, struct found *f)                       \
    {                                                                                                        \
        return update_odd(d, f, family, rules, mark, false, (rules) == RULES_4_0 ? NULL : name##_create);    \
    }                                                                                                        \
    static __attribute__((noinline)) int name##_odd(struct drain *d, struct found *f)                        \
    {                                                                                                        \
        return (rules) != RULES_4_0 && likely(update_synack(d, f, family, mark)) ? 0 : name##_rare(d, f);    \
    }                                                                                                        \
    static int name(struct drain *d, const struct batch *batch, size_t list)                                 \
    {                                                                                                        \
        return drain_lists(d, batch, list, family, mark, false, name##_odd,                                  \
                           (rules) == RULES_4_0 ? NULL : name##_create);                                     \
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
static int odd_and_forget_v4(struct drain *d, struct found *f)
{
    return update_odd(d, f, FAMILY_IPV4, d->shard->rules, d->shard->mark_segments, true, NULL);
}
static int odd_and_forget_v6(struct drain *d, struct found *f)
{
    return update_odd(d, f, FAMILY_IPV6, d->shard->rules, d->shard->mark_segments, true, NULL);
}
static int drain_and_forget(struct drain *d, const struct batch *batch, size_t list, enum family family)
{
    return family == FAMILY_IPV4 ? drain_lists(d, batch, list, FAMILY_IPV4, d->shard->mark_segments, true,
                                               odd_and_forget_v4, NULL)
                                 : drain_lists(d, batch, list, FAMILY_IPV6, d->shard->mark_segments, true,
                                               odd_and_forget_v6, NULL);
}

int shard_drain(struct shard *s, struct batch *batch, unsigned shards)
{
    struct shard_result *result = &batch->result[s->index];
    s->batch = batch->number;
    for (int f = 0; f < FAMILIES; f++) {
        drain_function *run = drains[s->mark_segments][f][s->rules];
        result->created[f].count = 0;
        result->reused[f].count = 0;
        struct drain d = {.shard = s,
                          .table = &s->table[f],
                          .result = result,
                          .first_frame = batch->first_frame,
                          .announcements = &batch->announcements};
        size_t list = (size_t)f * shards + s->index;
        result->ended[f].count = 0;
        if (s->forgets ? drain_and_forget(&d, batch, list, (enum family)f) : run(&d, batch, list))
            return -1;
        if (s->follows_ftp && pass_batch_end(&d, (enum family)f))
            return -1;
    }
    return s->forgets ? forget_idle(s, result, batch->last_time) : 0;
}
