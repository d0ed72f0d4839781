/* The slow path of a shard: the full rules, for any segment. Its conversation is looked up or created if the
 * candidate is not the right one; it may have been idle for too long; FTP may have announced it; and the
 * segment may reuse it.
 *
 * One function serves all families and generations, since few segments take this path: 0.4 % of 64-byte
 * frames under 4.4. Under 4.0, and where conversations are forgotten, those that begin a conversation do,
 * too. */
#include "engine/conversations/shard_rules.h"

/* A segment, and what is known of it so far. */
struct slow_segment {
    struct segment *segment;
    uint64_t frame;
    uint32_t hash;
    uint32_t record; /* of conversation */
    struct conversation *conversation;
    uint32_t *slot; /* the record's in the index; NULL: not looked up */
    uint64_t clock; /* the idle clock at the segment */
    bool created;   /* the conversation, by this segment */
    enum trigger trigger;
};

/* A record for a new conversation. Where conversations are forgotten, one of theirs, if no batch refers to it
 * any more. */
static uint32_t new_bare_record(struct drain *d, uint32_t hash)
{
    struct shard *s = d->shard;
    if (likely(!s->forgets))
        return table_add_record(d->table, d->family);
    struct idle_list *idle = &s->idle[d->family];
    uint32_t record = idle_list_use_again(idle, s->written);
    if (record == RECORD_NONE)
        record = table_add_record(d->table, d->family);
    if (record == RECORD_NONE || idle_list_grow(idle, record))
        return RECORD_NONE;
    idle_list_add(idle, record, hash);
    return record;
}

/* The same, with room for its history. */
static uint32_t new_record(struct drain *d, uint32_t hash)
{
    struct shard *s = d->shard;
    const uint32_t record = new_bare_record(d, hash);
    if (s->verdicts.wanted && record != RECORD_NONE && histories_reserve(&s->histories[d->family], record))
        return RECORD_NONE;
    return record;
}

/* When it was over by the idle clock, whenever that was found. */
static uint64_t over_at(const struct drain *d, uint32_t record, enum ending ending, uint64_t clock)
{
    const struct shard *s = d->shard;
    if (!s->idle_time || ending != ENDING_EXPIRED)
        return clock;
    return MIN(clock, idle_clock_add(s->idle[d->family].clocks[record], (uint64_t)s->idle_time + 1));
}

/* Ends a conversation: notes its row, if wanted, and gives up its record. 0 or -1. */
static int end_conversation(struct drain *d, uint32_t record, uint32_t position, enum ending ending,
                            uint64_t clock)
{
    struct shard *s = d->shard;
    struct conversation *c = table_record(d->table, record, d->family);
    if (s->note_ended) {
        struct ended *e = LIST_ADD(&d->result->ended[d->family]);
        if (!e)
            return -1;
        *e = (struct ended){.position = position,
                            .record = record,
                            .over = over_at(d, record, ending, clock),
                            .ending = (uint8_t)ending,
                            .family = (uint8_t)d->family};
        memcpy(&e->conversation, c, conversation_size(d->family));
        if (s->verdicts.wanted)
            e->history = histories_restore(&s->histories[d->family], record, &e->conversation.c);
    }
    if (s->verdicts.wanted)
        drain_forget_history(d, record);
    c->bits |= CONVERSATION_SUPERSEDED;
    idle_list_give_up(&s->idle[d->family], record, s->batch);
    return 0;
}

int drain_expire(struct drain *d, uint32_t record, uint32_t position, uint64_t clock)
{
    table_remove(d->table, d->shard->idle[d->family].links[record].hash, record);
    return end_conversation(d, record, position, ENDING_EXPIRED, clock);
}

void drain_move_strays(struct drain *d)
{
    for (uint32_t i = 0; i < d->stray_count; i++)
        table_move_home(d->table, d->strays[i].hash, d->strays[i].record);
    d->stray_count = 0;
}

/* Adds what FTP announced before this position of the batch. 0 or -1. */
static int take_in_announcements(struct drain *d, uint32_t position)
{
    const struct announcement_list *list = d->announcements;
    struct announced_table *announced = &d->shard->announced[d->family];
    for (; d->announcements_seen < list->count; d->announcements_seen++) {
        const struct announcement *a = &list->items[d->announcements_seen];
        if (a->position >= position)
            break;
        if (a->shard == d->shard->index && a->half.family == d->family &&
            announced_add(announced, &a->half, list->before + d->announcements_seen))
            return -1;
    }
    return 0;
}

int drain_finish_announcements(struct drain *d)
{
    if (take_in_announcements(d, UINT32_MAX))
        return -1;
    announced_drop(&d->shard->announced[d->family], d->announcements->before + d->announcements_seen);
    return 0;
}

/* A conversation that FTP announced was created by the announcement, not by its first segment. 0 or -1. */
static __attribute__((noinline)) int take_announced(struct drain *d, struct slow_segment *x)
{
    if (take_in_announcements(d, drain_position(d, x->segment, x->frame)))
        return -1;
    x->created = !announced_take(&d->shard->announced[d->family], x->segment, d->family,
                                 d->announcements->before + d->announcements_seen);
    return 0;
}

/* Looks for the newest conversation of the segment's tuple. NULL: it is found; else the bucket that has room for one. */
ALWAYS_INLINE struct bucket *find(struct drain *d, struct slow_segment *x)
{
    struct table *t = d->table;
    struct bucket *const home = table_bucket(t, x->hash), *b = home;
    for (;; b = table_next_bucket(t, b)) {
        for (unsigned match = bucket_match(b, x->hash); match; match = match_without_first(match)) {
            x->slot = &b->record[first_slot(match)];
            x->record = *x->slot;
            x->conversation = table_record(t, x->record, d->family);
            if (tuple_difference(x->conversation, x->segment, d->family))
                continue;
            if (b != home)
                drain_note_stray(d, x->hash, x->record);
            return NULL;
        }
        if (!bucket_is_full(b))
            return b;
    }
}

/* The newest conversation of the segment's tuple, or a new one. 0 or -1. */
static __attribute__((noinline)) int find_or_create(struct drain *d, struct slow_segment *x)
{
    struct bucket *const b = find(d, x);
    x->created = false;
    if (!b)
        return 0;
    x->record = new_record(d, x->hash);
    if (x->record == RECORD_NONE ||
        drain_note_creation(d, d->family, drain_position(d, x->segment, x->frame), x->record))
        return -1;
    x->conversation = table_record(d->table, x->record, d->family);
    conversation_begin(x->conversation, x->segment, x->frame, d->family);
    if (d->shard->verdicts.wanted && drain_begin_history(d, x->conversation, x->record, x->segment, x->frame))
        return -1;
    if (b != table_bucket(d->table, x->hash))
        drain_note_stray(d, x->hash, x->record);
    x->created = true;
    x->slot = table_fill_slot(d->table, b, x->hash, x->record);
    return 0;
}

/* The reuse opens a new conversation and finishes the old one, whose record is kept if a report of
 * conversations is wanted, and reused for the new conversation otherwise. 0 or -1. */
static int supersede(struct drain *d, struct slow_segment *x, uint32_t position)
{
    struct shard *const s = d->shard;
    if (s->keep_records || s->forgets) {
        const uint32_t record = new_record(d, x->hash);
        if (record == RECORD_NONE ||
            (s->forgets && end_conversation(d, x->record, position, ENDING_REUSE, x->clock)))
            return -1;
        x->conversation->bits |= CONVERSATION_SUPERSEDED;
        x->conversation = table_record(d->table, record, d->family);
        *x->slot = x->record = record;
    }
    conversation_begin(x->conversation, x->segment, x->frame, d->family);
    if (s->verdicts.wanted && drain_begin_history(d, x->conversation, x->record, x->segment, x->frame))
        return -1;
    x->created = true;
    return drain_note_creation(d, d->family, position, x->record);
}

/* The segment reuses the conversation's ports: notes the row. 0 or -1. */
static __attribute__((noinline)) int reuse(struct drain *d, struct slow_segment *x)
{
    struct segment *const s = x->segment;
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const bool opens = rules_opens_conversation(d->shard->rules, x->trigger);
    if (opens && !x->slot) {
        const struct bucket *const room = find(d, x);
        assert(!room); /* the conversation is in the table */
        (void)room;
    }
    const bool verdicts = d->shard->verdicts.wanted;
    struct attempt_start start;
    if (verdicts && drain_start_attempt(d, x->conversation, x->record, s, x->frame, opens, &start))
        return -1;
    struct reuse_list *list = &d->result->reused[d->family];
    const uint32_t position = drain_position(d, s, x->frame);
    struct reuse *r = LIST_ADD(list);
    if (!r)
        return -1;
    /* Keep capture order: a segment that went round the ring of candidates twice comes late. */
    for (; r > list->items && r[-1].position > position; r--)
        *r = r[-1];
    *r = (struct reuse){
        .position = position,
        .previous_record = x->record,
        .trigger = (uint8_t)x->trigger,
        .flow = (uint8_t)flow,
        .decimals = (uint8_t)SEGMENT_DECIMALS(s),
        .opens = opens,
        .flags = SEGMENT_FLAGS(s),
        .time = s->time,
        .frame = x->frame,
        .isn = s->seq,
        .previous_isn = x->conversation->isn[flow],
    };
    memcpy(&r->previous, x->conversation, conversation_size(d->family));
    if (verdicts)
        r->previous.c.first_time =
            histories_restore(&d->shard->histories[d->family], x->record, &r->previous.c).first_time;
    s->bits |= SEGMENT_REUSE;
    if (!opens)
        x->conversation->isn[flow] = s->seq;
    else if (supersede(d, x, position))
        return -1;
    r->record = x->record;
    start.trigger = r->trigger;
    if (verdicts)
        return drain_begin_attempt(d, x->conversation, x->record, &start, &r->ticket);
    return 0;
}

static struct rules_state rules_state_of(const struct conversation *c)
{
    return (struct rules_state){.isn = {c->isn[0], c->isn[1]},
                                .known = (uint8_t)conversation_known(c),
                                .completeness = (uint8_t)conversation_completeness(c)};
}

/* One segment through the rules: see engine/rules.h for their order. The completeness before it, for
 * marking. */
ALWAYS_INLINE uint8_t apply_rules_of(enum rules rules, const struct slow_segment *x)
{
    struct conversation *const c = x->conversation;
    struct segment *const s = x->segment;
    const unsigned flow = s->bits & SEGMENT_FLOW;
    struct rules_state state = rules_state_of(c);
    const bool is_new = rules_is_new(rules, &state, flow, s->flags, x->created, x->trigger);
    /* 4.0 shows a conversation that a SYN reopens with HAS_SYN at that very segment. */
    if (rules == RULES_4_0 && x->created && x->trigger != TRIGGER_NONE)
        state.completeness = HAS_SYN;
    const uint8_t before = state.completeness;
    rules_learn_isns(rules, &state, s);
    state.completeness = rules_completeness(rules, state.completeness, s, is_new, x->created);

    unsigned client = c->state & (STATE_CLIENT_1 | STATE_CLIENT_KNOWN);
    if (s->flags & TCP_SYN && !(client & STATE_CLIENT_KNOWN))
        client = ((s->flags & TCP_ACK ? flow ^ 1 : flow) ? STATE_CLIENT_1 : 0) | STATE_CLIENT_KNOWN;
    c->state = (uint16_t)(MAX(s->flags & STATE_DECIMALS, c->state & STATE_DECIMALS) | client |
                          (c->state & (STATE_SYNACK | STATE_SENT | STATE_SENT << 1)) |
                          (unsigned)state.completeness << STATE_COMPLETENESS_SHIFT);
    c->bits = (uint8_t)((c->bits & (CONVERSATION_SUPERSEDED | CONVERSATION_WATCHED |
                                    conversation_acked_bit(0) | conversation_acked_bit(1))) |
                        (~state.known & 3) << CONVERSATION_UNKNOWN_SHIFT);
    c->isn[0] = state.isn[0];
    c->isn[1] = state.isn[1];
    conversation_add_segment(c, s, x->frame);
    return before;
}

/* With the generation as a constant: 0.6 % of the instructions of a run that forgets. */
ALWAYS_INLINE uint8_t apply_rules(const struct shard *shard, const struct slow_segment *x)
{
    if (shard->rules == RULES_4_0)
        return apply_rules_of(RULES_4_0, x);
    return apply_rules_of(shard->rules == RULES_4_2 ? RULES_4_2 : RULES_4_4, x);
}

/* The rules, and what verdicts need. The mark comes last, since it lies where the boundary's place is. 0 or
 * -1. */
static int apply(struct drain *d, const struct slow_segment *x)
{
    const struct shard *const shard = d->shard;
    const uint8_t before = apply_rules(shard, x);
    if (shard->verdicts.wanted && drain_see_slow(d, x->conversation, x->record, x->segment, x->frame))
        return -1;
    if (shard->mark_segments)
        x->segment->completeness = before;
    return 0;
}

int drain_apply_first(struct drain *d, struct conversation *c, uint32_t record, struct segment *s,
                      uint64_t frame)
{
    const struct slow_segment x = {
        .segment = s, .frame = frame, .conversation = c, .record = record, .created = true};
    return apply(d, &x);
}

/* The segment, whose conversation was found or created. 0 or -1. */
static int update(struct drain *d, struct slow_segment *x)
{
    struct shard *const shard = d->shard;
    struct segment *const s = x->segment;
    if (shard->forgets && !x->created &&
        drain_is_expired(d, x->conversation, x->record, x->clock, x->frame)) {
        shard->expired++;
        if (drain_expire(d, x->record, drain_position(d, s, x->frame), x->clock) || find_or_create(d, x))
            return -1;
    }
    if (shard->follows_ftp && x->created && take_announced(d, x))
        return -1;
    if (s->flags & TCP_SYN && !x->created) {
        const struct rules_state state = rules_state_of(x->conversation);
        x->trigger = rules_reuse(shard->rules, &state, s->bits & SEGMENT_FLOW, s->flags, s->seq);
        if (x->trigger != TRIGGER_NONE && reuse(d, x))
            return -1;
    }
    if (apply(d, x))
        return -1;
    if (shard->mark_segments)
        s->record = x->record;
    if (shard->forgets)
        idle_list_touch(&shard->idle[d->family], x->record, x->clock);
    return 0;
}

int drain_update(struct drain *d, const struct candidate *candidate)
{
    struct segment *const s = candidate->segment;
    struct slow_segment x = {.segment = s,
                             .frame = candidate->frame,
                             .hash = s->hash,
                             .clock = drain_idle_clock(d, s, candidate->frame),
                             .conversation = candidate->conversation,
                             .record = candidate->record};
    if (x.conversation->bits & CONVERSATION_SUPERSEDED || tuple_difference(x.conversation, s, d->family))
        if (find_or_create(d, &x))
            return -1;
    return update(d, &x);
}
