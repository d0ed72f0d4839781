#include "file_source.h"
#include "capture.h"

#include <stdlib.h>
#include <sys/stat.h>

enum {
    /* A lane is large enough to hide the cost of guessing its start, and a batch of eight small enough for
     * its segments to be drained from a cache: 64-byte frames become 48-byte segments, 1.2 MB a batch. */
    LANE_BYTES = 256 << 10,
    LANE_BYTES_MIN = 32 << 10,
};

struct file_source {
    struct source source;
    const char *const *paths;
    size_t count;
    struct problems *problems;
    uint64_t lane_bytes_min, lane_bytes_max;
    uint64_t bytes_total;
    _Atomic uint64_t bytes_claimed; /* written by claiming, read by the display */

    /* used in claiming */
    size_t next;
    struct capture *current;
    uint64_t offset; /* in the current file: where the next batch begins */
    size_t opened;
};

static void drop_user(struct capture *c)
{
    /* acq_rel: the last one to leave closes what others have read. */
    if (atomic_fetch_sub_explicit(&c->users, 1, memory_order_acq_rel) == 1)
        capture_close(c);
}

/* Lanes of a batch: as many as the rest of the file is worth. */
static void cut_lanes(struct file_source *s, struct batch *b, uint64_t size)
{
    const void *context = atomic_load_explicit(&s->current->context, memory_order_acquire);
    uint64_t rest = size - s->offset;
    uint64_t lane = rest / LANES;
    lane = MIN(MAX(lane, s->lane_bytes_min), s->lane_bytes_max);
    b->lanes_used = 0;
    for (unsigned i = 0; i < LANES && s->offset < size; i++) {
        struct lane *l = &b->lane[b->lanes_used++];
        l->begin = s->offset;
        /* The last lane takes what is too little for one more. */
        l->limit = size - s->offset < lane + s->lane_bytes_min ? size : s->offset + lane;
        l->exact = b->first && i == 0;
        l->context = context;
        s->offset = l->limit;
    }
}

static enum claim files_claim(struct source *source, struct batch *b)
{
    struct file_source *s = (struct file_source *)source;
    for (;;) {
        bool first = false;
        if (!s->current) {
            if (s->next == s->count)
                return CLAIM_END;
            s->current = capture_open(s->paths[s->next], s->next, s->problems);
            s->next++;
            if (!s->current)
                continue;
            s->opened++;
            s->offset = s->current->first_record;
            first = true;
        }
        struct capture *c = s->current;
        uint64_t size = capture_size(c);
        if (s->offset >= size) {
            s->current = NULL;
            drop_user(c);
            continue;
        }
        uint64_t before = s->offset;
        atomic_fetch_add_explicit(&c->users, 1, memory_order_relaxed);
        b->input = c;
        b->first = first;
        b->bytes = c->bytes;
        b->base = 0;
        b->end = size;
        cut_lanes(s, b, size);
        atomic_fetch_add_explicit(&s->bytes_claimed, s->offset - before, memory_order_relaxed);
        return CLAIM_BATCH;
    }
}

static void files_guess(struct source *source, const struct batch *b, struct lane *lane)
{
    (void)source;
    const struct capture *c = b->input;
    c->format->guess(c, b, lane);
}

static void files_walk(struct source *source, struct batch *b, struct walk *walk)
{
    (void)source;
    const struct capture *c = b->input;
    c->format->walk(c, b, walk);
}

static bool files_guard(struct source *source, struct batch *b, void (*work)(void *), void *argument)
{
    (void)source;
    struct capture *c = b->input;
    /* Another batch may have found the file's new end already. */
    b->end = capture_size(c);
    bool whole = capture_guard(c, work, argument);
    b->end = capture_size(c);
    return whole;
}

static void files_change(struct source *source, struct batch *b, struct lane *lane)
{
    (void)source;
    struct capture *c = b->input;
    c->format->change(c, b, lane);
}

static void files_fault(struct source *source, const struct batch *b, const struct lane *lane)
{
    (void)source;
    struct capture *c = b->input;
    c->format->fault(c, b, lane);
}

static void files_release(struct source *source, struct batch *b)
{
    (void)source;
    drop_user(b->input);
}

static const struct source_ops ops = {
    .claim = files_claim,
    .guess = files_guess,
    .walk = files_walk,
    .guard = files_guard,
    .change = files_change,
    .fault = files_fault,
    .release = files_release,
};

struct file_source *file_source_create(const char *const *paths, size_t count, struct problems *problems)
{
    struct file_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct file_source){.source = {&ops},
                              .paths = paths,
                              .count = count,
                              .problems = problems,
                              .lane_bytes_min = LANE_BYTES_MIN,
                              .lane_bytes_max = LANE_BYTES};
    for (size_t i = 0; i < count; i++) {
        struct stat st;
        if (!stat(paths[i], &st) && S_ISREG(st.st_mode))
            s->bytes_total += (uint64_t)st.st_size;
    }
    return s;
}

struct source *file_source_source(struct file_source *s)
{
    return &s->source;
}

void file_source_set_lane_bytes(struct file_source *s, uint64_t bytes)
{
    s->lane_bytes_min = s->lane_bytes_max = bytes;
}

size_t file_source_opened(const struct file_source *s)
{
    return s->opened;
}

uint64_t file_source_bytes_total(const struct file_source *s)
{
    return s->bytes_total;
}

uint64_t file_source_bytes_claimed(const struct file_source *s)
{
    return atomic_load_explicit(&s->bytes_claimed, memory_order_relaxed);
}

void file_source_destroy(struct file_source *s)
{
    if (s && s->current)
        drop_user(s->current);
    free(s);
}
