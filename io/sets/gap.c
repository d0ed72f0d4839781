/* Passing over what is destroyed. */
#include "io/sets/gap.h"
#include "io/formats/resync.h"
#include "io/guard.h"
#include "io/problems.h"
#include "io/sets/input.h"
#include "io/stop.h"

enum {
    /* So much of a mapped file is searched before somebody looks whether the run is to end. */
    SEARCHED_AT_ONCE = 64 << 20,
    /* Gaps of a file that are told one by one. */
    GAPS_TOLD = 1000,
};

void gap_extend_trail(struct capture *c, uint64_t position)
{
    if (c->trail_count && position < c->trail[c->trail_count - 1] + CAPTURE_TRAIL_STEP)
        return;
    if (c->trail_count == CAPTURE_TRAIL)
        memmove(c->trail, c->trail + 1, --c->trail_count * sizeof *c->trail);
    c->trail[c->trail_count++] = position;
}

struct search {
    const struct capture *capture;
    struct window window;
    const struct record_reader *fault;
    const struct stop *stop;
    uint64_t from; /* what is no record */
    uint64_t place;
    bool found;
};

/* Reads once more what stands before the fault. */
static uint64_t find_begin(const struct search *s)
{
    const struct capture *c = s->capture;
    const uint64_t fault = s->fault->position;
    struct trust trust;
    unsigned i = c->trail_count;
    if (!c->format->misleads)
        return fault;
    while (i > 1 && c->trail[i - 1] + RESYNC_BACK > fault)
        i--;
    const uint64_t at = i ? c->trail[i - 1] : c->first_record;
    if (at > fault)
        return fault;
    trust_begin(&trust, at, at == MAX(c->first_record, c->gap_place));
    trust_records(&trust, c, &s->window, at, fault);
    return trust_search_from(&trust, fault);
}

static void search_mapped(void *argument)
{
    struct search *s = argument;
    s->from = find_begin(s);
    for (uint64_t at = s->from + 1; !s->found && at < s->window.end && !stop_is_asked(s->stop);) {
        const uint64_t to = MIN(s->window.end, at + SEARCHED_AT_ONCE);
        s->found =
            resync_find(s->capture, &s->window, s->fault->context, at, to, true, &s->place) == RESYNC_FOUND;
        at = to;
    }
}

/* True: the gap is found. */
static bool find_mapped(struct capture *c, struct window *window, const struct stop *stop, struct gap *gap)
{
    struct search s = {.capture = c, .window = *window, .fault = &gap->fault, .stop = stop};
    while (!capture_guard(search_mapped, &s)) {
        capture_find_end(c);
        s.window.end = window->end = capture_size(c);
    }
    gap->from = s.from;
    gap->place = s.place;
    gap->end = window->end;
    return s.found;
}

static const struct gap *gap_of_chunk(const struct chunk *chunk, uint64_t position)
{
    for (unsigned i = 0; i < chunk->gap_count; i++)
        if (chunk->gaps[i].fault.position == position)
            return &chunk->gaps[i];
    return NULL;
}

/* Frames that bytes may have been, by the mean of those before. */
static uint64_t estimate_frames(const struct capture *c, uint64_t position, uint64_t bytes, uint64_t frames)
{
    const uint64_t read = position - MIN(position, c->first_record) - MIN(position, c->gap_bytes);
    if (!frames || !read)
        return PROBLEM_FRAMES_UNKNOWN;
    const unsigned __int128 lost = ((unsigned __int128)bytes * frames + read / 2) / read;
    return MAX((uint64_t)lost, UINT64_C(1));
}

static void report(struct capture *c, const struct window *window, const struct record_reader *fault,
                   struct problem_gap gap, uint64_t frames)
{
    const size_t before = problems_count(c->problems);
    gap.frames = estimate_frames(c, fault->position, gap.bytes, frames);
    if (gap.goes_on && ++c->gaps > GAPS_TOLD) {
        problems_sum_gap(c->problems, c->order, c->path, fault->position, &gap);
    } else {
        c->format->fault(c, window, fault);
        if (gap.count)
            problems_set_gap(c->problems, before, c->order, &gap);
    }
    c->gap_bytes += gap.bytes;
}

bool gap_pass(struct capture *c, const struct chunk *chunk, struct window *window,
              struct record_reader *reader, uint64_t frames, const struct stop *stop)
{
    struct gap found = {.fault = *reader};
    const struct gap *gap = &found;
    if (!c->resyncs || !resync_is_possible(c))
        return false;
    if (chunk)
        gap = gap_of_chunk(chunk, reader->position);
    else if (!find_mapped(c, window, stop, &found))
        return false;
    if (!gap)
        return false;
    const struct window known = {.bytes = window->bytes, .base = window->base, .end = gap->end};
    if (!c->gaps || frames > c->gap_frames || (frames == c->gap_frames && gap->place > c->gap_place)) {
        report(c, &known, &gap->fault,
               (struct problem_gap){.count = 1,
                                    .goes_on = true,
                                    .bytes = gap->place - gap->from,
                                    .from = gap->from,
                                    .place = gap->place},
               frames);
        c->gap_frames = frames;
        c->gap_place = gap->place;
        c->trail_count = 0;
        gap_extend_trail(c, gap->place);
    }
    atomic_store_explicit(&c->phase, (uint8_t)(gap->place % 4), memory_order_relaxed);
    reader->position = gap->place;
    reader->state = LANE_OPEN;
    return true;
}

void gap_end(struct capture *c, const struct chunk *chunk, const struct window *window,
             const struct record_reader *reader, uint64_t frames)
{
    const uint64_t bytes = window->end - MIN(window->end, reader->position);
    const struct problem_gap gap = {.count = c->resyncs && resync_is_possible(c),
                                    .gave_up = chunk && chunk->gave_up,
                                    .bytes = bytes,
                                    .from = reader->position};
    report(c, window, reader, gap, frames);
}
