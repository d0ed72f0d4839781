/* FTP control connections: a hash table, the order of their last segments, and the check whether 4.0 reads
 * what a segment carries. */
#include "engine/conversations/control.h"

#include <stdlib.h>

static uint32_t *bucket_of(const struct control_table *t, const struct tuple *tuple,
                           const struct hash_key *key)
{
    return &t->buckets[tuple_hash(tuple, key) & (t->capacity - 1)];
}

static void order_remove(struct control_table *t, const struct control *c)
{
    *(c->older ? &t->items[c->older - 1].newer : &t->oldest) = c->newer;
    *(c->newer ? &t->items[c->newer - 1].older : &t->newest) = c->older;
}

static void order_add_newest(struct control_table *t, uint32_t place)
{
    struct control *c = &t->items[place - 1];
    c->older = t->newest;
    c->newer = 0;
    *(t->newest ? &t->items[t->newest - 1].newer : &t->oldest) = place;
    t->newest = place;
}

/* Not a list (engine/list.h): there are as many buckets as items, and both must grow or neither. */
static int grow(struct control_table *t, const struct hash_key *key)
{
    uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
    struct control *items = realloc(t->items, capacity * sizeof *items);
    if (!items)
        return -1;
    t->items = items;
    uint32_t *buckets = calloc(capacity, sizeof *buckets);
    if (!buckets)
        return -1;
    free(t->buckets);
    t->buckets = buckets;
    t->capacity = capacity;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t *bucket = bucket_of(t, &t->items[i].tuple, key);
        t->items[i].chain = *bucket;
        *bucket = i + 1;
    }
    return 0;
}

/* A place for one more, + 1: a new one, or that of the connection whose last segment is oldest. 0 when memory
 * is short. */
static uint32_t new_place(struct control_table *t, const struct hash_key *key)
{
    if (t->count == CONTROL_MAX) {
        uint32_t place = t->oldest, *link = bucket_of(t, &t->items[place - 1].tuple, key);
        while (*link != place)
            link = &t->items[*link - 1].chain;
        *link = t->items[place - 1].chain;
        order_remove(t, &t->items[place - 1]);
        return place;
    }
    if (t->count == t->capacity && grow(t, key))
        return 0;
    return ++t->count;
}

static struct control *find_or_add(struct control_table *t, const struct tuple *tuple,
                                   const struct hash_key *key)
{
    uint32_t place = t->capacity ? *bucket_of(t, tuple, key) : 0;
    while (place && !tuple_equal(&t->items[place - 1].tuple, tuple))
        place = t->items[place - 1].chain;
    if (place) {
        order_remove(t, &t->items[place - 1]);
    } else {
        place = new_place(t, key);
        if (!place)
            return NULL;
        uint32_t *bucket = bucket_of(t, tuple, key);
        t->items[place - 1] = (struct control){.tuple = *tuple, .chain = *bucket};
        *bucket = place;
    }
    order_add_newest(t, place);
    return &t->items[place - 1];
}

/* a < b, in sequence numbers of 32 bits (RFC 9293, 3.4). */
static bool is_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* Does 4.0 read what the segment carries? Not if it takes it for a retransmission:
 *  - what the receiver has acknowledged, unless the capture cut the segment: then it does not check;
 *  - what begins before the highest sequence number seen. Except for one byte of overlap, as after a
 *    keep-alive; and what comes AT_ONCE after three duplicate acknowledgements (RFC 5681, 3.2). */
static bool is_read(const struct control_flow *sender, const struct control_flow *receiver,
                    const struct ftp_segment *f)
{
    enum { AT_ONCE = 20000000 }; /* ns */
    const struct segment *s = &f->s;
    if (receiver->acknowledged && !is_before(receiver->acknowledged, s->seq + s->payload))
        return f->cut;
    if (!sender->next || !is_before(s->seq, sender->next) || (s->payload > 1 && s->seq == sender->next - 1))
        return true;
    return receiver->repeats >= 2 && receiver->acknowledged == s->seq &&
           (uint64_t)s->time - (uint64_t)receiver->time < AT_ONCE;
}

static void flow_advance(struct control_flow *f, const struct segment *s, uint16_t window)
{
    if (s->ack != f->acknowledged)
        f->repeats = 0;
    else if (!s->payload && window && window == f->window && s->seq == f->next &&
             !(s->flags & (TCP_SYN | TCP_FIN | TCP_RST)))
        f->repeats++;
    const uint32_t end = s->seq + s->payload + (s->flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    if (!f->next || is_before(f->next, end))
        f->next = end;
    f->acknowledged = s->ack;
    f->window = window;
    f->time = s->time;
}

int control_add(struct control_table *t, const struct ftp_segment *f, const struct hash_key *key)
{
    const struct segment *s = &f->s;
    const struct tuple tuple = tuple_of(s, (enum family)f->family);
    struct control *c = find_or_add(t, &tuple, key);
    if (!c)
        return -1;
    const unsigned flow = s->bits & SEGMENT_FLOW;
    enum trigger trigger = rules_reuse(RULES_4_0, &c->state, flow, s->flags, s->seq);
    if (rules_opens_conversation(RULES_4_0, trigger)) {
        c->state = (struct rules_state){0};
        memset(c->flow, 0, sizeof c->flow);
    } else if (trigger != TRIGGER_NONE) {
        c->state.isn[flow] = s->seq;
    }
    rules_learn_isns(RULES_4_0, &c->state, s);

    if (!(s->bits & SEGMENT_LENGTH_KNOWN)) /* 4.0 does not check sequence numbers then */
        return 1;
    const bool read = is_read(&c->flow[flow], &c->flow[flow ^ 1], f);
    flow_advance(&c->flow[flow], s, f->window);
    return read;
}

int control_restore(struct control_table *t, const struct control *saved, const struct hash_key *key)
{
    struct control *c = find_or_add(t, &saved->tuple, key);
    if (!c)
        return -1;
    c->state = saved->state;
    memcpy(c->flow, saved->flow, sizeof c->flow);
    return 0;
}

void control_free(struct control_table *t)
{
    free(t->items);
    free(t->buckets);
}
