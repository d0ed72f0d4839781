/* Settle, one worker at a time and in batch order: proves that each lane begins where the one before it
 * ended, and numbers the frames. */
#include "engine/pipeline/settle.h"
#include "engine/pipeline/decode_batch.h"
#include "engine/pipeline/steps.h"

#include <assert.h>

static bool has_ignored_frames(const struct pipeline *p, uint64_t first, uint64_t frames)
{
    for (size_t i = 0; i < p->params.ignore_count; i++)
        if (p->params.ignore[i].first < first + frames && p->params.ignore[i].last >= first)
            return true;
    return false;
}

/* Decodes the lane again if it was not read from where the chain stands and with the chain's context, or if
 * some of its frames, whose numbers are known only now, are to be ignored. */
static void prove_lane(struct pipeline *p, struct batch *b, struct lane *lane)
{
    if (lane->reader.state == LANE_LOST || lane->start != p->chain || lane->reader.context != p->context) {
        lane->reader.context = p->context;
        b->redone++;
        decode_lane_again(p, b, lane, p->chain);
    } else if (unlikely(p->params.ignore_count) && has_ignored_frames(p, lane->first_frame, lane->frames)) {
        decode_lane_again(p, b, lane, p->chain);
    }
}

/* The lane stopped at a change or a fault: does it continue behind it? */
static bool goes_on(struct pipeline *p, struct batch *b, struct lane *lane)
{
    struct source *source = p->params.source;
    if (lane->reader.state == LANE_CHANGE) {
        source->ops->change(source, b, lane);
        p->context = lane->reader.context;
    }
    return lane->reader.state != LANE_FAULT || (source->ops->resync && source->ops->resync(source, b, lane));
}

/* At each change or fault in the lane: has the source read or skip it, and decodes what follows. */
static void follow_changes(struct pipeline *p, struct batch *b, struct lane *lane)
{
    const void *start_context = lane->reader.context;
    while (unlikely(lane->reader.state == LANE_CHANGE || lane->reader.state == LANE_FAULT) &&
           goes_on(p, b, lane))
        decode_lane_on(p, b, lane, start_context);
}

/* Moves the chain behind the lane. The input ends here for a lane that met a fault, or a frame later than the
 * batch's time limit. */
static void follow_lane(struct pipeline *p, struct batch *b, struct lane *lane)
{
    struct source *source = p->params.source;
    p->next_frame += lane->frames;
    p->chain = lane->reader.position;
    if (unlikely(lane->reader.state == LANE_LATE)) {
        source->ops->late(source, b, lane);
        p->broken = true;
    }
    if (unlikely(lane->reader.state == LANE_FAULT)) {
        source->ops->fault(source, b, lane);
        p->broken = true;
    }
}

static void settle_lane(struct pipeline *p, struct batch *b, struct lane *lane)
{
    lane->first_frame = p->next_frame;
    if (lane->exact) {
        p->chain = lane->begin;
        p->context = lane->reader.context;
    }
    if (p->broken || p->chain >= lane->reader.limit) {
        lane_clear(p, lane);
        return;
    }
    prove_lane(p, b, lane);
    follow_changes(p, b, lane);
    follow_lane(p, b, lane);
    if (p->params.keeps)
        return; /* counts, fragments and FTP are packed as they are */
    if (decode_counts_move(&p->totals.decoded, &lane->counts))
        pipeline_fail(p, PIPELINE_MEMORY);
    if (unlikely(lane->fragments.used))
        settle_fragments(p, lane);
    if (unlikely(lane->ftp.count))
        settle_ftp(p, b, lane);
}

/* Tells shards what they need of earlier lanes to drop copies. */
static void settle_packet_ids(struct pipeline *p, struct batch *b)
{
    for (unsigned i = 0; i < b->lanes_used; i++) {
        struct packet_id_list *ids = &b->lane[i].packet_ids;
        ids->restarts = i == 0 && b->restarts_time;
        if (ids->restarts)
            p->latest_segment = INT64_MIN;
        ids->latest_before = p->latest_segment;
        p->latest_segment = MAX(p->latest_segment, packet_id_list_latest(ids));
    }
}

/* What the batch adds to the run's totals. */
static void count_batch(struct pipeline *p, const struct batch *b)
{
    struct pipeline_totals *t = &p->totals;
    t->frames += b->frames;
    t->batches++;
    t->lanes += b->lanes_used;
    t->lanes_redone += b->redone;
    atomic_store_explicit(&p->shown_frames, t->frames, memory_order_relaxed);
    atomic_store_explicit(&p->shown_bytes, t->decoded.captured_bytes, memory_order_relaxed);
}

static void settle_batch(struct pipeline *p, struct batch *b)
{
    struct source *source = p->params.source;
    if (b->first) {
        p->broken = false;
        p->input_base = p->next_frame - 1 - b->frames_before;
    }
    const uint64_t frames_back = p->totals.decoded.order.frames_back;
    if (b->restarts_time)
        time_order_restart(&p->totals.decoded.order);
    b->input_base = p->input_base;
    b->first_frame = p->next_frame;
    b->announcements.count = 0;
    b->announcements.before = p->announced;
    if (source->ops->accept && !source->ops->accept(source, b))
        p->broken = true;
    for (unsigned i = 0; i < b->lanes_used; i++)
        settle_lane(p, b, &b->lane[i]);
    if (unlikely(p->params.drop_copies))
        settle_packet_ids(p, b);
    if (source->ops->settled)
        source->ops->settled(source, b);
    b->frames = p->next_frame - b->first_frame;
    if (unlikely(p->params.expire) && settle_clock(p, b, p->totals.decoded.order.frames_back == frames_back))
        pipeline_fail(p, PIPELINE_MEMORY);
    assert(b->frames < LANE_FRAMES_MAX);
    count_batch(p, b);
}

bool settle_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    uint64_t n = atomic_load_explicit(&p->settled, memory_order_relaxed);
    struct batch *b = &p->batches[n & p->ring_mask];
    if (atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_DECODED || !turn_take(&p->settle_turn))
        return false;
    bool did = false;
    p->redecoder.spare = &w->spare;
    for (n = atomic_load_explicit(&p->settled, memory_order_relaxed);; n++) {
        b = &p->batches[n & p->ring_mask];
        /* Pairs with the release of decoding. */
        if (atomic_load_explicit(&b->state, memory_order_acquire) != BATCH_DECODED ||
            !pipeline_is_batch_sound(p, n))
            break;
        assert(b->number == n); /* its place is free for another one only once it is written */
        settle_batch(p, b);
        if (unlikely(pipeline_spoils(p, n)))
            break;
        atomic_store_explicit(&b->drained, 0, memory_order_relaxed);
        /* Pairs with the acquire of numbering; that of settled, with the acquire of draining. */
        atomic_store_explicit(&b->state, p->params.keeps ? BATCH_NUMBERED : BATCH_SETTLED,
                              memory_order_release);
        atomic_store_explicit(&p->settled, n + 1, memory_order_release);
        if (p->params.keeps) /* they are formatted next */
            atomic_store_explicit(&p->numbered, n + 1, memory_order_release);
        did = true;
    }
    turn_give_back(&p->settle_turn);
    return did;
}
