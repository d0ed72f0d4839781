/* Merging: frame by frame, always the earliest of the inputs' next frames, as mergecap does. Its batches hold
 * descriptions of frames; the bytes stay in the captures and chunks that they came from. */
#include "io/sets/set_source_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { MERGED_FRAMES = 8192 };

/* Frames of several inputs, in order. */
struct merged {
    struct frame frame[MERGED_FRAMES];
    struct {
        const struct capture *capture;
        uint64_t number; /* in its file, from 1 */
    } origin[MERGED_FRAMES];
    unsigned count;
    /* The batch is a user of whatever the bytes of its frames lie in. */
    struct use {
        struct capture *capture;
        struct chunk *chunk;
    } * uses;
    size_t use_count, use_capacity;
};

/* Reads nothing more of the input, and reports that, unless its end is reported already. unread: none of its
 * frames are with a cursor; so an input that is finished, and has no chunks left, lacks nothing. */
static void abandon(struct input *in, bool unread)
{
    set_wait_for_turn(in);
    if (!in->failed && !(unread && input_is_finished(in)))
        problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, -1, "not read to its end: %s",
                     strerror(ENOMEM));
    in->failed = in->begun = true;
    in->opened = false; /* nobody fills it ahead any more */
    turn_give_back(&in->turn);
}

/* Short of memory: nothing more is read of the inputs that are being merged, nor of those to come. */
static void give_up(struct set_source *s)
{
    for (size_t i = 0; i < s->heap.count; i++) {
        abandon(s->heap.cursors[i]->input, false);
        cursor_destroy(s->heap.cursors[i]);
    }
    s->heap.count = 0;
    for (size_t i = atomic_load_explicit(&s->next, memory_order_relaxed); i < s->params.count; i++)
        abandon(s->inputs[i], true);
    atomic_store_explicit(&s->next, s->params.count, memory_order_relaxed);
}

void merging_begin(struct set_source *s, struct input *in, const struct cursor_start *start)
{
    in->place.is_known = false;
    if (cursor_heap_add(&s->heap, cursor_create(in, start))) {
        abandon(in, false);
        give_up(s);
    }
    if (!s->heap.count)
        switch_end_merging(&s->sw);
}

/* Has the input to be open before the next frame is taken? Where no input is left, it is the sequence's, or,
 * where files are sorted and all of them come here, the merge's; in a batch of its own if it is appended. */
static bool is_due(const struct set_source *s, const struct merged *m, const struct input *in)
{
    if (!s->heap.count)
        return s->params.sort_window && !(s->params.append && m->count);
    return !s->params.append && comes_first(in->first_time, in->order, cursor_peek(s->heap.cursors[0])->time,
                                            s->heap.cursors[0]->input->order);
}

static int add_input(struct set_source *s, struct input *in)
{
    struct cursor *c = cursor_create(in, NULL);
    if (c)
        c->sorter.window = s->params.sort_window;
    const int result = cursor_heap_add(&s->heap, c);
    if (in->kind != INPUT_MAPPED || !in->failed)
        sequence_count_opened(s, in);
    return result;
}

/* Adds all inputs that are due. 0, or -1 when memory is short; the input that could not be added is
 * abandoned. */
static int add_inputs_in_time(struct set_source *s, const struct merged *m)
{
    for (struct input *in; (in = set_next_merged(s)) && is_due(s, m, in);) {
        atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
        if (add_input(s, in)) {
            abandon(in, false);
            return -1;
        }
    }
    return 0;
}

/* Is the batch a user of what the cursor's next frame lies in? Frames that are sorted lie in several chunks,
 * mostly in the one of the frame before. */
static bool is_borrowed(const struct set_source *s, const struct merged *m, const struct cursor *c)
{
    if (!s->params.sort_window)
        return c->borrowed == s->merged_batches;
    for (size_t i = m->use_count; i--;)
        if (m->uses[i].capture == c->capture && m->uses[i].chunk == cursor_chunk(c))
            return true;
    return false;
}

/* Makes the batch a user of what the cursor's next frame lies in. 0 or -1. */
static int borrow(struct set_source *s, struct merged *m, struct cursor *c)
{
    if (is_borrowed(s, m, c))
        return 0;
    if (m->use_count == m->use_capacity) {
        size_t capacity = m->use_capacity ? m->use_capacity * 2 : 16;
        struct use *uses = realloc(m->uses, capacity * sizeof *uses);
        if (!uses)
            return -1;
        m->uses = uses;
        m->use_capacity = capacity;
    }
    struct chunk *chunk = cursor_chunk(c);
    if (chunk)
        atomic_fetch_add_explicit(&chunk->users, 1, memory_order_relaxed);
    m->uses[m->use_count++] = (struct use){capture_use(c->capture), chunk};
    c->borrowed = s->merged_batches;
    return 0;
}

/* Only one input is left, and the next one begins later. Regions or chunks need a place to begin at that is
 * known, which is between two walks, and between two chunks. */
static bool can_continue_in_sequence(const struct set_source *s)
{
    const struct cursor *c = s->heap.cursors[0];
    const struct record_reader *reader = &c->reader;
    return !s->params.sort_window && s->heap.count == 1 && cursor_is_between(c) &&
           (reader->state == LANE_OPEN || reader->state == LANE_DONE) &&
           (!c->chunk || (reader->position >= reader->limit && c->next_lane == c->chunk->lanes));
}

bool merging_ends_itself(const struct set_source *s)
{
    return s->params.sort_window && s->params.count == 1 && s->inputs[0]->kind == INPUT_STREAM;
}

enum claim merging_claim(struct set_source *s, struct batch *b)
{
    struct merged *m = malloc(sizeof *m);
    if (!m) {
        give_up(s);
        switch_end_merging(&s->sw);
        return CLAIM_NOTHING;
    }
    m->count = 0;
    m->uses = NULL;
    m->use_count = m->use_capacity = 0;
    s->merged_batches++;
    b->restarts_time = s->params.append && !s->heap.count;
    while (m->count < MERGED_FRAMES) {
        if (add_inputs_in_time(s, m) || (s->heap.count && borrow(s, m, s->heap.cursors[0]))) {
            give_up(s);
            break;
        }
        if (!s->heap.count)
            break;
        struct cursor *c = s->heap.cursors[0];
        m->frame[m->count] = *cursor_peek(c);
        m->origin[m->count].capture = c->capture;
        m->origin[m->count++].number = c->frames + 1;
        cursor_advance(c);
        if (can_continue_in_sequence(s)) {
            c->input->place = (struct input_place){
                .is_known = !c->chunk, .position = c->reader.position, .frames = c->frames};
            if (piece_goes_on(s, c))
                sequence_continue(s, c);
            s->heap.count = 0;
            cursor_destroy(c);
            break;
        }
        cursor_heap_update_first(&s->heap);
    }
    if (!s->heap.count && !s->sequence.input)
        piece_merge_ended(s);
    if (!s->heap.count && !(s->params.sort_window && set_next_input(s)))
        switch_end_merging(&s->sw);
    if (!m->count) {
        merging_release(m);
        return CLAIM_NOTHING;
    }
    b->first = b->mixed = true;
    b->piece = m;
    switch_stamp(&s->sw, b);
    batch_cut_frames(b, m->count);
    return CLAIM_BATCH;
}

void merging_walk(const struct merged *m, struct walk *walk)
{
    for (unsigned i = walk->first; i < walk->end; i++) {
        uint64_t first;
        const unsigned n = walk_take(walk, i, &first);
        for (unsigned k = 0; k < n; k++) {
            walk->frame[i][k] = m->frame[first + k];
            __builtin_prefetch(walk->frame[i][k].data);
        }
    }
}

const struct capture *merging_origin(const struct merged *m, uint64_t index, uint64_t *number)
{
    *number = m->origin[index].number;
    return m->origin[index].capture;
}

void merging_find_ends(struct merged *m)
{
    for (size_t i = 0; i < m->use_count; i++)
        if (!m->uses[i].chunk)
            capture_find_end(m->uses[i].capture);
    for (unsigned i = 0; i < m->count; i++) {
        const struct capture *c = m->origin[i].capture;
        if (c->bytes && m->frame[i].data + m->frame[i].captured > c->bytes + capture_size(c))
            m->frame[i].captured = 0;
    }
}

void merging_release(struct merged *m)
{
    for (size_t i = 0; i < m->use_count; i++) {
        if (m->uses[i].chunk)
            chunk_drop(m->uses[i].chunk);
        capture_drop(m->uses[i].capture);
    }
    free(m->uses);
    free(m);
}
