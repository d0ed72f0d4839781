/* Pieces of a set: where they begin and end. The set's bytes, file behind file in the order in which they are read, are
 * cut into equal parts. A cut inside a file that has to be read as a whole moves to its end. Else the piece behind
 * the cut begins at the first record that it can guess there, and the piece before it ends where its last record
 * does: whoever puts the pieces together compares the two. */
#include "io/formats/format.h"
#include "io/guard.h"
#include "io/sets/set_source_internal.h"

/* Where a cut in a file falls: inside, where positions are offsets. */
static struct set_border border_in(const struct set_source *s, size_t i, uint64_t offset)
{
    struct problems nobody = PROBLEMS_INIT;
    const struct input *in = s->inputs[i];
    struct input *look = input_create(in->path, in->order, &nobody, in->stop);
    struct set_border border = {.input = i + 1};
    if (look) {
        look->sized = in->sized;
        if (input_open(look, false) && look->kind == INPUT_MAPPED) {
            const struct capture *c = look->capture;
            if (c->position_bytes == 1 && c->records_end == UINT64_MAX)
                border = (struct set_border){.input = i, .position = offset <= c->first_record ? 0 : offset};
        }
        input_free(look);
    }
    problems_free(&nobody);
    return border;
}

static struct set_border border_at(const struct set_source *s, uint64_t at)
{
    for (size_t i = 0; i < s->params.count; i++) {
        const uint64_t size = s->inputs[i]->size;
        if (!at)
            return (struct set_border){.input = i};
        if (at < size)
            return border_in(s, i, at);
        at -= size;
    }
    return (struct set_border){.input = s->params.count};
}

/* Bytes of the set before a border. */
static uint64_t bytes_before(const struct set_source *s, struct set_border border)
{
    uint64_t bytes = border.position;
    for (size_t i = 0; i < border.input; i++)
        bytes += s->inputs[i]->size;
    return bytes;
}

void piece_plan(struct set_source *s)
{
    const struct set_source_params *p = &s->params;
    const uint64_t total = atomic_load_explicit(&s->bytes_total, memory_order_relaxed);
    s->end = (struct set_border){.input = p->count};
    if (!p->pieces)
        return;
    if (p->piece > 1)
        s->begin = border_at(s, (uint64_t)((unsigned __int128)total * (p->piece - 1) / p->pieces));
    if (p->piece_begin && p->piece_begin->input <= p->count)
        s->begin = *p->piece_begin;
    if (p->piece < p->pieces)
        s->end = border_at(s, (uint64_t)((unsigned __int128)total * p->piece / p->pieces));
    if (set_border_before(s->end, s->begin)) /* the piece before it has all that would be this one's */
        s->end = s->begin;
    s->begins_at = s->begin.position;
    s->ends_at = s->end.input == s->begin.input ? s->begins_at : 0;
    atomic_store_explicit(&s->next, s->begin.input, memory_order_relaxed);
    atomic_store_explicit(&s->bytes_total, bytes_before(s, s->end) - bytes_before(s, s->begin),
                          memory_order_relaxed);
}

struct begin_job {
    struct set_source *source;
    struct capture *capture;
    const void *context; /* that records at the beginning are read with */
    uint64_t at;         /* where the piece begins */
};

/* The first record behind the cut, by guessing, read as the file's header says. */
static void guess_begin(void *argument)
{
    struct begin_job *job = argument;
    const struct capture *c = job->capture;
    const struct window window = capture_window(c);
    const struct record_reader reader = {.position = job->source->begin.position,
                                         .limit = capture_records_end(c),
                                         .context = job->context,
                                         .state = LANE_OPEN};
    job->at = c->format->guess(c, &window, &reader);
}

/* To a record whose place is known, through all of the file before it: what stands there may say how to read it. */
static void walk_to_begin(void *argument)
{
    struct begin_job *job = argument;
    struct capture *c = job->capture;
    const struct window window = capture_window(c);
    struct record_reader reader = {.position = c->first_record,
                                   .limit = MIN(job->source->begin.position, capture_records_end(c)),
                                   .context = atomic_load_explicit(&c->context, memory_order_relaxed),
                                   .state = LANE_OPEN};
    struct walk walk = {.end = 1, .reader = {&reader}};
    while (reader.state == LANE_OPEN) {
        capture_walk(c, &window, &walk);
        if (reader.state != LANE_CHANGE)
            continue;
        c->format->change(c, &window, &reader);
        if (reader.state == LANE_CHANGE)
            reader.state = LANE_OPEN;
    }
    job->context = reader.context;
    job->at = job->source->begin.position;
}

uint64_t piece_limit(const struct set_source *s, const struct input *in)
{
    const bool is_last = s->end.position && in == s->inputs[s->end.input];
    return is_last && !s->passes ? s->end.position : UINT64_MAX;
}

void piece_begin_input(struct set_source *s, struct input *in)
{
    struct sequence *q = &s->sequence;
    const size_t i = atomic_load_explicit(&s->next, memory_order_relaxed);
    s->header_context = s->end_context = q->context;
    q->limit = piece_limit(s, in);
    if (i == s->end.input)
        s->ends_at = q->capture->first_record; /* unless a frame follows before the cut */
    if (i != s->begin.input || !s->begin.position)
        return;
    struct begin_job job = {
        .source = s, .capture = q->capture, .context = q->context, .at = s->begin.position};
    s->begin_walked = s->params.piece_begin != NULL;
    const bool is_known = s->begin_walked && !q->capture->format->change;
    if (!is_known && !capture_guard(s->begin_walked ? walk_to_begin : guess_begin, &job))
        job.at = UINT64_MAX;
    q->context = s->end_context = job.context;
    in->counted = true; /* by the piece that has its beginning */
    q->offset = s->begins_at = MIN(job.at, capture_records_end(q->capture));
    if (s->end.input == s->begin.input)
        s->ends_at = s->begins_at;
}

void piece_settled(struct set_source *s, const struct batch *b)
{
    const struct capture *c = b->input;
    if (!s->end.position || s->end_faulted || !c || b->piece || c->order != s->inputs[s->end.input]->order)
        return;
    for (unsigned i = 0; i < b->lanes_used; i++)
        if (b->lane[i].frames)
            s->ends_at = b->lane[i].reader.position;
}

void piece_change(struct set_source *s, const struct capture *c, const void *context)
{
    if (s->end.position && c->order == s->inputs[s->end.input]->order)
        s->end_context = context;
}

void piece_fault(struct set_source *s, const struct capture *c)
{
    if (!s->end.position || c->order != s->inputs[s->end.input]->order)
        return;
    s->end_faulted = true;
    s->ends_at = capture_records_end(c); /* nothing behind the fault counts */
}

bool piece_continues(const struct set_source *s, const struct capture *c)
{
    return s->begin.position && c->order == s->inputs[s->begin.input]->order;
}

/* Can another piece begin at the cursor's next frame? As border_in() says, and all other inputs that have begun are done. */
static bool is_cut(const struct set_source *s, const struct cursor *c)
{
    const size_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    return !c->chunk && c->capture->position_bytes == 1 && c->capture->records_end == UINT64_MAX &&
           s->numbers[c->input->order] + 1 == next;
}

/* The piece's last input, in which it ends, is the only one left. */
static void end_in_merged(struct set_source *s, const struct cursor *c, uint64_t position)
{
    s->ends_at = position; /* the settler has nothing of it yet */
    s->end_merged = c->capture->format->change != NULL;
}

bool piece_goes_on(struct set_source *s, const struct cursor *c)
{
    const size_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    const uint64_t position = c->reader.position;
    if (!s->params.pieces || next <= s->end.input)
        return true;
    if (is_cut(s, c) && next == set_inputs_end(s) && position < s->end.position) {
        end_in_merged(s, c, position);
        return true;
    }
    s->passes = true;
    if (!is_cut(s, c)) /* then all of it is this piece's */
        return true;
    s->passed_to = (struct set_border){s->numbers[c->input->order], position};
    s->passed_frames = c->frames;
    end_in_merged(s, c, position);
    return false;
}

void piece_merge_ended(struct set_source *s)
{
    s->passes |= s->params.pieces && atomic_load_explicit(&s->next, memory_order_relaxed) > s->end.input;
}

struct set_piece set_source_piece_begun(const struct set_source *s)
{
    struct set_piece piece = {.begin = s->begin, .begin_walked = s->begin_walked};
    if (piece.begin.position)
        piece.begin.position = s->begins_at;
    return piece;
}

bool set_piece_follows(const struct set_piece *before, const struct set_piece *piece)
{
    return before->end.input == piece->begin.input && before->end.position == piece->begin.position &&
           (!before->end_differs || piece->begin_walked);
}

struct set_piece set_source_piece(const struct set_source *s)
{
    const size_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    struct set_piece piece = set_source_piece_begun(s);
    piece.end = s->end;
    if (s->passes && s->passed_to.position) {
        piece.end = s->passed_to;
        piece.end_frames = s->passed_frames;
    } else if (s->passes) {
        piece.end = (struct set_border){.input = next};
    } else if (piece.end.position) {
        piece.end.position = s->ends_at;
        piece.end_frames = s->inputs[s->end.input]->place.frames;
    }
    if (piece.end.position)
        piece.end_differs = s->end_merged || (!s->passes && s->end_context != s->header_context);
    return piece;
}

uint64_t set_source_piece_bytes(const struct set_source *s)
{
    const struct set_piece piece = set_source_piece(s);
    return bytes_before(s, piece.end) - bytes_before(s, piece.begin);
}

const char *set_source_input(const struct set_source *s, size_t i, uint64_t *size)
{
    *size = s->inputs[i]->size;
    return s->inputs[i]->path;
}
