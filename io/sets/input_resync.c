/* Cutting a stream whose damage is passed over (gap.h). Bytes that were cut into chunks are not searched again, so where
 * records go on behind a gap has to be known by then. */
#include "io/formats/format.h"
#include "io/formats/resync.h"
#include "io/sets/input_cut.h"

#include <stdlib.h>

/* Is the record at the reader's position one that more bytes may complete? */
static bool is_incomplete(const struct input *in, const struct window *window,
                          const struct record_reader *reader)
{
    if (in->gives_up || (in->ended && !in->broken))
        return false;
    const uint64_t left = window->end - reader->position;
    const uint64_t length = in->capture->format->record_length(in->capture, reader->context,
                                                               window_at(window, reader->position), left);
    return length != RECORD_BROKEN && (!length || (length & ~RECORD_CHANGES) > left);
}

/* Where records go on behind the fault. RESYNC_MORE: more bytes are needed to tell. */
static enum resync find_record(const struct input *in, const struct window *window, struct gap *gap)
{
    const bool whole = in->gives_up || (in->ended && !in->broken);
    const uint64_t from = gap->from + 1, end = window->end;
    const uint64_t to = whole ? end : end - MIN(end - window->base, (uint64_t)RESYNC_AHEAD);
    const enum resync result =
        from < to ? resync_find(in->capture, window, gap->fault.context, from, to, whole, &gap->place)
                  : RESYNC_NONE;
    return result == RESYNC_NONE && !whole ? RESYNC_MORE : result;
}

/* Cutting a chunk. */
struct cut {
    struct input *in;
    struct chunk *chunk;
    struct window window;
    struct record_reader reader; /* at what is not cut yet */
    uint64_t floor;              /* a lane has to reach this far, since it has a fault there */
    uint64_t lane_bytes;
    bool ends; /* at the reader's position */
};

/* A place where the chunk may end. */
struct mark {
    uint64_t position;
    const void *context;
    struct trust trust;
    unsigned lanes, gap_count;
    uint64_t limit; /* of the last lane */
};

static bool misleads(const struct cut *cut)
{
    return cut->in->capture->format->misleads;
}

static bool note_gap(struct chunk *chunk, const struct gap *gap)
{
    if (!chunk->gaps)
        chunk->gaps = malloc(CHUNK_GAPS * sizeof *chunk->gaps);
    if (chunk->gaps)
        chunk->gaps[chunk->gap_count++] = *gap;
    return chunk->gaps;
}

/* The reader is LANE_FAULT: moves it to where records go on, or to the end where none do. */
static void cut_gap(struct cut *cut)
{
    struct input *in = cut->in;
    struct chunk *chunk = cut->chunk;
    const uint64_t at = cut->reader.position;
    struct gap gap = {.fault = cut->reader, .from = at, .end = cut->window.end};
    cut->ends = is_incomplete(in, &cut->window, &cut->reader) || chunk->gap_count == CHUNK_GAPS;
    if (cut->ends)
        return;
    if (misleads(cut))
        gap.from = MAX(trust_search_from(&in->trust, at), cut->window.base);
    const enum resync found = find_record(in, &cut->window, &gap);
    cut->ends = found == RESYNC_MORE;
    if (cut->ends)
        return;
    if (found == RESYNC_FOUND && note_gap(chunk, &gap)) {
        cut->reader.position = gap.place;
        trust_begin(&in->trust, gap.place, true);
    } else { /* walking will come to the fault, and nothing goes on there */
        chunk->gave_up = in->gives_up;
        in->ended = true;
        cut->reader.position = cut->window.end;
    }
    cut->floor = MAX(cut->floor, at + 1);
}

/* The reader is LANE_CHANGE. What follows has a lane of its own. */
static void cut_change(struct cut *cut)
{
    struct chunk *chunk = cut->chunk;
    const unsigned last = chunk->lanes - 1;
    const bool filled = chunk->lane[last].limit > chunk->lane[last].begin;
    cut->ends = is_incomplete(cut->in, &cut->window, &cut->reader) || (filled && last == LANES - 1);
    if (cut->ends)
        return;
    if (!input_change_context(cut->in, chunk, &cut->reader, cut->window.end)) {
        cut_gap(cut);
    } else if (filled) {
        chunk_open_lane(chunk, cut->reader.position, cut->reader.context);
    } else {
        chunk->lane[last].begin = cut->reader.position;
        chunk->lane[last].context = cut->reader.context;
    }
}

/* May the chunk end here? Records that make no sense may have to be taken back. */
static bool may_end(const struct cut *cut)
{
    const uint64_t at = cut->reader.position;
    if (at < cut->floor)
        return false;
    return !misleads(cut) || trust_search_from(&cut->in->trust, at) == at;
}

static struct mark mark_here(const struct cut *cut)
{
    const struct chunk *chunk = cut->chunk;
    return (struct mark){.position = cut->reader.position,
                         .context = cut->in->context,
                         .trust = cut->in->trust,
                         .lanes = chunk->lanes,
                         .gap_count = chunk->gap_count,
                         .limit = chunk->lane[chunk->lanes - 1].limit};
}

static void go_back(struct cut *cut, const struct mark *mark)
{
    cut->reader.position = mark->position;
    cut->in->context = mark->context;
    cut->in->trust = mark->trust;
    cut->chunk->lanes = mark->lanes;
    cut->chunk->gap_count = mark->gap_count;
    cut->chunk->lane[mark->lanes - 1].limit = mark->limit;
}

/* A turn of walking. */
static void cut_on(struct cut *cut)
{
    struct chunk *chunk = cut->chunk;
    struct input *in = cut->in;
    const uint64_t from = cut->reader.position;
    struct walk walk;
    walk.first = 0;
    walk.end = 1;
    walk.reader[0] = &cut->reader;
    cut->reader.state = LANE_OPEN;
    in->capture->format->walk(in->capture, &cut->window, &walk);
    chunk->lane[chunk->lanes - 1].limit = MAX(cut->floor, cut->reader.position);
    if (misleads(cut))
        trust_records(&in->trust, in->capture, &cut->window, from, cut->reader.position);
    if (cut->reader.state == LANE_FAULT)
        cut_gap(cut);
    else if (cut->reader.state == LANE_CHANGE)
        cut_change(cut);
    const uint64_t at = cut->reader.position;
    chunk->lane[chunk->lanes - 1].limit = MAX(cut->floor, at);
    if (at - chunk->lane[chunk->lanes - 1].begin >= cut->lane_bytes && at >= cut->floor &&
        chunk->lanes < LANES && at < cut->window.end)
        chunk_open_lane(chunk, at, in->context);
}

uint64_t input_cut_gaps(struct input *in, struct chunk *chunk, uint64_t at, size_t count)
{
    const uint64_t end = chunk->window.base + count;
    struct cut cut = {.in = in,
                      .chunk = chunk,
                      .window = {chunk->memory, chunk->window.base, end},
                      .reader = {.position = at, .limit = end, .context = in->context},
                      .lane_bytes = input_lane_bytes(in, end - at)};
    chunk->gap_count = 0;
    chunk_open_lane(chunk, at, in->context);
    if (at == in->capture->first_record)
        trust_begin(&in->trust, at, true);
    struct mark mark = mark_here(&cut);
    while (!cut.ends && cut.reader.position < end) {
        cut_on(&cut);
        if (may_end(&cut))
            mark = mark_here(&cut);
    }
    if (!in->ended || in->broken)
        go_back(&cut, &mark);
    chunk_drop_empty_lane(chunk);
    return cut.reader.position;
}
