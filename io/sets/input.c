/* Opening an input, and cutting a stream into chunks and their lanes. */
#include "io/sets/input.h"
#include "io/formats/registry.h"
#include "io/problems.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct input *input_create(const char *path, size_t order, struct problems *problems, const struct stop *stop)
{
    struct input *in = aligned_alloc(CACHE_LINE, (sizeof *in + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1));
    if (!in)
        return NULL;
    memset(in, 0, sizeof *in);
    in->path = path;
    in->order = order;
    in->problems = problems;
    in->stop = stop;
    in->first_time = INT64_MAX;
    return in;
}

void chunk_drop(struct chunk *chunk)
{
    /* acq_rel: whoever frees it comes after all who have read it. */
    if (atomic_fetch_sub_explicit(&chunk->users, 1, memory_order_acq_rel) != 1)
        return;
    capture_drop(chunk->capture);
    free(chunk->memory);
    free(chunk);
}

static void close_stream(struct input *in)
{
    stream_close(in->stream);
    in->stream = NULL;
    free(in->rest);
    in->rest = NULL;
    in->rest_count = in->rest_capacity = 0;
}

void input_free(struct input *in)
{
    if (!in)
        return;
    for (struct chunk *c; (c = input_take_chunk(in));)
        chunk_drop(c);
    close_stream(in);
    if (in->capture)
        capture_drop(in->capture);
    free(in);
}

/* A regular file is mapped, unless it turns out to be compressed; everything else is a stream. A FIFO is
 * opened only once: its writer would take closing it for the reader's end. */
static enum input_kind look(const struct input *in)
{
    struct stat st;
    if (!strcmp(in->path, "-"))
        return INPUT_STREAM;
    if (in->sized || stat(in->path, &st))
        return INPUT_MAPPED; /* mapping will say what is wrong */
    return S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode) ? INPUT_STREAM : INPUT_MAPPED;
}

bool input_open(struct input *in, bool read_small)
{
    if (in->opened)
        return true;
    if (in->failed)
        return false;
    if (in->kind == INPUT_UNKNOWN)
        in->kind = look(in);
    if (in->kind == INPUT_MAPPED) {
        bool compressed = false;
        in->capture = capture_open(in->path, in->order, read_small, &compressed, in->problems);
        in->opened = in->capture;
        if (compressed)
            in->kind = INPUT_STREAM;
    }
    if (in->kind == INPUT_STREAM) {
        in->capture = capture_new(in->path, in->order, in->problems);
        in->stream = in->capture ? stream_open(in->path, in->order, in->problems, in->stop) : NULL;
        in->opened = in->stream;
    }
    in->failed = !in->opened;
    if (in->failed)
        atomic_store_explicit(&in->finished, true, memory_order_release);
    return in->opened;
}

struct capture *input_take_capture(struct input *in)
{
    struct capture *c = in->capture;
    in->capture = NULL;
    in->opened = false;
    return c;
}

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

static void open_lane(struct chunk *chunk, uint64_t begin, const void *context)
{
    chunk->lane[chunk->lanes].begin = chunk->lane[chunk->lanes].limit = begin;
    chunk->lane[chunk->lanes].context = context;
    chunk->lanes++;
}

/* Lets the format read a change at position *at of how records are read, and moves *at behind it. The first
 * record of the change is whole. False if it is broken. */
static bool change_context(struct input *in, const struct chunk *chunk, uint64_t *at, uint64_t end)
{
    const struct window window = {.bytes = chunk->memory, .base = chunk->window.base, .end = end};
    struct record_reader reader = {
        .position = *at, .limit = end, .context = in->context, .state = LANE_CHANGE};
    in->capture->format->change(in->capture, &window, &reader);
    in->context = reader.context;
    *at = reader.position;
    return reader.state != LANE_FAULT;
}

/* Cuts the chunk's count bytes from position at on into lanes of whole records. A record that is broken, or
 * cut short by the end of the stream, goes into the last lane: walking will find the fault. Returns the end
 * of the last lane. */
static uint64_t cut(struct input *in, struct chunk *chunk, uint64_t at, size_t count)
{
    const struct capture_format *format = in->capture->format;
    const uint64_t end = MIN(chunk->window.base + count, in->capture->records_end);
    const uint64_t lane_bytes = MAX((end - at) / LANES, (UINT64_C(32) << 10) / in->capture->position_bytes);
    open_lane(chunk, at, in->context);
    while (at < end) {
        struct chunk *c = chunk;
        unsigned last = c->lanes - 1;
        if (format->records_length) {
            uint64_t wanted = last < LANES - 1 ? c->lane[last].begin + lane_bytes - at : end - at;
            at += format->records_length(in->capture, c->memory + (at - c->window.base), end - at, wanted);
            c->lane[last].limit = at;
            if (at - c->lane[last].begin >= lane_bytes && c->lanes < LANES && at < end) {
                open_lane(c, at, in->context);
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
                    open_lane(c, at, in->context);
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
            open_lane(c, at, in->context);
    }
    if (chunk->lanes > 1 && chunk->lane[chunk->lanes - 1].limit == chunk->lane[chunk->lanes - 1].begin)
        chunk->lanes--;
    return at;
}

/* No format needs fewer bytes for its file header and first record header: less holds no frame. */
enum { FORMAT_BYTES = 16 };

static void give_up(struct input *in, const char *why)
{
    problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, (int64_t)in->position, "%s", why);
    in->ended = in->failed = true;
    in->rest_count = 0; /* or it would never be finished */
}

/* Reads until the chunk is full, or the stream ends. Returns the chunk's bytes. */
static size_t read_chunk(struct input *in, struct chunk *chunk, size_t count)
{
    while (count < chunk->capacity && !in->ended) {
        ssize_t n = stream_read(in->stream, chunk->memory + count, chunk->capacity - count);
        if (n <= 0) {
            in->ended = true;
            in->broken = n < 0 || stream_is_stopped(in->stream);
        } else
            count += (size_t)n;
    }
    atomic_store_explicit(&in->consumed, stream_consumed(in->stream), memory_order_relaxed);
    return count;
}

/* Finds the format, and reads its header. That a stopped stream has less than a header is no problem. */
static enum capture_open_result begin(struct input *in, const struct chunk *chunk, size_t count)
{
    const bool stopped = stream_is_stopped(in->stream);
    if (stopped && count < FORMAT_BYTES)
        return OPEN_MORE;
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

/* Reads until the chunk has at least one whole record, or the stream ends. False: there is no chunk. */
static bool fill_chunk(struct input *in, struct chunk *chunk)
{
    size_t want = MAX((size_t)CHUNK_BYTES, in->rest_count * 2), count = in->rest_count;
    chunk->window.base = in->position;
    for (;; want *= 2) {
        if (want > CHUNK_BYTES_MAX) {
            give_up(in,
                    !in->began && in->capture->format
                        ? "expected a file of at most 64 MiB, since this format has to be read as a whole "
                          "when it is compressed or comes through a pipe, found a longer one"
                        : "expected a record that ends within 64 MiB, found none");
            return false;
        }
        if (chunk_reserve(chunk, want)) {
            give_up(in, strerror(ENOMEM));
            return false;
        }
        if (in->rest_count)
            memcpy(chunk->memory, in->rest, in->rest_count);
        in->rest_count = 0;
        count = read_chunk(in, chunk, count);

        uint64_t at = chunk->window.base;
        if (!in->began) {
            enum capture_open_result result = begin(in, chunk, count);
            if (result == OPEN_FAILED || (result == OPEN_MORE && stream_is_stopped(in->stream))) {
                in->ended = true;
                in->failed = result == OPEN_FAILED;
                return false;
            }
            if (result == OPEN_MORE)
                continue;
        }
        at = MAX(at, in->capture->first_record); /* of the first chunk */
        chunk->lanes = 0;
        chunk->window.bytes = chunk->memory;
        chunk->window.end = cut(in, chunk, at, count);
        if (in->capture->records_end != UINT64_MAX) /* what the records' table points to is all of it */
            chunk->window.end = chunk->window.base + count;
        if (chunk->window.end > at || in->ended)
            break;
    }
    if (keep_rest(in, chunk, count)) {
        give_up(in, strerror(ENOMEM));
        return false;
    }
    return chunk->lane[0].limit > chunk->lane[0].begin;
}

bool input_fill(struct input *in)
{
    uint64_t n = atomic_load_explicit(&in->filled, memory_order_relaxed);
    if (!in->opened || in->kind != INPUT_STREAM || !in->stream ||
        n - atomic_load_explicit(&in->taken, memory_order_acquire) == CHUNKS_AHEAD)
        return false;
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk) {
        give_up(in, strerror(ENOMEM));
    } else {
        chunk->capture = capture_use(in->capture);
        atomic_store_explicit(&chunk->users, 1, memory_order_relaxed);
        if (fill_chunk(in, chunk)) {
            in->ready[n % CHUNKS_AHEAD] = chunk;
            atomic_store_explicit(&in->filled, n + 1, memory_order_release);
        } else {
            chunk_drop(chunk);
        }
    }
    if (in->ended && (!in->rest_count || in->broken)) {
        close_stream(in);
        atomic_store_explicit(&in->finished, true, memory_order_release);
    }
    return true;
}

struct chunk *input_take_chunk(struct input *in)
{
    struct chunk *chunk = in->again_first;
    if (chunk) {
        in->again_first = chunk->next;
        if (!in->again_first)
            in->again_last = NULL;
        chunk->next = NULL;
        return chunk;
    }
    uint64_t n = atomic_load_explicit(&in->taken, memory_order_relaxed);
    if (n == atomic_load_explicit(&in->filled, memory_order_acquire))
        return NULL;
    chunk = in->ready[n % CHUNKS_AHEAD];
    atomic_store_explicit(&in->taken, n + 1, memory_order_release);
    return chunk;
}

bool input_is_finished(const struct input *in)
{
    /* finished before filled: it is stored after the last chunk. */
    return !in->again_first && atomic_load_explicit(&in->finished, memory_order_acquire) &&
           atomic_load_explicit(&in->taken, memory_order_relaxed) ==
               atomic_load_explicit(&in->filled, memory_order_acquire);
}
