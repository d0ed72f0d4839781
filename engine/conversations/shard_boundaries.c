/* A shard's part in boundaries: it finds them, tells their time, and keeps in the histories of its conversations what
 * they leave there. */
#include "engine/conversations/shard_rules.h"

/* Clock before each lane: the latest time stamp of all boundaries before. */
void drain_begin_clock(struct drain *d, const struct batch *batch)
{
    int64_t clock = d->shard->clock;
    d->batch = batch;
    d->lane = batch->lane;
    d->clock = d->lane_clock;
    for (unsigned i = 0; i < batch->lanes_used; i++) {
        const struct boundary_list *list = &batch->lane[i].boundaries;
        d->lane_clock[i] = (struct lane_clock){.before = clock};
        if (list->count)
            clock = MAX(clock, list->items[list->count - 1].clock);
    }
    d->end_clock = clock;
}

static __attribute__((noinline)) void seek_lane(struct drain *d, uint64_t frame)
{
    const struct lane *const first = d->batch->lane, *const last = first + d->batch->lanes_used - 1;
    for (; frame >= d->lane->first_frame + d->lane->frames && d->lane < last; d->lane++)
        d->clock++;
    for (; frame < d->lane->first_frame && d->lane > first; d->lane--)
        d->clock--;
}

/* To the lane that has the frame. */
ALWAYS_INLINE const struct boundary_list *enter_lane(struct drain *d, uint64_t frame)
{
    if (unlikely(frame - d->lane->first_frame >= d->lane->frames))
        seek_lane(d, frame);
    return &d->lane->boundaries;
}

/* Of one that is far from the one before, or was put together. The next one is looked for near what is found. */
static __attribute__((noinline)) const struct boundary *
search_boundary(uint32_t *last, const struct boundary_list *list, const struct segment *s)
{
    const uint32_t n = boundary_count_up_to(list, s->position);
    if (n)
        *last = n - 1;
    return n && list->items[n - 1].position == s->position ? &list->items[n - 1] : NULL;
}

/* The place is near that of the one before, so the lowest bits tell it; of segments that begin a conversation and of
 * others apart. */
const struct boundary *drain_boundary_of(struct drain *d, const struct segment *s, uint64_t frame,
                                         bool begins)
{
    const struct boundary_list *const list = enter_lane(d, frame);
    uint32_t *const last = &d->clock->last[begins];
    const uint32_t from = s->boundary - *last, way = from & SEGMENT_BOUNDARY_PLACE;
    const uint32_t back = way > SEGMENT_BOUNDARY_PLACE / 2 ? SEGMENT_BOUNDARY_PLACE + 1 : 0;
    const uint32_t at = *last + way - back;
    if (unlikely(at >= list->count || list->items[at].position != s->position))
        return search_boundary(last, list, s);
    *last = at;
    return &list->items[at];
}

int64_t drain_clock_at(struct drain *d, const struct segment *s, uint64_t frame, const struct boundary *b)
{
    const struct boundary_list *const list = enter_lane(d, frame);
    const int64_t clock = MAX(d->clock->before, s->time);
    if (b)
        return MAX(clock, b->clock);
    const uint32_t n = boundary_count_up_to(list, s->position);
    return n ? MAX(clock, list->items[n - 1].clock) : clock;
}

int drain_begin_history(struct drain *d, struct conversation *c, uint32_t record, const struct segment *s,
                        uint64_t frame)
{
    struct histories *const h = drain_histories(d);
    histories_begin(h, record, c);
    const struct boundary *const b =
        rules_is_syn(s->flags) && !(s->bits & SEGMENT_QUOTED) ? drain_boundary_of(d, s, frame, true) : NULL;
    return b ? histories_note_first_syn(h, record, s->bits & SEGMENT_FLOW, b) : 0;
}

/* But for a SYN/ACK: the fast path looks at none of its own. 0 or -1. */
static int note_stamp(const struct drain *d, uint32_t record, const struct segment *s,
                      const struct boundary *b)
{
    if (!b || !(b->bits & BOUNDARY_TIMESTAMP) || rules_is_synack(s->flags))
        return 0;
    return histories_note_stamp(drain_histories(d), record, s->bits & SEGMENT_FLOW, b->timestamp);
}

static void note_end(struct conversation *c, const struct segment *s)
{
    if (s->flags & TCP_FIN)
        history_note_fin(c, s);
    if (s->flags & TCP_RST)
        history_note_rst(c, s);
}

void drain_see_unusual_close(struct drain *d, const struct candidate *candidate)
{
    struct conversation *const c = candidate->conversation;
    const struct segment *const s = candidate->segment;
    if (note_stamp(d, candidate->record, s, drain_boundary_of(d, s, candidate->frame, false)))
        d->out_of_memory = true;
    note_end(c, s);
    if (!(s->flags & TCP_RST))
        conversation_move_next(c, s->bits & SEGMENT_FLOW, s->seq + s->payload + 1);
}

int drain_see_boundary(struct drain *d, struct conversation *c, uint32_t record, const struct segment *s,
                       const struct boundary *b)
{
    struct histories *const all = drain_histories(d);
    if (note_stamp(d, record, s, b))
        return -1;
    if (rules_is_syn(s->flags) && conversation_frames(c) > 1 && histories_count_syn_retry(all, record))
        return -1;
    if (rules_is_synack(s->flags))
        histories_note_synack(all, record, c, s->time);
    if (s->flags & TCP_SYN)
        beginning_of(all, record)->knows |= (uint8_t)(BEGINNING_ISN << (s->bits & SEGMENT_FLOW));
    note_end(c, s);
    return 0;
}
