/* Reads one input frame by frame, for merging: a mapped file, or chunks of a stream. */
#include "io/sets/cursor.h"
#include "io/formats/format.h"
#include "io/guard.h"
#include "io/problems.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

struct cursor *cursor_create(struct input *input, const struct cursor_start *start)
{
    struct cursor *c = calloc(1, sizeof *c);
    if (!c) {
        if (start && start->chunk)
            chunk_drop(start->chunk);
        if (start)
            capture_drop(start->capture);
        return NULL;
    }
    c->input = input;
    c->borrowed = UINT64_MAX;
    c->walk.end = 1;
    c->walk.reader[0] = &c->reader;
    c->reader.state = LANE_UNUSED;
    if (!start)
        return c;
    c->capture = start->capture;
    c->chunk = start->chunk;
    c->next_lane = start->lane;
    c->reader = (struct record_reader){
        .position = start->position, .limit = start->limit, .context = start->context, .state = LANE_OPEN};
    c->window = c->chunk ? c->chunk->window : capture_window(c->capture);
    for (uint64_t i = 0; i < start->skip && cursor_peek(c); i++)
        c->at++;
    c->frames = start->frames;
    return c;
}

void cursor_destroy(struct cursor *c)
{
    if (!c)
        return;
    sorter_free(&c->sorter);
    if (c->chunk)
        chunk_drop(c->chunk);
    if (c->capture)
        capture_drop(c->capture);
    free(c);
}

static void walk_window(void *argument)
{
    struct cursor *c = argument;
    capture_walk(c->capture, &c->window, &c->walk);
}

static void change_reader(void *argument)
{
    struct cursor *c = argument;
    c->capture->format->change(c->capture, &c->window, &c->reader);
}

/* Under the guard: where bytes are gone, it comes back from where it began, up to the file's new end. */
static void run_guarded(struct cursor *c, void (*work)(void *))
{
    for (struct record_reader before = c->reader; !capture_guard(work, c); c->reader = before) {
        capture_find_end(c->capture);
        c->window.end = capture_size(c->capture);
    }
}

/* The turn of an input is taken for moments only, but by opening and filling. */
static void wait_for_turn(struct input *in)
{
    while (!turn_take(&in->turn))
        sched_yield();
}

/* The mapped input's only lane. */
static bool begin_mapped(struct cursor *c)
{
    wait_for_turn(c->input);
    bool opened = input_open(c->input, false);
    if (opened && c->input->kind == INPUT_MAPPED)
        c->capture = input_take_capture(c->input);
    c->input->begun = true;
    turn_give_back(&c->input->turn);
    if (!c->capture)
        return false;
    c->window = capture_window(c->capture);
    c->frames = c->input->resume.frames;
    c->reader = (struct record_reader){
        .position = c->capture->first_record,
        .limit = capture_records_end(c->capture),
        .context = atomic_load_explicit(&c->capture->context, memory_order_acquire),
        .state = LANE_OPEN,
    };
    return true;
}

/* All that there is of a mapped input has been taken. */
static void end_mapped(const struct cursor *c)
{
    if (!c->chunk)
        c->input->place =
            (struct input_place){.is_known = true, .position = c->reader.position, .frames = c->frames};
}

/* The next lane of the stream's chunk, or of its next chunk. */
static bool next_chunk_lane(struct cursor *c)
{
    if (!c->chunk || c->next_lane == c->chunk->lanes) {
        struct chunk *chunk;
        while (!(chunk = input_take_chunk(c->input))) {
            if (input_is_finished(c->input))
                return false;
            wait_for_turn(c->input);
            if (input_open(c->input, false))
                input_fill(c->input, true);
            turn_give_back(&c->input->turn);
        }
        if (c->chunk)
            chunk_drop(c->chunk);
        if (c->capture)
            capture_drop(c->capture);
        c->chunk = chunk;
        c->capture = capture_use(chunk->capture);
        c->borrowed = UINT64_MAX;
        c->next_lane = 0;
        c->window = chunk->window;
    }
    unsigned i = c->next_lane++;
    c->reader = (struct record_reader){.position = c->chunk->lane[i].begin,
                                       .limit = c->chunk->lane[i].limit,
                                       .context = c->chunk->lane[i].context,
                                       .state = LANE_OPEN};
    return true;
}

static bool is_stream(struct cursor *c)
{
    if (c->chunk)
        return true;
    if (c->capture)
        return false;
    if (c->input->again_first)
        return true;
    wait_for_turn(c->input);
    input_open(c->input, false);
    bool stream = c->input->kind == INPUT_STREAM;
    turn_give_back(&c->input->turn);
    return stream;
}

/* The next frame as it is walked. */
static const struct frame *peek_walked(struct cursor *c)
{
    struct record_reader *reader = &c->reader;
    while (c->at == c->walk.count[0] && !c->ended) {
        switch (reader->state) {
        case LANE_OPEN:
            if (!c->chunk)
                gap_note_record(c->capture, reader->position);
            c->at = c->walk.count[0] = 0;
            run_guarded(c, walk_window);
            break;
        case LANE_CHANGE:
            run_guarded(c, change_reader);
            if (reader->state == LANE_CHANGE)
                reader->state = LANE_OPEN;
            break;
        case LANE_FAULT:
            if (gap_pass(c->capture, c->chunk, &c->window, reader, c->frames + c->sorter.count,
                         c->input->stop))
                break;
            gap_end(c->capture, c->chunk, &c->window, reader, c->frames + c->sorter.count);
            end_mapped(c);
            c->ended = true;
            break;
        default:
            if (is_stream(c)) {
                c->ended = !next_chunk_lane(c);
            } else if (c->capture) {
                end_mapped(c);
                c->ended = true;
            } else {
                c->ended = !begin_mapped(c);
            }
            break;
        }
    }
    return c->ended ? NULL : &c->walk.frame[0][c->at];
}

/* Short of memory: nothing more is read. */
static void give_up(struct cursor *c)
{
    struct input *in = c->input;
    c->ended = true;
    wait_for_turn(in);
    if (!in->failed)
        problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, -1, "not read to its end: %s",
                     strerror(ENOMEM));
    in->failed = true;
    turn_give_back(&in->turn);
}

/* Walks on until the next frame in order of time is certain. */
static const struct frame *peek_sorted(struct cursor *c)
{
    const struct held_frame *held;
    while (!(held = sorter_peek(&c->sorter, c->ended))) {
        const struct frame *f = peek_walked(c);
        if (!f && !c->sorter.count)
            return NULL;
        if (!f)
            continue;
        if (c->chunk)
            atomic_fetch_add_explicit(&c->chunk->users, 1, memory_order_relaxed);
        if (sorter_add(&c->sorter, f, c->chunk, c->reader.context))
            give_up(c);
        c->at++;
    }
    return &held->frame;
}

const struct frame *cursor_peek(struct cursor *c)
{
    return c->sorter.window ? peek_sorted(c) : peek_walked(c);
}

void cursor_advance(struct cursor *c)
{
    if (c->sorter.window)
        sorter_advance(&c->sorter);
    else
        c->at++;
    c->frames++;
}
