/* A template: the drain of one batch's segments of one family, made once for each variant. A run waits for
 * this step more than for any other when frames are small: a segment costs a cache miss in the index and one
 * in the records. So three passes go through the segments side by side, and a step takes a segment of each:
 *
 *     pass     reads             prefetches     leaves
 *     fetch    segment's hash    its bucket
 *     find     bucket            a record       a candidate in the ring; or the conversation, if it is new
 *     update   candidate                        the segment in its conversation; or the candidate at the end
 *                                               of the ring once more, if only now its record is known
 *
 *     segment    7        8        9 ... 39    40       41       42 ... 71    72       73
 *     step k     update   ring     ring        find     bucket   bucket       fetch
 *     step k+1            update   ring        ring     find     bucket       bucket   fetch
 *
 * Fetch runs FETCH_DISTANCE ahead of find; it starts alone, and stops first. Between find and update wait 16
 * to 64 candidates. A new conversation leaves no candidate, so update catches up with find: when fewer than
 * CANDIDATES_MIN wait, update empties the ring, and fetch and find go on alone for CANDIDATES_REFILL.
 * Candidates that return to the ring make update fall behind: when more than RING_SIZE / 2 wait, it empties
 * the ring, too.
 *
 * Invariants, and where they are asserted
 *  1. Update takes no more candidates than wait: run().
 *  2. The ring never fills, since it would look empty. At most RING_SIZE / 2 candidates wait before the three
 *     passes run, and each of at most STEPS_MAX steps takes one out and puts two in, one that find leaves and
 *     one that returns: run().
 *  3. No candidate waits while the index grows or strays move. So a bucket stays where it was prefetched, and
 *     the segments of a tuple keep their order, since they all take the same way: at the growth.
 *  4. The index has a slot for every conversation that begins before it may grow: table_fill_slot().
 *  5. The find pass creates records no further than RECORDS_AHEAD from their place in capture order: at
 *     compile time, in shard_ring.h.
 *  6. A candidate has either a record or no_conversation: update().
 *
 * What was measured
 *  - Passes that each take 32 segments in turn stand still at the ends of their groups: twice the time. A
 *    loop for each pass, 8, 16 or 32 steps long: 1.03, 1.02, 1.18 of the time, since misses come in bursts.
 *  - Misses are under way for as many steps as the processor's window holds, so a step is short: 72
 *    instructions for all three passes, down from 89. One comparison of words selects the fast path
 *    (conversation.h), a pointer wraps in the ring by losing a bit, and a hash holds its bucket's place
 *    (table.h).
 *  - A new conversation costs 390 instructions in all steps of the pipeline, with find creating it in the
 *    bucket that it looks at, and all that the first segment does.
 *
 * Length of PASS: run() has all three passes of a step side by side, which is what it is for.
 *
 * Parameters: define these before each inclusion, which undefines them.
 *     PASSES     the function, of type passes_function, and the prefix of all other names
 *     FAMILY     FAMILY_IPV4 or FAMILY_IPV6
 *     RULES_40   true under generation 4.0, false under later ones
 *     MARK       true: leave record and completeness in the segments, for a report of packets
 *     FORGETS    true: conversations are forgotten; then RULES_40 makes no difference
 *     VERDICTS   true: keep what verdicts need. Stays defined */
#include "engine/conversations/shard_ring.h"

#define PASS_PASTE(a, b) a##_##b
#define PASS_JOIN(a, b)  PASS_PASTE(a, b)
#define PASS(name)       PASS_JOIN(PASSES, name)

/* Find creates conversations at once. Not under 4.0, where FTP may have announced them, and not where
 * conversations are forgotten, since an earlier segment may yet end one: there, update does. */
#define FIND_CREATES (!(RULES_40) && !(FORGETS))

/* Leaves in the segment what a report of packets says of it: the completeness before it changed the conversation. */
ALWAYS_INLINE void PASS(mark_segment)(struct segment *s, unsigned completeness, uint32_t record)
{
    if (MARK) {
        s->completeness = (uint8_t)completeness;
        s->record = record;
    }
}

/* The fast path, for nearly all segments: no SYN, of a conversation whose ISNs are known, with time stamps of
 * as many decimals as before. For these the rules can only add to completeness, which a table of theirs says.
 * One branch for all that may be different. False, and nothing done, for other segments. */
ALWAYS_INLINE bool PASS(update_established)(struct drain *d, const struct candidate *candidate,
                                            const uint64_t *port_word_added)
{
    /* NOLINTNEXTLINE(analyzer-use-of-uninitialized-value): find has filled what waits in the ring */
    struct conversation *const c = candidate->conversation;
    /* NOLINTNEXTLINE(analyzer-use-of-uninitialized-value): likewise */
    struct segment *const s = candidate->segment;
    const uint64_t word = conversation_port_word(c);
    const uint8_t slow = VERDICTS ? CONVERSATION_WATCHED | SEGMENT_QUOTED : 0;
    /* NOLINTNEXTLINE(analyzer-use-of-uninitialized-value): likewise */
    const uint64_t clock = FORGETS ? drain_idle_clock(d, s, candidate->frame) : 0;
    if (unlikely(((segment_port_word(s) ^ word) & port_word_compared(slow)) |
                 address_difference(c, s, FAMILY)) ||
        (FORGETS && unlikely(drain_is_expired(d, c, candidate->record, clock, candidate->frame))))
        return false;
    /* Read here, since what is stored below may be the segment's, for all that the compiler knows. */
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): a variant without verdicts needs none of them */
    const unsigned flow = s->bits & SEGMENT_FLOW, flags = s->flags;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): likewise */
    const uint32_t end = s->seq + s->payload;
    const unsigned before = conversation_completeness(c);
    conversation_set_port_word(c, word | port_word_added[port_word_added_index(s, VERDICTS)]);
    conversation_add_segment(c, s, candidate->frame);
    if (VERDICTS) {
        if (unlikely(flags & TCP_BOUNDARY))
            drain_see_close(d, candidate);
        else
            conversation_move_next(c, flow, end);
    }
    /* Last, since the mark lies where the boundary's place is. */
    PASS(mark_segment)(s, before, candidate->record);
    if (FORGETS)
        idle_list_touch(&d->shard->idle[FAMILY], candidate->record, clock);
    return true;
}

/* The other segment that each conversation has, the SYN/ACK that answers its SYN: its sender's ISN is new,
 * and the other ISN and the client are known. False, and nothing done, for other segments. */
ALWAYS_INLINE bool PASS(update_synack)(const struct drain *d, const struct candidate *candidate)
{
    struct conversation *const c = candidate->conversation;
    struct segment *const s = candidate->segment;
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const uint64_t word = conversation_port_word(c);
    const uint64_t learned =
        port_word_of((struct port_word){.bits = (uint8_t)(1 << CONVERSATION_UNKNOWN_SHIFT << flow)});
    const uint64_t syn = port_word_of((struct port_word){.flags = TCP_SYN});
    if ((((segment_port_word(s) ^ word) &
          port_word_compared(SEGMENT_QUOTED | (VERDICTS ? CONVERSATION_WATCHED : 0))) ^
         syn ^ learned) |
        address_difference(c, s, FAMILY))
        return false;
    if (!(s->flags & TCP_ACK) || !(c->state & STATE_CLIENT_KNOWN))
        return false;
    if (VERDICTS && unlikely(s->flags & (TCP_FIN | TCP_RST) || flow == conversation_client(c)))
        return false;
    if (VERDICTS)
        histories_note_synack(&d->shard->histories[FAMILY], candidate->record, c, s->time);
    PASS(mark_segment)(s, conversation_completeness(c), candidate->record);
    c->isn[flow] = s->seq;
    conversation_set_port_word(c, (word ^ learned) |
                                      d->shard->port_word_added[port_word_added_index(s, VERDICTS)]);
    conversation_add_segment(c, s, candidate->frame);
    if (VERDICTS)
        c->next[flow] = s->seq + s->payload + 1;
    return true;
}

/* What the rules do with a plain SYN and the conversation that it creates; shard_init() has asked them. */
ALWAYS_INLINE void PASS(apply_first_syn)(const struct drain *d, struct conversation *c, struct segment *s,
                                         uint64_t frame)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    if (MARK)
        s->completeness = 0;
    c->isn[flow] = s->seq;
    c->bits = (uint8_t)(1 << CONVERSATION_UNKNOWN_SHIFT << !flow);
    c->state = (uint16_t)((s->flags & STATE_DECIMALS) | (flow ? STATE_CLIENT_1 : 0) | STATE_CLIENT_KNOWN |
                          (unsigned)d->shard->syn_completeness << STATE_COMPLETENESS_SHIFT);
    conversation_add_segment(c, s, frame);
    if (VERDICTS) {
        c->next[flow] = s->seq + 1;
        c->state |= (uint16_t)(STATE_SENT << flow);
    }
}

/* Creates the conversation of a tuple that is not in the table, in a bucket that has room, with all that its
 * first segment does. */
static __attribute__((noinline)) void PASS(create)(struct drain *d, struct bucket *b,
                                                   const struct candidate *candidate)
{
    struct table *const t = d->table;
    struct segment *const s = candidate->segment;
    const uint32_t hash = s->hash, record = table_add_record(t, FAMILY);
    if (record == RECORD_NONE || (VERDICTS && histories_reserve(&d->shard->histories[FAMILY], record)) ||
        drain_note_creation(d, FAMILY, drain_position(d, s, candidate->frame), record)) {
        d->out_of_memory = true;
        return;
    }
    table_fill_slot(t, b, hash, record);
    if (unlikely(b != table_bucket(t, hash)))
        drain_note_stray(d, hash, record);
    struct conversation *const c = table_record(t, record, FAMILY);
    conversation_begin(c, s, candidate->frame, FAMILY);
    if (VERDICTS && drain_begin_history(d, c, record, s, candidate->frame))
        d->out_of_memory = true;
    if (likely(is_plain_syn(s)))
        PASS(apply_first_syn)(d, c, s, candidate->frame);
    else if (drain_apply_first(d, c, record, s, candidate->frame))
        d->out_of_memory = true;
    if (MARK)
        s->record = record;
}

/* For a tuple whose home bucket is full and has not its tag. True: a candidate in the buckets behind. Else
 * its conversation was created there. */
static __attribute__((noinline)) bool PASS(find_further)(struct drain *d, struct candidate *candidate)
{
    const struct table *t = d->table;
    const uint32_t hash = candidate->segment->hash;
    struct bucket *b = table_bucket(t, hash);
    unsigned match;
    do {
        b = table_next_bucket(t, b);
        match = bucket_match(b, hash);
    } while (!match && bucket_is_full(b));
    if (!match) {
        PASS(create)(d, b, candidate);
        return false;
    }
    candidate_set(candidate, t, b->record[first_slot(match)], FAMILY);
    drain_note_stray(d, hash, candidate->record);
    return true;
}

/* All but the fast path. 0, or -1; 1: a candidate was found now, to be updated once its record has come. */
static __attribute__((noinline)) int PASS(update)(struct drain *d, struct candidate *candidate)
{
    assert((candidate->record == RECORD_NONE) == (candidate->conversation == &no_conversation.c));
    if (FIND_CREATES && likely(PASS(update_synack)(d, candidate)))
        return 0;
    if (FIND_CREATES && candidate->conversation == &no_conversation.c)
        return PASS(find_further)(d, candidate);
    return drain_update(d, candidate);
}

/* The first slot with the segment's tag in its home bucket makes a candidate. Whether it is the right one is
 * left to update: an equal tag of another tuple, or a conversation that is superseded meanwhile, are rare. If
 * there is no such slot, and the bucket is full, the next two are prefetched, and update looks at them: at
 * once, the first would be a miss to wait for, a sixth of the drain's time with 1.5 M conversations. 1 % of
 * the tuples lie there, or beyond. False: the tuple is nowhere in the table, and its home bucket, *home, has
 * room. */
ALWAYS_INLINE bool PASS(find)(const struct table *t, struct candidate *candidate, struct bucket **home)
{
    const uint32_t hash = candidate->segment->hash;
    struct bucket *b = *home = table_bucket(t, hash);
    const unsigned match = bucket_match(b, hash);
    if (likely(match)) {
        candidate_set(candidate, t, b->record[first_slot(match)], FAMILY);
        return true;
    }
    candidate->record = RECORD_NONE;
    candidate->conversation = (struct conversation *)(uintptr_t)&no_conversation.c;
    if (!bucket_is_full(b))
        return false;
    b = table_next_bucket(t, b);
    prefetch_line(b);
    prefetch_line(table_next_bucket(t, b));
    return true;
}

/* A FIN or RST with a time stamp leaves it in its conversation's history. */
ALWAYS_INLINE void PASS(fetch_stamps)(const struct drain *d, const struct candidate *c)
{
    const struct histories *const h = &d->shard->histories[FAMILY];
    if (VERDICTS && unlikely(c->segment->boundary & SEGMENT_BOUNDARY_STAMPED) && c->record && h->stamps.count)
        prefetch_line(stamps_of(h, c->record));
}

/* Some steps of the passes that take part, a segment each a step. 0 or -1. */
ALWAYS_INLINE int PASS(run)(struct drain *d, struct passes *p, uint64_t steps, enum stages stages)
{
    assert(!(stages & UPDATE) || steps <= p->waiting);
    assert(p->waiting + (stages & FIND ? steps : 0) < RING_SIZE);
    const size_t size = segment_size(FAMILY);
    /* Copies in registers: the compiler would reload these in each step, since the step before may have
     * changed them. */
    struct table table = *d->table;
    const uint64_t *const port_word_added = d->shard->port_word_added;
    struct candidate *in = p->in, *out = p->out;
    while (steps) {
        uint64_t n = steps, first_frame = 0;
        if (stages & FETCH)
            n = MIN(n, p->fetch.left);
        if (stages & FIND) {
            n = MIN(n, p->find.left);
            first_frame = p->find.lane->first_frame;
        }
        uint8_t *fetch_at = p->fetch.at, *find_at = p->find.at;
        for (uint64_t i = n; i; i--) {
            if (stages & UPDATE) {
                struct candidate *const c = out;
                out = ring_next(out);
                if (unlikely(!PASS(update_established)(d, c, port_word_added))) {
                    const int result = PASS(update)(d, c);
                    if (result < 0)
                        return -1;
                    if (result) {
                        *in = *c;
                        in = ring_next(in);
                    }
                    table = *d->table;
                }
            }
            if (stages & FETCH) {
                prefetch_line(table_bucket(&table, ((const struct segment *)(const void *)fetch_at)->hash));
                fetch_at += size;
            }
            if (stages & FIND) {
                struct candidate *const c = in;
                struct bucket *home;
                c->segment = (struct segment *)(void *)find_at;
                /* NOLINTNEXTLINE(analyzer-null-dereference): n is 0 where there is no list */
                c->frame = first_frame + (c->segment->position >> 8);
                find_at += size;
                in = ring_next(in);
                if (unlikely(!PASS(find)(&table, c, &home)) && FIND_CREATES) {
                    in = c;
                    PASS(create)(d, home, c);
                    table = *d->table;
                } else {
                    PASS(fetch_stamps)(d, c);
                }
            }
        }
        steps -= n;
        if (stages & FETCH)
            segment_cursor_advance(&p->fetch, fetch_at, n, FAMILY);
        if (stages & FIND)
            segment_cursor_advance(&p->find, find_at, n, FAMILY);
    }
    p->in = in;
    p->out = out;
    p->waiting = ((uintptr_t)in - (uintptr_t)out) % RING_BYTES / sizeof *in;
    return 0;
}

/* Drains the lists with this index, one a lane. Passes start one after the other, and stop so. 0 or -1. */
static int PASSES(struct drain *d, const struct batch *batch, size_t list)
{
    uint64_t left = 0; /* segments to be found */
    for (unsigned i = 0; i < batch->lanes_used; i++)
        left += segment_list_count(&batch->lane[i].lists[list], FAMILY);
    if (!left)
        return 0;
    struct segment_cursor begin = {
        .lane = batch->lane, .lanes_end = batch->lane + batch->lanes_used, .list = list};
    segment_cursor_enter(&begin, FAMILY);
    struct candidate ring[RING_SIZE] ALIGNED(2 * RING_BYTES);
    struct passes p = {.fetch = begin, .find = begin, .in = ring, .out = ring};
    bool failed = PASS(run)(d, &p, MIN(left, (uint64_t)FETCH_DISTANCE), FETCH);
    while ((left || p.waiting) && !failed) {
        const bool fetches = left > FETCH_DISTANCE;
        const bool grows = d->table->used + RING_SIZE + CANDIDATES_REFILL >= d->table->limit;
        uint64_t steps = fetches ? left - FETCH_DISTANCE : left;
        if (!steps || grows || p.waiting < CANDIDATES_MIN || p.waiting > RING_SIZE / 2) {
            while (p.waiting && !failed)
                failed = PASS(run)(d, &p, p.waiting, UPDATE);
            assert(failed || !p.waiting);
            if (unlikely(d->stray_count))
                drain_move_strays(d);
            failed |= grows && table_grow(d->table);
            steps = MIN(steps, (uint64_t)CANDIDATES_REFILL);
            if (failed || !steps)
                continue;
            failed = fetches ? PASS(run)(d, &p, steps, FETCH | FIND) : PASS(run)(d, &p, steps, FIND);
        } else {
            steps = MIN(steps, (uint64_t)MIN(p.waiting, STEPS_MAX));
            failed = fetches ? PASS(run)(d, &p, steps, FETCH | FIND | UPDATE)
                             : PASS(run)(d, &p, steps, FIND | UPDATE);
        }
        left -= steps;
    }
    return failed || d->out_of_memory ? -1 : 0;
}

#undef PASS
#undef PASS_JOIN
#undef PASS_PASTE
#undef FIND_CREATES
#undef PASSES
#undef FAMILY
#undef RULES_40
#undef MARK
#undef FORGETS
