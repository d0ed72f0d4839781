/* Reading a stream into chunks, and cutting them into lanes. */
#include "engine/clock.h"
#include "io/formats/registry.h"
#include "io/formats/resync.h"
#include "io/problems.h"
#include "io/sets/input_cut.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Room for n bytes in all. 0 or -1. */
static int chunk_reserve(struct chunk *chunk, size_t n)
{
    if (chunk->capacity >= n)
        return 0;
    uint8_t *memory = realloc(chunk->memory, n);
    if (!memory)
        return -1;
    chunk->memory = memory;
    chunk->capacity = n;
    return 0;
}

/* Keeps what was read beyond the chunk's end for the next one. */
static int keep_rest(struct input *in, const struct chunk *chunk, size_t count)
{
    size_t used = (size_t)(chunk->window.end - chunk->window.base);
    in->rest_count = count - used;
    in->position = chunk->window.end;
    if (in->rest_count > in->rest_capacity) {
        free(in->rest);
        in->rest = malloc(in->rest_count);
        in->rest_capacity = in->rest ? in->rest_count : 0;
        if (!in->rest)
            return -1;
    }
    if (in->rest_count)
        memcpy(in->rest, chunk->memory + used, in->rest_count);
    return 0;
}

void chunk_open_lane(struct chunk *chunk, uint64_t begin, const void *context)
{
    chunk->lane[chunk->lanes].begin = chunk->lane[chunk->lanes].limit = begin;
    chunk->lane[chunk->lanes].context = context;
    chunk->lanes++;
}

void chunk_drop_empty_lane(struct chunk *chunk)
{
    const unsigned last = chunk->lanes - 1;
    if (last && chunk->lane[last].limit == chunk->lane[last].begin)
        chunk->lanes--;
}

bool input_change_context(struct input *in, const struct chunk *chunk, struct record_reader *reader,
                          uint64_t end)
{
    const struct window window = {.bytes = chunk->memory, .base = chunk->window.base, .end = end};
    in->capture->format->change(in->capture, &window, reader);
    in->context = reader->context;
    return reader->state != LANE_FAULT;
}

/* The same at position *at, which is moved. The first record of the change is whole. */
static bool change_context(struct input *in, const struct chunk *chunk, uint64_t *at, uint64_t end)
{
    struct record_reader reader = {
        .position = *at, .limit = end, .context = in->context, .state = LANE_CHANGE};
    const bool changed = input_change_context(in, chunk, &reader, end);
    *at = reader.position;
    return changed;
}

uint64_t input_lane_bytes(const struct input *in, uint64_t bytes)
{
    return MAX(bytes / LANES, (UINT64_C(32) << 10) / in->capture->position_bytes);
}

/* Cuts the chunk's count bytes from position at on into lanes of whole records. A record that is broken, or
 * cut short by the end of the stream, goes into the last lane: walking will find the fault. Returns the end
 * of the last lane. */
static uint64_t cut(struct input *in, struct chunk *chunk, uint64_t at, size_t count)
{
    const struct capture_format *format = in->capture->format;
    const uint64_t end = MIN(chunk->window.base + count, in->capture->records_end);
    const uint64_t lane_bytes = input_lane_bytes(in, end - at);
    chunk_open_lane(chunk, at, in->context);
    while (at < end) {
        struct chunk *c = chunk;
        unsigned last = c->lanes - 1;
        if (format->records_length) {
            uint64_t wanted = last < LANES - 1 ? c->lane[last].begin + lane_bytes - at : end - at;
            at += format->records_length(in->capture, c->memory + (at - c->window.base), end - at, wanted);
            c->lane[last].limit = at;
            if (at - c->lane[last].begin >= lane_bytes && c->lanes < LANES && at < end) {
                chunk_open_lane(c, at, in->context);
                continue;
            }
            if (at == end)
                break;
        }
        uint64_t length =
            format->record_length(in->capture, in->context, c->memory + (at - c->window.base), end - at);
        bool changes = length != RECORD_BROKEN && length & RECORD_CHANGES;
        if (changes)
            length &= ~RECORD_CHANGES;
        if (length == RECORD_BROKEN) {
            in->ended = true;
            at = end;
        } else if (length == 0 || length > end - at) {
            if (!in->ended || in->broken)
                break;
            at = end;
        } else if (changes) {
            if (last == LANES - 1 && c->lane[last].limit > c->lane[last].begin)
                break; /* what follows needs a lane, and none is left */
            if (!change_context(in, chunk, &at, end)) {
                in->ended = true;
                at = end;
            } else {
                if (c->lane[last].limit > c->lane[last].begin) {
                    chunk_open_lane(c, at, in->context);
                } else {
                    c->lane[last].begin = at;
                    c->lane[last].context = in->context;
                }
                last = c->lanes - 1;
            }
        } else {
            at += length;
        }
        c->lane[last].limit = at;
        if (at - c->lane[last].begin >= lane_bytes && c->lanes < LANES && at < end)
            chunk_open_lane(c, at, in->context);
    }
    chunk_drop_empty_lane(chunk);
    return at;
}

/* No format needs fewer bytes for its file header and first record header: less holds no frame. */
enum { FORMAT_BYTES = 16 };

enum {
    /* Bytes of a slow pipe wait this long for more: rows come soon after their frames, and the pipe of an
     * idle network makes three batches a second at most. */
    HOLD_MS = 300,
};

static void give_up(struct input *in, const char *why)
{
    problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, (int64_t)in->position, "%s", why);
    in->ended = in->failed = true;
    in->rest_count = 0; /* or it would never be finished */
}

/* Whether the chunk's bytes may be cut before there are more. Most formats are told apart by a look at many
 * bytes, and what they are must not depend on how slowly those come. */
static bool may_cut(const struct input *in, const struct chunk *chunk)
{
    const struct capture_format *format = in->capture->format;
    if (!in->began)
        capture_probe_formats(chunk->memory, chunk->count, false, &format);
    return in->began || (format && format->magic_tells);
}

/* How long to wait for more bytes, in ms; -1: as long as it takes. */
static int patience(const struct input *in, const struct chunk *chunk, bool wait)
{
    if (!wait || chunk->count == chunk->tried || !may_cut(in, chunk))
        return wait ? -1 : 0;
    const int64_t waited = (clock_monotonic_ns() - chunk->since) / 1000000;
    return (int)MAX(HOLD_MS - waited, INT64_C(0));
}

/* Reads until the chunk is full, the stream ends, or there is nothing more to read for now; this is true. */
static bool read_chunk(struct input *in, struct chunk *chunk, bool wait)
{
    bool paused = false;
    while (chunk->count < chunk->wanted && !in->ended && !paused) {
        stream_set_patience(in->stream, patience(in, chunk, wait));
        ssize_t n = stream_read(in->stream, chunk->memory + chunk->count, chunk->wanted - chunk->count);
        if (n == 0 && stream_is_waiting(in->stream)) {
            paused = true;
        } else if (n <= 0) {
            in->ended = true;
            in->broken = n < 0 || stream_is_stopped(in->stream);
        } else {
            if (chunk->count == chunk->tried)
                chunk->since = clock_monotonic_ns();
            chunk->count += (size_t)n;
        }
    }
    atomic_store_explicit(&in->consumed, stream_consumed(in->stream), memory_order_relaxed);
    return paused;
}

/* Nothing more comes, because of an interrupt, which the pipe's writer may have got, too. */
static bool is_interrupted(const struct input *in)
{
    return stream_is_stopped(in->stream) || (in->ended && !in->broken && stop_is_asked(in->stop));
}

/* Finds the format, and reads its header. That an interrupted stream has less than a header is no problem. */
static enum capture_open_result begin(struct input *in, const struct chunk *chunk, size_t count)
{
    const bool stopped = is_interrupted(in);
    if (stopped && count < FORMAT_BYTES)
        return OPEN_MORE;
    if (in->broken && !count)
        return OPEN_FAILED; /* which has been said */
    const bool whole = in->ended && !stopped;
    enum capture_open_result result = capture_find_format(in->capture, chunk->memory, count, in->ended);
    if (result == OPEN_DONE)
        result = in->capture->format->open(in->capture, chunk->memory, count, whole);
    if (result == OPEN_DONE) {
        in->began = true;
        in->context = atomic_load_explicit(&in->capture->context, memory_order_relaxed);
    }
    return result;
}

/* Room for a chunk, a power of two. Memory that is not needed costs more than the work on a small file. */
static size_t chunk_bytes(const struct input *in)
{
    const uint64_t file = stream_file_bytes(in->stream);
    size_t bytes = CHUNK_BYTES_MIN;
    if (in->began || !file)
        return CHUNK_BYTES;
    while (!in->is_look && bytes < CHUNK_BYTES && bytes / 8 < file)
        bytes *= 2;
    return bytes;
}

/* A chunk that begins with what is left of the one before. NULL when memory is short. */
static struct chunk *begin_chunk(struct input *in)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk)
        return NULL;
    atomic_store_explicit(&chunk->users, 1, memory_order_relaxed);
    chunk->capture = capture_use(in->capture);
    chunk->window.base = in->position;
    chunk->wanted = MAX(chunk_bytes(in), in->rest_count * 2);
    if (chunk->wanted <= CHUNK_BYTES_MAX && chunk_reserve(chunk, chunk->wanted)) {
        chunk_drop(chunk);
        return NULL;
    }
    if (in->rest_count && chunk->memory)
        memcpy(chunk->memory, in->rest, in->rest_count);
    chunk->count = chunk->tried = in->rest_count;
    in->rest_count = 0;
    return chunk;
}

enum filled {
    FILLED,
    FILLED_NOTHING, /* there is no chunk, and what was read is used up */
    FILLED_PARTLY,  /* with more bytes it may become a chunk */
};

/* Cuts what the chunk has. FILLED_PARTLY: it has no whole record. */
static enum filled finish_chunk(struct input *in, struct chunk *chunk)
{
    uint64_t at = chunk->window.base;
    if (!in->began) {
        enum capture_open_result result = begin(in, chunk, chunk->count);
        if (result == OPEN_FAILED || (result == OPEN_MORE && is_interrupted(in))) {
            in->ended = true;
            in->failed = result == OPEN_FAILED;
            return FILLED_NOTHING;
        }
        if (result == OPEN_MORE)
            return FILLED_PARTLY;
    }
    at = MAX(at, in->capture->first_record); /* of the first chunk */
    chunk->lanes = 0;
    chunk->window.bytes = chunk->memory;
    if (in->resyncs && resync_is_possible(in->capture))
        chunk->window.end = input_cut_gaps(in, chunk, at, chunk->count);
    else
        chunk->window.end = cut(in, chunk, at, chunk->count);
    if (in->capture->records_end != UINT64_MAX) /* what the records' table points to is all of it */
        chunk->window.end = chunk->window.base + chunk->count;
    if (chunk->window.end <= at && !in->ended)
        return FILLED_PARTLY;
    if (keep_rest(in, chunk, chunk->count)) {
        give_up(in, strerror(ENOMEM));
        return FILLED_NOTHING;
    }
    return chunk->lane[0].limit > chunk->lane[0].begin ? FILLED : FILLED_NOTHING;
}

/* Reads until the chunk is full or the stream ends, or bytes have waited for HOLD_MS and there are no more
 * for now; and further until the chunk has at least one whole record. Without wait it may be FILLED_PARTLY.
 */
static enum filled fill_chunk(struct input *in, struct chunk *chunk, bool wait)
{
    for (;; chunk->wanted *= 2) {
        if (chunk->wanted > CHUNK_BYTES_MAX && in->began && in->resyncs && !in->gives_up &&
            resync_is_possible(in->capture)) {
            in->gives_up = true; /* the record is broken, and no other one found */
            const enum filled filled = finish_chunk(in, chunk);
            if (filled != FILLED_PARTLY)
                return filled;
        }
        if (chunk->wanted > CHUNK_BYTES_MAX) {
            give_up(in,
                    !in->began && in->capture->format
                        ? "expected a file of at most 64 MiB, since this format has to be read as a whole "
                          "when it is compressed or comes through a pipe, found a longer one"
                        : "expected a record that ends within 64 MiB, found none");
            return FILLED_NOTHING;
        }
        if (chunk_reserve(chunk, chunk->wanted)) {
            give_up(in, strerror(ENOMEM));
            return FILLED_NOTHING;
        }
        while (read_chunk(in, chunk, wait)) {
            const bool waited = chunk->count > chunk->tried &&
                                clock_monotonic_ns() - chunk->since >= (int64_t)HOLD_MS * 1000000;
            if (waited && may_cut(in, chunk)) {
                enum filled filled = finish_chunk(in, chunk);
                if (filled != FILLED_PARTLY)
                    return filled;
                chunk->tried = chunk->count;
            }
            if (!wait)
                return FILLED_PARTLY;
        }
        enum filled filled = finish_chunk(in, chunk);
        if (filled != FILLED_PARTLY)
            return filled;
    }
}

void input_note_unread(struct input *in)
{
    if (in->noted || !in->stream || !stream_is_pipe(in->stream))
        return;
    in->noted = true;
    problems_add(in->problems, PROBLEM_ERROR, in->order, strcmp(in->path, "-") ? in->path : "standard input",
                 -1, "interrupted, not read to its end after %" PRIu64 " bytes", stream_consumed(in->stream));
}

bool input_fill(struct input *in, bool wait)
{
    uint64_t n = atomic_load_explicit(&in->filled, memory_order_relaxed);
    if (!in->opened || in->kind != INPUT_STREAM || !in->stream ||
        n - atomic_load_explicit(&in->taken, memory_order_acquire) == CHUNKS_AHEAD)
        return false;
    const uint64_t before = stream_consumed(in->stream);
    struct chunk *chunk = in->partial ? in->partial : begin_chunk(in);
    in->partial = NULL;
    if (!chunk) {
        give_up(in, strerror(ENOMEM));
    } else {
        switch (fill_chunk(in, chunk, wait)) {
        case FILLED:
            in->ready[n % CHUNKS_AHEAD] = chunk;
            atomic_store_explicit(&in->filled, n + 1, memory_order_release);
            break;
        case FILLED_NOTHING:
            chunk_drop(chunk);
            break;
        case FILLED_PARTLY:
            in->partial = chunk;
            return stream_consumed(in->stream) > before;
        }
    }
    if (in->ended && (!in->rest_count || in->broken)) {
        if (stream_is_stopped(in->stream))
            input_note_unread(in);
        input_close_stream(in);
        atomic_store_explicit(&in->finished, true, memory_order_release);
    }
    return true;
}

bool input_wait(struct input *in, int ms)
{
    if (!in->opened || !in->stream || !stream_is_pipe(in->stream) || !in->partial)
        return false;
    return stream_wait(in->stream, ms);
}
