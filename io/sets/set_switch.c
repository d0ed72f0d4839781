/* The switch between the two ways of reading a set.
 *
 * Files are read one after the other, in parallel, as long as they do not overlap in time. A frame that is
 * later than the first frame of the next file is a *late* frame: from there on the files have to be merged.
 * By the time somebody sees one, batches behind it are claimed, and may be decoded.
 *
 *                  drain: a late frame was reported, or the place where one is expected is reached
 *         +---------------------------------------------------------------------+
 *         |                                                                     v
 *   +----------+   resume: none was reported, and the place is unknown     +----------+
 *   | sequence | <-------------------------------------------------------- | draining |
 *   +----------+                                                           +----------+
 *         ^                                                                     |
 *         |                                                                     | begin_merging: all claims
 *         |  end_merging: one file is left and the next begins later,           | are settled
 *         |  or no file is left, or memory is short      +---------+            |
 *         +--------------------------------------------- | merging | <----------+
 *                                                        +---------+
 *
 * Where the frames of a file are sorted, the merge is there from the beginning to the end, and does all of it.
 *
 * The claimer owns the state and makes all transitions. The settler, who sees batches in order, never looks
 * at the state. It has three things to do:
 *
 *   late     The batch has a late frame: keeps the frame's place, starts a new accepted epoch, sets late.
 *   accept   A batch of an older epoch lies behind a late frame and is rejected. A mapped region is read
 *            again from its file; the chunk of a stream is kept, since a stream cannot be read again.
 *   settled  Keeps the place behind the batch, and counts the batch as settled.
 *
 *   claimer                                    settler
 *   claims batches 7, 8 (epoch 0)              settles 5; 6 is late: accepted_epoch = 1, late = true
 *   sees late: drain                           rejects 7
 *   settled < claimed: nothing to claim        rejects 8: settled = claimed
 *   begin_merging: takes the rejected chunks   -
 *     back, epoch = 1, late = false
 *   claims batch 9 (epoch 1), merged           accepts 9
 *
 * So late is set before settled counts the late batch, and a claimer that finds settled (acquire) equal to
 * claimed finds everything that settlers have written. None writes more until the next claim. */
#include "io/sets/set_switch.h"
#include "io/sets/set_source_internal.h"

#include <assert.h>

/* Pairs with the release in switch_settled(). */
static bool is_drained(const struct set_switch *sw)
{
    return atomic_load_explicit(&sw->settled, memory_order_acquire) == sw->claimed;
}

static bool is_late(const struct set_switch *sw)
{
    return atomic_load_explicit(&sw->late, memory_order_relaxed);
}

bool switch_is_settled_in_time(const struct set_switch *sw)
{
    return is_drained(sw) && !is_late(sw);
}

void switch_stamp(struct set_switch *sw, struct batch *b)
{
    b->epoch = sw->epoch;
    sw->claimed++;
}

/* Transitions. */

void switch_init(struct set_switch *sw, bool merges)
{
    sw->state = merges ? SWITCH_MERGING : SWITCH_SEQUENCE;
}

void switch_drain(struct set_switch *sw)
{
    assert(sw->state == SWITCH_SEQUENCE);
    sw->state = SWITCH_DRAINING;
}

static void resume(struct set_switch *sw)
{
    assert(sw->state == SWITCH_DRAINING && switch_is_settled_in_time(sw));
    sw->state = SWITCH_SEQUENCE;
}

/* The uses in start go over. */
static void begin_merging(struct set_source *s, struct input *in, const struct cursor_start *start)
{
    assert(s->sw.state == SWITCH_DRAINING && switch_is_settled_in_time(&s->sw));
    s->sw.state = SWITCH_MERGING;
    merging_begin(s, in, start);
}

void switch_end_merging(struct set_switch *sw)
{
    assert(sw->state == SWITCH_MERGING);
    sw->state = SWITCH_SEQUENCE;
}

/* The claimer. */

/* The sequence goes back to the late frame: what was claimed behind it is to be claimed once more. Returns
 * the late frame's place, with its uses. */
static struct cursor_start take_back(struct set_source *s)
{
    struct set_switch *sw = &s->sw;
    const struct cursor_start start = sw->start;
    sequence_rewind(s, sw->next_input);
    for (struct chunk *chunk = sw->rejected_first, *next; chunk; chunk = next) {
        struct input *in = set_input_of(s, chunk->capture);
        next = chunk->next;
        chunk->next = NULL;
        if (in->again_last)
            in->again_last->next = chunk;
        else
            in->again_first = chunk;
        in->again_last = chunk;
    }
    sw->rejected_first = sw->rejected_last = NULL;
    sw->start = (struct cursor_start){0};
    sw->epoch = sw->accepted_epoch;
    atomic_store_explicit(&sw->late, false, memory_order_relaxed);
    return start;
}

/* Leaves draining for one of the other states, once it is over. */
static enum claim claim_draining(struct set_source *s)
{
    struct set_switch *sw = &s->sw;
    if (!is_drained(sw))
        return CLAIM_NOTHING;
    if (is_late(sw)) {
        const struct cursor_start start = take_back(s);
        begin_merging(s, set_input_of(s, start.capture), &start);
        return CLAIM_NOTHING;
    }
    const struct switch_place place = s->sequence.first ? sequence_place(&s->sequence) : sw->place;
    if (place.is_known) {
        struct input *in = s->sequence.input;
        const struct cursor_start start = sequence_leave(s, &place);
        begin_merging(s, in, &start);
    } else {
        s->sequence.overlap_at = UINT64_MAX;
        resume(sw);
    }
    return CLAIM_NOTHING;
}

enum claim switch_claim(struct set_source *s, struct batch *b)
{
    struct set_switch *sw = &s->sw;
    if (sw->state == SWITCH_SEQUENCE && is_late(sw))
        switch_drain(sw);
    for (;;) {
        const enum switch_state state = sw->state;
        enum claim claim = CLAIM_NOTHING;
        /* A merge ends with the batch that it is at: the frames of the other files may be many. A stream alone
         * ends by itself. */
        if (state != SWITCH_SEQUENCE && stop_is_asked(s->params.stop) && !merging_ends_itself(s))
            return CLAIM_END;
        switch (state) {
        case SWITCH_SEQUENCE:
            claim = sequence_claim(s, b);
            break;
        case SWITCH_DRAINING:
            claim = claim_draining(s);
            break;
        case SWITCH_MERGING:
            claim = merging_claim(s, b);
            break;
        }
        /* The state that follows may have something at once. */
        if (claim != CLAIM_NOTHING || sw->state == state)
            return claim;
    }
}

/* The settler. */

void switch_late(struct set_switch *sw, struct batch *b, const struct lane *lane)
{
    struct capture *c = b->input;
    sw->start = (struct cursor_start){
        .capture = capture_use(c),
        .chunk = b->piece,
        .position = lane->resumed,
        .context = lane->reader.context,
        .skip = lane->frames - lane->resumed_frames,
        .frames = lane->first_frame + lane->frames - 1 - b->input_base,
        .lane = (unsigned)(lane - b->lane) + 1,
        .limit = lane->reader.limit,
    };
    if (sw->start.chunk)
        atomic_fetch_add_explicit(&sw->start.chunk->users, 1, memory_order_relaxed);
    else
        sw->start.limit = MIN(b->window.end, c->records_end);
    sw->next_input = b->mark;
    sw->accepted_epoch++;
    atomic_store_explicit(&sw->late, true, memory_order_relaxed);
}

bool switch_accept(struct set_switch *sw, struct batch *b)
{
    if (b->epoch == sw->accepted_epoch)
        return true;
    struct chunk *chunk = b->piece;
    if (!chunk)
        return false;
    atomic_fetch_add_explicit(&chunk->users, 1, memory_order_relaxed);
    if (sw->rejected_last)
        sw->rejected_last->next = chunk;
    else
        sw->rejected_first = chunk;
    sw->rejected_last = chunk;
    return false;
}

void switch_settled(struct set_switch *sw, const struct batch *b)
{
    sw->place = (struct switch_place){0};
    if (b->lanes_used) {
        const struct lane *last = &b->lane[b->lanes_used - 1];
        /* A lane without frames may be one that does not count, and its position with it. */
        sw->place = (struct switch_place){.is_known = last->reader.state == LANE_DONE && last->frames,
                                          .position = last->reader.position,
                                          .context = last->reader.context,
                                          .frames = last->first_frame + last->frames - 1 - b->input_base};
    }
    atomic_fetch_add_explicit(&sw->settled, 1, memory_order_release);
}

void switch_close(struct set_switch *sw)
{
    if (sw->start.chunk)
        chunk_drop(sw->start.chunk);
    if (sw->start.capture)
        capture_drop(sw->start.capture);
    for (struct chunk *chunk = sw->rejected_first, *next; chunk; chunk = next) {
        next = chunk->next;
        chunk_drop(chunk);
    }
}
