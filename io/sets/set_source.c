/* The set source: its operations, its creation, and its counters for the display and the summary.
 *
 *   a batch of           batch->input   batch->piece
 *   a mapped file        the capture    NULL
 *   a stream             the capture    the chunk
 *   merged frames        NULL           struct merged
 */
#include "io/formats/format.h"
#include "io/guard.h"
#include "io/sets/set_source_internal.h"

#include <sched.h>
#include <stdlib.h>

void set_wait_for_turn(struct input *in)
{
    while (!turn_take(&in->turn))
        sched_yield();
}

struct input *set_input_of(const struct set_source *s, const struct capture *c)
{
    size_t i = 0;
    while (s->inputs[i]->order != c->order)
        i++;
    return s->inputs[i];
}

static enum claim set_claim(struct source *source, struct batch *b)
{
    return switch_claim((struct set_source *)source, b);
}

static void set_guess(struct source *source, const struct batch *b, struct lane *lane)
{
    (void)source;
    const struct capture *c = b->input;
    lane->start = c->format->guess(c, &b->window, &lane->reader);
}

static void set_walk(struct source *source, struct batch *b, struct walk *walk)
{
    (void)source;
    const struct capture *c = b->input;
    if (c)
        capture_walk(c, &b->window, walk);
    else
        merging_walk(b->piece, walk);
}

static bool set_run(struct source *source, const struct batch *b, const struct lane *lane,
                    struct record_run *run)
{
    (void)source;
    const struct capture *c = b->input;
    return c && capture_run_at(c, &b->window, &lane->reader, run);
}

/* Pages leave the page table once a whole piece of the file is decoded, by the worker that decoded the last
 * of it. Removing them costs as much as mapping them: 44 of 155 ms for a file of 1.5 GB when one thread
 * unmaps it at the end. But each removal flushes the TLBs of all workers, so it is not done batch by batch
 * (two threads, frames of 491 bytes: 0.192 s, and 0.174 s in pieces). A batch that is read again finds its
 * pages in the page cache. */
static void set_decoded(struct source *source, struct batch *b)
{
    (void)source;
    struct capture *c = b->input;
    if (c && !b->piece && c->decoded)
        capture_decoded(c, b->lane[0].begin, b->lane[b->lanes_used - 1].reader.limit);
}

static bool set_guard(struct source *source, struct batch *b, void (*work)(void *), void *argument)
{
    (void)source;
    struct capture *c = b->input;
    if (c && !b->piece)
        b->window.end = capture_size(c); /* another batch may have found the file's new end already */
    if (capture_guard(work, argument))
        return true;
    if (!c) {
        merging_find_ends(b->piece);
    } else {
        capture_find_end(c);
        b->window.end = capture_size(c);
    }
    return false;
}

struct change_job {
    struct batch *batch;
    struct lane *lane;
};

static void change_lane(void *argument)
{
    const struct change_job *job = argument;
    struct capture *c = job->batch->input;
    c->format->change(c, &job->batch->window, &job->lane->reader);
}

static void set_change(struct source *source, struct batch *b, struct lane *lane)
{
    struct change_job job = {.batch = b, .lane = lane};
    while (!set_guard(source, b, change_lane, &job))
        ;
    piece_change((struct set_source *)source, b->input, lane->reader.context);
}

/* Of the batch's input, behind the lane's last frame. */
static uint64_t frames_up_to(const struct batch *b, const struct lane *lane)
{
    return lane->first_frame + lane->frames - 1 - b->input_base;
}

/* Where lanes up to this one began, for gaps. */
static void note_lanes(const struct batch *b, unsigned end)
{
    for (unsigned i = 0; b->input && !b->piece && i < end; i++)
        if (b->lane[i].frames)
            gap_note_record(b->input, b->lane[i].start);
}

static bool set_resync(struct source *source, struct batch *b, struct lane *lane)
{
    const struct set_source *s = (const struct set_source *)source;
    note_lanes(b, (unsigned)(lane - b->lane) + 1);
    return b->input &&
           gap_pass(b->input, b->piece, &b->window, &lane->reader, frames_up_to(b, lane), s->params.stop);
}

static void set_fault(struct source *source, const struct batch *b, const struct lane *lane)
{
    struct set_source *s = (struct set_source *)source;
    struct capture *c = b->input;
    gap_end(c, b->piece, &b->window, &lane->reader, frames_up_to(b, lane));
    piece_fault(s, c);
}

static void set_late(struct source *source, struct batch *b, struct lane *lane)
{
    switch_late(&((struct set_source *)source)->sw, b, lane);
}

static bool set_accept(struct source *source, struct batch *b)
{
    return switch_accept(&((struct set_source *)source)->sw, b);
}

static void set_settled(struct source *source, struct batch *b)
{
    note_lanes(b, b->lanes_used);
    standing_note(b);
    piece_settled((struct set_source *)source, b);
    switch_settled(&((struct set_source *)source)->sw, b);
}

static bool set_prepare(struct source *source, bool idle)
{
    return sequence_prepare((struct set_source *)source, idle);
}

static struct origin set_origin(struct source *source, const struct batch *b, uint64_t index)
{
    const struct set_source *s = (const struct set_source *)source;
    const struct capture *c = b->input;
    uint64_t frame = b->first_frame + index - b->input_base;
    if (!c)
        c = merging_origin(b->piece, index, &frame);
    return (struct origin){c->path, frame, s->numbers[c->order], piece_continues(s, c)};
}

static void set_release(struct source *source, struct batch *b)
{
    (void)source;
    if (!b->input) {
        merging_release(b->piece);
        return;
    }
    if (b->piece)
        chunk_drop(b->piece);
    capture_drop(b->input);
}

static const struct source_ops ops = {
    .claim = set_claim,
    .guess = set_guess,
    .walk = set_walk,
    .run = set_run,
    .guard = set_guard,
    .decoded = set_decoded,
    .change = set_change,
    .late = set_late,
    .accept = set_accept,
    .settled = set_settled,
    .prepare = set_prepare,
    .origin = set_origin,
    .resync = set_resync,
    .fault = set_fault,
    .release = set_release,
};

struct set_source *set_source_create(const struct set_source_params *params)
{
    struct set_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->source.ops = &ops;
    s->source.ends_itself = params->stop;
    s->params = *params;
    s->inputs = calloc(params->count ? params->count : 1, sizeof(struct input *));
    s->numbers = calloc(params->count ? params->count : 1, sizeof *s->numbers);
    s->sequence.read_ahead = read_ahead_create();
    for (size_t i = 0; s->inputs && i < params->count; i++) {
        s->inputs[i] = input_create(params->paths[i], i, params->problems, params->stop);
        if (!s->inputs[i])
            goto fail;
        s->inputs[i]->reads = params->reads;
        s->inputs[i]->resyncs = params->resyncs;
        s->inputs[i]->notes_interfaces = params->notes_interfaces;
        if (params->shifts)
            s->inputs[i]->shift = params->shifts[i];
        if (params->resumes)
            s->inputs[i]->resume = s->inputs[i]->place = params->resumes[i];
    }
    if (!s->inputs || !s->numbers || !s->sequence.read_ahead)
        goto fail;
    order_inputs(s);
    for (size_t i = 0; i < params->count; i++)
        s->numbers[s->inputs[i]->order] = (uint32_t)i;
    piece_plan(s);
    switch_init(&s->sw, params->sort_window && params->count);
    return s;
fail:
    set_source_destroy(s);
    return NULL;
}

struct source *set_source_source(struct set_source *s)
{
    return &s->source;
}

size_t set_source_opened(const struct set_source *s)
{
    size_t n = atomic_load_explicit(&s->opened, memory_order_relaxed);
    for (size_t i = 0; i < s->params.count; i++) {
        const struct input *in = s->inputs[i];
        n -= in && in->counted && in->kind == INPUT_STREAM && !in->began;
    }
    return n;
}

uint64_t set_source_bytes_total(const struct set_source *s)
{
    return atomic_load_explicit(&s->bytes_total, memory_order_relaxed);
}

uint64_t set_source_bytes_done(const struct set_source *s)
{
    uint64_t n = atomic_load_explicit(&s->bytes_mapped, memory_order_relaxed);
    for (size_t i = 0; i < s->params.count; i++)
        n += atomic_load_explicit(&s->inputs[i]->consumed, memory_order_relaxed);
    return n;
}

uint64_t set_source_bytes(const struct set_source *s, bool interrupted)
{
    if (interrupted)
        return set_source_bytes_done(s);
    uint64_t n = atomic_load_explicit(&s->bytes_total, memory_order_relaxed);
    for (size_t i = 0; i < s->params.count; i++)
        if (!s->inputs[i]->sized)
            n += atomic_load_explicit(&s->inputs[i]->consumed, memory_order_relaxed);
    return n;
}

void set_source_note_unread(struct set_source *s)
{
    for (size_t i = 0; i < s->params.count; i++)
        if (!s->inputs[i]->ended)
            input_note_unread(s->inputs[i]);
}

void set_source_destroy(struct set_source *s)
{
    if (!s)
        return;
    sequence_close(&s->sequence);
    switch_close(&s->sw);
    cursor_heap_clear(&s->heap);
    for (size_t i = 0; s->inputs && i < s->params.count; i++)
        input_free(s->inputs[i]);
    free(s->inputs);
    free(s->numbers);
    free(s);
}
