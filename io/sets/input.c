/* Opening an input, and taking the chunks of one that is a stream. input_fill.c fills them. */
#include "io/sets/input.h"
#include "io/formats/registry.h"
#include "io/problems.h"
#include "io/sets/resume.h"

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
    free(chunk->gaps);
    free(chunk->memory);
    free(chunk);
}

void input_close_stream(struct input *in)
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
    if (in->partial)
        chunk_drop(in->partial);
    input_close_stream(in);
    if (in->capture)
        capture_drop(in->capture);
    free(in);
}

/* A regular file is mapped, unless it turns out to be compressed, or is to be read; everything else is a stream. A FIFO is
 * opened only once: its writer would take closing it for the reader's end. */
static enum input_kind look(const struct input *in)
{
    struct stat st;
    if (in->reads || !strcmp(in->path, "-"))
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
        if (in->opened && in->resume.is_known && !resume_capture(in->capture, in->resume.position)) {
            capture_drop(in->capture);
            in->capture = NULL;
            in->opened = false;
        }
    }
    if (in->kind == INPUT_STREAM) {
        in->capture = capture_new(in->path, in->order, in->problems);
        in->stream = in->capture ? stream_open(in->path, in->order, in->problems, in->stop) : NULL;
        in->opened = in->stream;
    }
    in->failed = !in->opened;
    if (in->capture) {
        in->capture->shift = in->shift;
        in->capture->place = in->kind == INPUT_MAPPED ? &in->place : NULL;
        in->capture->resyncs = in->resyncs;
        in->capture->keeps_interfaces = in->keeps_interfaces;
        in->capture->notes_interfaces = in->notes_interfaces;
    }
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
