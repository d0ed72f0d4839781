#include "io/sets/set_source.h"
#include "io/sets/cursor_heap.h"
#include "io/sets/late.h"
#include "io/sets/read_ahead.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    /* A lane is large enough to hide the cost of guessing its start, and a batch of eight small enough for
     * its segments to be drained from a cache: 64-byte frames become 48-byte segments, 300 KB a batch. */
    LANE_BYTES = 64 << 10,
    LANE_FRAMES = 800,
    LANE_BYTES_MAX = 1 << 20,
    SAMPLE_FRAMES = 64,
    SAMPLE_FILE = 4 << 20, /* smaller files are not worth it */
    LANE_BYTES_MIN = 16 << 10,
    MERGED_FRAMES = 8192,
};

/* Frames of several inputs, in order. */
struct merged {
    struct frame frame[MERGED_FRAMES];
    struct {
        const struct capture *capture;
        uint64_t number; /* in its file, from 1 */
    } origin[MERGED_FRAMES];
    unsigned count;
    /* What the frames' bytes lie in, used. */
    struct use {
        struct capture *capture;
        struct chunk *chunk;
    } * uses;
    size_t use_count, use_capacity;
};

/* What a batch that is settled says about what follows in its file. */
struct settled_end {
    bool is_known;
    uint64_t position; /* of the next record */
    const void *context;
    uint64_t frames; /* of the file that stand before it */
};

struct set_source {
    struct source source;
    struct set_source_params params;
    struct input **inputs;         /* in the order in which they are read */
    _Atomic uint64_t bytes_total;  /* of regular files: added up by whoever looks at them, before the run */
    _Atomic uint64_t bytes_mapped; /* handed out: written by claiming, read by the display */
    _Atomic size_t opened;

    /* Claiming. */
    _Atomic size_t next; /* the next input to be begun; read by preparing, to which it is only a hint */
    bool under_way;      /* in sequence: current */
    struct input *current;
    bool first;                    /* its first batch is still to come */
    struct capture *capture;       /* of a mapped one */
    uint64_t offset;               /* in it: where the next batch begins */
    uint64_t lane_bytes;           /* of its lanes */
    uint64_t late_at;              /* in it: merging is expected to begin here; UINT64_MAX: it is not */
    struct read_ahead *read_ahead; /* of its pages */
    const void *context;           /* for the lane at offset, when first */
    uint64_t frames_before;
    bool cut_short;          /* an input has ended because stopping was asked for */
    struct cursor_heap heap; /* of merging */
    uint64_t merged_batches;
    uint64_t claimed; /* batches */
    uint64_t epoch;   /* for batches: grows when what was claimed has been taken back */

    /* Written in settling. Claiming reads all but the flag only when the flag is set, and settled (release,
     * acquire) has reached claimed. */
    _Atomic uint64_t settled;
    _Atomic bool is_late;           /* claiming waits for what is under way, and then starts merging */
    struct settled_end settled_end; /* of the last batch */
    uint64_t accepted_epoch;        /* batches of other epochs are taken back */
    size_t late_next;               /* the first input that had not begun */
    struct cursor_start late_start;
    struct chunk *returned_first, *returned_last; /* chunks of batches that were taken back, in order */
};

static int by_first_time(const void *a, const void *b)
{
    const struct input *x = *(struct input *const *)a, *y = *(struct input *const *)b;
    if (x->first_time == INT64_MAX && y->first_time == INT64_MAX)
        return (x->order > y->order) - (x->order < y->order);
    return comes_first(x->first_time, x->order, y->first_time, y->order) ? -1 : 1;
}

static struct input *next_input(const struct set_source *s)
{
    size_t i = atomic_load_explicit(&s->next, memory_order_relaxed);
    return i < s->params.count ? s->inputs[i] : NULL;
}

/* Frames of the input that are later than this come after the next input's first. */
static int64_t time_limit(const struct set_source *s, const struct input *in, const struct input *next)
{
    if (s->params.append || !next || next->first_time == INT64_MAX)
        return INT64_MAX;
    bool next_first = next->order > in->order; /* at the same time */
    return next->first_time - (next_first && next->first_time > INT64_MIN);
}

/* Lanes of a batch: as many as the rest of the file, up to the position end, is worth. */
static void cut_lanes(struct set_source *s, struct batch *b, uint64_t end)
{
    const void *context =
        b->first ? s->context : atomic_load_explicit(&s->capture->context, memory_order_acquire);
    const uint64_t fixed = s->params.lane_bytes, scale = s->capture->position_bytes;
    /* What was read lies in a cache, and has no misses that several lanes could hide: 10,000 files of 100 KB
     * took 0.45 s with lanes of LANE_BYTES_MIN, and take 0.43; two threads. */
    const uint64_t worth = s->capture->is_read ? LANE_BYTES : LANE_BYTES_MIN;
    const uint64_t least = fixed ? fixed : MAX(worth / scale, UINT64_C(1));
    uint64_t lane = (end - s->offset) / LANES;
    lane = MIN(MAX(lane, least), fixed ? fixed : MAX(s->lane_bytes / scale, UINT64_C(1)));
    b->lanes_used = 0;
    for (unsigned i = 0; i < LANES && s->offset < end; i++) {
        struct lane *l = &b->lane[b->lanes_used++];
        l->begin = s->offset;
        /* The last lane takes what is too little for one more. */
        l->limit = end - s->offset < lane + least ? end : s->offset + lane;
        l->exact = b->first && i == 0;
        l->context = context;
        s->offset = l->limit;
    }
}

static void describe(struct set_source *s, struct batch *b)
{
    b->first = s->first;
    b->frames_before = s->frames_before;
    b->time_limit = time_limit(s, s->current, next_input(s));
    b->mark = atomic_load_explicit(&s->next, memory_order_relaxed);
    b->epoch = s->epoch;
    s->first = false;
    s->claimed++;
}

static void end_current(struct set_source *s)
{
    if (s->capture)
        capture_drop(s->capture);
    s->capture = NULL;
    s->under_way = false;
}

/* The next region of the mapped input. */
static bool claim_region(struct set_source *s, struct batch *b)
{
    uint64_t size = capture_size(s->capture), before = s->offset;
    uint64_t end = MIN(MIN(size, s->capture->records_end), s->late_at);
    if (before >= end) {
        end_current(s);
        return false;
    }
    if (s->capture->position_bytes == 1 && !s->capture->is_read)
        read_ahead_to(s->read_ahead, s->capture, s->offset, end);
    describe(s, b);
    b->input = capture_use(s->capture);
    b->bytes = s->capture->bytes;
    b->end = size;
    cut_lanes(s, b, end);
    atomic_fetch_add_explicit(&s->bytes_mapped, (s->offset - before) * s->capture->position_bytes,
                              memory_order_relaxed);
    return true;
}

/* The next chunk of the stream. */
static bool claim_chunk(struct set_source *s, struct batch *b, struct input *in)
{
    struct chunk *chunk = input_take_chunk(in);
    if (!chunk)
        return false;
    describe(s, b);
    b->input = capture_use(chunk->capture);
    b->piece = chunk;
    b->bytes = chunk->memory;
    b->base = chunk->base;
    b->end = chunk->end;
    b->lanes_used = chunk->lanes;
    for (unsigned i = 0; i < chunk->lanes; i++) {
        b->lane[i].begin = chunk->lane[i].begin;
        b->lane[i].limit = chunk->lane[i].limit;
        b->lane[i].context = chunk->lane[i].context;
        b->lane[i].exact = true;
    }
    return true;
}

/* Everything that was claimed is settled: nothing can be taken back any more. */
static bool all_settled(const struct set_source *s)
{
    return atomic_load_explicit(&s->settled, memory_order_acquire) == s->claimed;
}

/* So it is, and merging need not be begun. */
static bool all_in_time(const struct set_source *s)
{
    return all_settled(s) && !atomic_load_explicit(&s->is_late, memory_order_relaxed);
}

/* Lanes of some eight hundred frames, by a few in the middle of the capture (the first ones are often
 * handshakes): with fewer, guessing where lanes begin is what takes the time (20 % of it with lanes of 64 KB
 * and frames of 980 bytes). */
static void sample_capture(void *argument)
{
    struct set_source *s = argument;
    const struct capture *c = s->capture;
    struct walk walk = {.end = 1, .count = {1}};
    struct batch b = {.bytes = c->bytes, .end = capture_size(c), .lanes_used = 1};
    struct lane *lane = &b.lane[0];
    const uint64_t limit = MIN(b.end, c->records_end);
    *lane = (struct lane){
        .begin = (s->offset + limit) / 2, .limit = limit, .context = s->context, .state = LANE_OPEN};
    c->format->guess(c, &b, lane);
    if (lane->start >= lane->limit)
        return;
    lane->position = lane->start;
    uint64_t frames = 0;
    for (; lane->state == LANE_OPEN && walk.count[0] && frames < SAMPLE_FRAMES; frames += walk.count[0])
        c->format->walk(c, &b, &walk);
    uint64_t bytes = frames ? (lane->position - lane->start) / frames * LANE_FRAMES : 0;
    s->lane_bytes = MIN(MAX(bytes, (uint64_t)LANE_BYTES), (uint64_t)LANE_BYTES_MAX);
}

static void count_opened(struct set_source *s, struct input *in)
{
    if (!in->counted)
        atomic_fetch_add_explicit(&s->opened, 1, memory_order_relaxed);
    in->counted = true;
}

/* Opens the input at this place, and looks whether it overlaps with the one behind it. The turn is held. */
static bool open_input(struct set_source *s, size_t i)
{
    struct input *in = s->inputs[i];
    if (in->opened)
        return true;
    if (!input_open(in, true))
        return false;
    if (in->kind == INPUT_MAPPED && in->capture->is_read)
        late_find(in->capture, time_limit(s, in, i + 1 < s->params.count ? s->inputs[i + 1] : NULL));
    return true;
}

/* The next input of the sequence. False when somebody else has its turn. */
static bool begin_next(struct set_source *s)
{
    size_t i = atomic_load_explicit(&s->next, memory_order_relaxed);
    struct input *in = s->inputs[i];
    if (!turn_take(&in->turn))
        return false;
    if (in->again_first || open_input(s, i)) {
        s->under_way = s->first = true;
        s->current = in;
        s->frames_before = 0;
        if (in->kind == INPUT_MAPPED) {
            s->capture = input_take_capture(in);
            s->offset = s->capture->first_record;
            s->late_at = s->capture->late_at;
            s->context = atomic_load_explicit(&s->capture->context, memory_order_acquire);
            s->lane_bytes = LANE_BYTES;
            read_ahead_begin(s->read_ahead, 0);
            if (capture_size(s->capture) >= SAMPLE_FILE)
                capture_guard(sample_capture, s);
        }
        count_opened(s, in);
    }
    in->begun = true;
    atomic_store_explicit(&s->next, i + 1, memory_order_relaxed);
    turn_give_back(&in->turn);
    return true;
}

/* Stopping is asked for. What has been read of a stream is no more than a few chunks, and may be all that
 * there ever was, so that it still comes, unless it is of another stream than the one that was cut short.
 * CLAIM_BATCH: there is a stream to go on with. */
static enum claim claim_stopped(struct set_source *s)
{
    if (s->under_way)
        return s->capture ? CLAIM_END : CLAIM_BATCH;
    struct input *in = s->cut_short ? NULL : next_input(s);
    if (!in)
        return CLAIM_END;
    if (!turn_take(&in->turn))
        return CLAIM_NOTHING; /* who waits for it wakes up by now */
    bool goes_on = in->again_first || (in->opened && in->kind == INPUT_STREAM);
    turn_give_back(&in->turn);
    return goes_on ? CLAIM_BATCH : CLAIM_END;
}

/* Short of memory: what is left of the inputs is not read. */
static void give_up(struct set_source *s)
{
    for (size_t i = 0; i < s->heap.count; i++) {
        const struct input *in = s->heap.cursors[i]->input;
        problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, -1, "not read to its end: %s",
                     strerror(ENOMEM));
        cursor_destroy(s->heap.cursors[i]);
    }
    s->heap.count = 0;
}

static enum claim claim_merged(struct set_source *s, struct batch *b);

/* The current file seems to overlap with the next one from about here on. That costs less than when settling
 * finds it out, which takes back what was claimed and decoded meanwhile: with 10,000 files of which 2,500
 * have one frame at the time of the next file's first, 38 ns a frame instead of 40. Begins to merge, if what
 * is settled says where. */
static enum claim claim_late(struct set_source *s, struct batch *b)
{
    if (!all_in_time(s))
        return CLAIM_NOTHING;
    s->late_at = UINT64_MAX;
    struct settled_end end = {true, s->offset, s->context, s->frames_before};
    if (!s->first)
        end = s->settled_end;
    if (!end.is_known)
        return CLAIM_NOTHING; /* it goes on as if nothing were expected */
    struct cursor_start start = {.capture = capture_use(s->capture),
                                 .position = end.position,
                                 .context = end.context,
                                 .frames = end.frames,
                                 .limit = capture_records_end(s->capture)};
    struct input *in = s->current;
    end_current(s);
    if (cursor_heap_add(&s->heap, cursor_create(in, &start))) {
        give_up(s);
        return CLAIM_END;
    }
    return s->heap.count ? claim_merged(s, b) : CLAIM_NOTHING;
}

static enum claim claim_in_sequence(struct set_source *s, struct batch *b)
{
    for (;;) {
        if (unlikely(stop_is_asked(s->params.stop))) {
            enum claim claim = claim_stopped(s);
            if (claim != CLAIM_BATCH)
                return claim;
        }
        if (!s->under_way) {
            if (atomic_load_explicit(&s->next, memory_order_relaxed) == s->params.count)
                return all_in_time(s) ? CLAIM_END : CLAIM_NOTHING;
            if (!begin_next(s))
                return CLAIM_NOTHING;
            continue;
        }
        if (s->capture && s->offset >= s->late_at)
            return claim_late(s, b);
        if (s->capture) {
            if (claim_region(s, b))
                return CLAIM_BATCH;
            continue;
        }
        struct input *in = s->current;
        if (claim_chunk(s, b, in))
            return CLAIM_BATCH;
        if (input_is_finished(in)) {
            s->cut_short |= stop_is_asked(s->params.stop) && in->broken;
            end_current(s);
            continue;
        }
        if (!turn_take(&in->turn))
            return CLAIM_NOTHING;
        input_fill(in);
        turn_give_back(&in->turn);
    }
}

/* Merging. */

/* All inputs that begin before the next frame come in. 0 or -1. */
static int add_inputs_in_time(struct set_source *s)
{
    for (struct input *in; (in = next_input(s)) && s->heap.count;) {
        if (!comes_first(in->first_time, in->order, cursor_peek(s->heap.cursors[0])->time,
                         s->heap.cursors[0]->input->order))
            return 0;
        atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
        count_opened(s, in);
        if (cursor_heap_add(&s->heap, cursor_create(in, NULL)))
            return -1;
    }
    return 0;
}

/* The merged frames stay where they are as long as the batch uses what they lie in. 0 or -1. */
static int borrow(struct set_source *s, struct merged *m, struct cursor *c)
{
    if (c->borrowed == s->merged_batches)
        return 0;
    if (m->use_count == m->use_capacity) {
        size_t capacity = m->use_capacity ? m->use_capacity * 2 : 16;
        struct use *uses = realloc(m->uses, capacity * sizeof *uses);
        if (!uses)
            return -1;
        m->uses = uses;
        m->use_capacity = capacity;
    }
    if (c->chunk)
        atomic_fetch_add_explicit(&c->chunk->users, 1, memory_order_relaxed);
    m->uses[m->use_count++] = (struct use){capture_use(c->capture), c->chunk};
    c->borrowed = s->merged_batches;
    return 0;
}

static void merged_free(struct merged *m)
{
    for (size_t i = 0; i < m->use_count; i++) {
        if (m->uses[i].chunk)
            chunk_drop(m->uses[i].chunk);
        capture_drop(m->uses[i].capture);
    }
    free(m->uses);
    free(m);
}

/* Only one input is under way, and the next one begins later: it can be read in regions or chunks again, from
 * a place that is known: between two walks, and between two chunks. */
static bool back_to_sequence(struct set_source *s)
{
    struct cursor *c = s->heap.cursors[0];
    const struct lane *lane = &c->window.lane[0];
    if (s->heap.count != 1 || !cursor_is_between(c) ||
        (lane->state != LANE_OPEN && lane->state != LANE_DONE) ||
        (c->chunk && (lane->position < lane->limit || c->next_lane < c->chunk->lanes)))
        return false;
    s->under_way = s->first = true;
    s->current = c->input;
    if (!c->chunk)
        s->capture = capture_use(c->capture);
    s->offset = lane->position;
    s->lane_bytes = LANE_BYTES;
    read_ahead_begin(s->read_ahead, s->offset);
    s->context = lane->context;
    s->frames_before = c->frames;
    s->late_at = s->capture && s->capture->late_at >= s->offset ? s->capture->late_at : UINT64_MAX;
    s->heap.count = 0;
    cursor_destroy(c);
    return true;
}

static struct input *input_of(const struct set_source *s, const struct capture *c)
{
    size_t i = 0;
    while (s->inputs[i]->order != c->order)
        i++;
    return s->inputs[i];
}

static void set_begun(struct input *in, bool begun)
{
    while (!turn_take(&in->turn))
        sched_yield(); /* it is being opened ahead */
    in->begun = begun;
    turn_give_back(&in->turn);
}

/* Takes up merging where a sequence broke off. */
static int begin_merging(struct set_source *s)
{
    atomic_store_explicit(&s->is_late, false, memory_order_relaxed);
    s->epoch = s->accepted_epoch;
    end_current(s);
    for (size_t i = s->late_next; i < atomic_load_explicit(&s->next, memory_order_relaxed); i++)
        set_begun(s->inputs[i], false);
    atomic_store_explicit(&s->next, s->late_next, memory_order_relaxed);
    for (struct chunk *chunk = s->returned_first, *next; chunk; chunk = next) {
        struct input *in = input_of(s, chunk->capture);
        next = chunk->next;
        chunk->next = NULL;
        if (in->again_last)
            in->again_last->next = chunk;
        else
            in->again_first = chunk;
        in->again_last = chunk;
    }
    s->returned_first = s->returned_last = NULL;
    struct cursor_start start = s->late_start;
    s->late_start = (struct cursor_start){0};
    return cursor_heap_add(&s->heap, cursor_create(input_of(s, start.capture), &start));
}

/* The next frames in the order of time. A batch of none when merging is over. */
static enum claim claim_merged(struct set_source *s, struct batch *b)
{
    struct merged *m = malloc(sizeof *m);
    if (!m) {
        give_up(s);
        return CLAIM_END;
    }
    m->count = 0;
    m->uses = NULL;
    m->use_count = m->use_capacity = 0;
    s->merged_batches++;
    while (m->count < MERGED_FRAMES && s->heap.count) {
        if (add_inputs_in_time(s) || borrow(s, m, s->heap.cursors[0])) {
            give_up(s);
            break;
        }
        struct cursor *c = s->heap.cursors[0];
        m->frame[m->count] = *cursor_peek(c);
        m->origin[m->count].capture = c->capture;
        m->origin[m->count++].number = c->frames + 1;
        cursor_advance(c);
        if (back_to_sequence(s))
            break;
        cursor_heap_update_first(&s->heap);
    }
    if (!m->count) {
        merged_free(m);
        return claim_in_sequence(s, b);
    }
    b->first = true;
    b->epoch = s->epoch;
    b->piece = m;
    s->claimed++;
    batch_cut_frames(b, m->count);
    return CLAIM_BATCH;
}

/* The source's operations. A batch has an input (a capture) unless it is a merged one. */

static enum claim set_claim(struct source *source, struct batch *b)
{
    struct set_source *s = (struct set_source *)source;
    /* Merging ends with the batch that it was at: the frames of other files may be many. */
    const bool merging = s->heap.count || atomic_load_explicit(&s->is_late, memory_order_relaxed);
    if (merging && stop_is_asked(s->params.stop))
        return CLAIM_END;
    if (atomic_load_explicit(&s->is_late, memory_order_relaxed)) {
        if (!all_settled(s))
            return CLAIM_NOTHING;
        if (begin_merging(s)) {
            give_up(s);
            return CLAIM_END;
        }
    }
    return s->heap.count ? claim_merged(s, b) : claim_in_sequence(s, b);
}

static void set_guess(struct source *source, const struct batch *b, struct lane *lane)
{
    (void)source;
    const struct capture *c = b->input;
    c->format->guess(c, b, lane);
}

static void walk_merged(struct batch *b, struct walk *walk)
{
    const struct merged *m = b->piece;
    for (unsigned i = walk->first; i < walk->end; i++) {
        struct lane *lane = &b->lane[i];
        walk->count[i] = 0;
        if (lane->state != LANE_OPEN)
            continue;
        unsigned n = (unsigned)MIN(lane->limit - lane->position, (uint64_t)WALK_FRAMES);
        for (unsigned k = 0; k < n; k++) {
            walk->frame[i][k] = m->frame[lane->position + k];
            __builtin_prefetch(walk->frame[i][k].data);
        }
        walk->count[i] = n;
        lane->position += n;
        if (!n)
            lane->state = LANE_DONE;
    }
}

static void set_walk(struct source *source, struct batch *b, struct walk *walk)
{
    (void)source;
    const struct capture *c = b->input;
    if (c)
        c->format->walk(c, b, walk);
    else
        walk_merged(b, walk);
}

static bool set_run(struct source *source, const struct batch *b, const struct lane *lane,
                    struct record_run *run)
{
    (void)source;
    const struct capture *c = b->input;
    return c && c->format->run && c->format->run(c, b, lane, run);
}

/* Frames whose bytes are gone are empty from now on. */
static void find_ends(struct merged *m)
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

/* Pages are taken out of the page table once all of a piece of the file is decoded, by whoever decoded the
 * last of it. That costs as much as putting them in, 44 of 155 ms for a file of 1.5 GB when one thread unmaps
 * it at the end; but each time all workers lose what their TLBs hold, so it is not done batch by batch (two
 * threads, frames of 491 bytes: 0.192 s, and 0.174 s in pieces). Whoever reads a batch again finds its pages
 * in the page cache. */
static void set_decoded(struct source *source, struct batch *b)
{
    (void)source;
    struct capture *c = b->input;
    if (c && !b->piece && c->decoded)
        capture_decoded(c, b->lane[0].begin, b->lane[b->lanes_used - 1].limit);
}

static bool set_guard(struct source *source, struct batch *b, void (*work)(void *), void *argument)
{
    (void)source;
    struct capture *c = b->input;
    if (c && !b->piece)
        b->end = capture_size(c); /* another batch may have found the file's new end already */
    if (capture_guard(work, argument))
        return true;
    if (!c) {
        find_ends(b->piece);
    } else {
        capture_find_end(c);
        b->end = capture_size(c);
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
    c->format->change(c, job->batch, job->lane);
}

static void set_change(struct source *source, struct batch *b, struct lane *lane)
{
    struct change_job job = {.batch = b, .lane = lane};
    while (!set_guard(source, b, change_lane, &job))
        ;
}

static void set_fault(struct source *source, const struct batch *b, const struct lane *lane)
{
    (void)source;
    struct capture *c = b->input;
    c->format->fault(c, b, lane);
}

static void set_late(struct source *source, struct batch *b, struct lane *lane)
{
    struct set_source *s = (struct set_source *)source;
    s->late_start = (struct cursor_start){
        .capture = capture_use(b->input),
        .chunk = b->piece,
        .position = lane->resumed,
        .context = lane->context,
        .skip = lane->frames - lane->resumed_frames,
        .frames = lane->first_frame + lane->frames - 1 - b->input_base,
        .lane = (unsigned)(lane - b->lane) + 1,
        .limit = lane->limit,
    };
    if (b->piece)
        atomic_fetch_add_explicit(&((struct chunk *)b->piece)->users, 1, memory_order_relaxed);
    else
        s->late_start.limit = MIN(b->end, s->late_start.capture->records_end);
    s->late_next = b->mark;
    s->accepted_epoch++;
    atomic_store_explicit(&s->is_late, true, memory_order_relaxed);
}

static bool set_accept(struct source *source, struct batch *b)
{
    struct set_source *s = (struct set_source *)source;
    if (b->epoch == s->accepted_epoch)
        return true;
    struct chunk *chunk = b->piece;
    if (!chunk)
        return false; /* a mapped region is claimed again from the file */
    atomic_fetch_add_explicit(&chunk->users, 1, memory_order_relaxed);
    if (s->returned_last)
        s->returned_last->next = chunk;
    else
        s->returned_first = chunk;
    s->returned_last = chunk;
    return false;
}

static void set_settled(struct source *source, struct batch *b)
{
    struct set_source *s = (struct set_source *)source;
    s->settled_end = (struct settled_end){0};
    if (b->lanes_used) {
        const struct lane *last = &b->lane[b->lanes_used - 1];
        /* A lane without frames may be one that does not count, and its position with it. */
        s->settled_end =
            (struct settled_end){last->state == LANE_DONE && last->frames, last->position, last->context,
                                 last->first_frame + last->frames - 1 - b->input_base};
    }
    atomic_fetch_add_explicit(&s->settled, 1, memory_order_release);
}

/* Opens and fills the inputs that come next; who is idle opens some more, but fills no streams that are far
 * away, since memory is bounded by those. */
static bool set_prepare(struct source *source, bool idle)
{
    enum { FURTHER = 3 };
    struct set_source *s = (struct set_source *)source;
    if (stop_is_asked(s->params.stop))
        return false;
    size_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    const size_t begin = next ? next - 1 : 0, filled = next + s->params.ahead;
    const size_t end = MIN(idle ? next + s->params.ahead * FURTHER : filled, s->params.count);
    bool did = false;
    for (size_t i = begin; i < end && !did; i++) {
        struct input *in = s->inputs[i];
        /* A pipe may wait for its writer as long as it likes, but not while there are files before it. */
        if (!in->sized && i >= next)
            continue;
        if (atomic_load_explicit(&in->finished, memory_order_relaxed) || !turn_take(&in->turn))
            continue;
        if (!in->begun && !in->opened && !in->failed)
            did = open_input(s, i);
        else if (in->opened && i < filled)
            did = input_fill(in);
        turn_give_back(&in->turn);
    }
    return did;
}

static struct origin set_origin(struct source *source, const struct batch *b, uint64_t index)
{
    (void)source;
    const struct capture *c = b->input;
    if (c)
        return (struct origin){c->path, b->first_frame + index - b->input_base};
    const struct merged *m = b->piece;
    return (struct origin){m->origin[index].capture->path, m->origin[index].number};
}

static void set_release(struct source *source, struct batch *b)
{
    (void)source;
    if (!b->input) {
        merged_free(b->piece);
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
    .fault = set_fault,
    .release = set_release,
};

/* The time of the input's first frame, where a look at its first bytes does not tell. Regular files are
 * closed again, since there can be many. What is wrong with them will be said when it is their turn. */
static void look_at_first_time(struct input *in)
{
    struct problems nobody = PROBLEMS_INIT;
    struct input *look = in->sized ? input_create(in->path, in->order, &nobody, in->stop) : in;
    if (look)
        look->sized = in->sized;
    struct cursor *c = look ? cursor_create(look, NULL) : NULL;
    if (c) {
        const struct frame *f = cursor_peek(c);
        if (f)
            in->first_time = f->time;
        if (!in->sized && c->chunk) { /* what was taken is given back */
            in->again_first = in->again_last = c->chunk;
            atomic_fetch_add_explicit(&c->chunk->users, 1, memory_order_relaxed);
        }
        cursor_destroy(c);
    }
    if (look && look != in) {
        in->kind = look->kind;
        input_free(look);
    }
    problems_free(&nobody);
}

/* What the run has to know of an input that is a regular file. */
static void look_at_input(void *argument, size_t i)
{
    struct set_source *s = argument;
    struct input *in = s->inputs[i];
    struct look look = s->params.looks ? s->params.looks[i] : (struct look){0};
    const bool ordered = !s->params.append && s->params.count > 1;
    struct stat st;
    in->sized = look.done || (strcmp(in->path, "-") && !stat(in->path, &st) && S_ISREG(st.st_mode));
    if (!in->sized)
        return;
    if (!look.done && ordered)
        look_at_file(in->path, &look);
    atomic_fetch_add_explicit(&s->bytes_total, look.done ? look.size : (uint64_t)st.st_size,
                              memory_order_relaxed);
    if (look.has_time)
        in->first_time = look.first_time;
    else if (ordered)
        look_at_first_time(in);
}

/* Files, which can be many, on as many threads as the run will have; then streams one after the other, since
 * their writers may wait for each other. */
static void look_at_inputs(struct set_source *s)
{
    look_at_many(look_at_input, s, s->params.count, s->params.threads);
    for (size_t i = 0; !s->params.append && s->params.count > 1 && i < s->params.count; i++)
        if (!s->inputs[i]->sized)
            look_at_first_time(s->inputs[i]);
}

struct set_source *set_source_create(const struct set_source_params *params)
{
    struct set_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->source.ops = &ops;
    s->source.ends_itself = params->stop;
    s->params = *params;
    s->inputs = calloc(params->count ? params->count : 1, sizeof(struct input *));
    s->read_ahead = read_ahead_create();
    for (size_t i = 0; s->inputs && i < params->count; i++) {
        s->inputs[i] = input_create(params->paths[i], i, params->problems, params->stop);
        if (!s->inputs[i])
            goto fail;
    }
    if (!s->inputs || !s->read_ahead)
        goto fail;
    look_at_inputs(s);
    if (!params->append && params->count > 1)
        qsort(s->inputs, params->count, sizeof(struct input *), by_first_time);
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
    return atomic_load_explicit(&s->opened, memory_order_relaxed);
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

uint64_t set_source_bytes(const struct set_source *s)
{
    uint64_t n = atomic_load_explicit(&s->bytes_total, memory_order_relaxed);
    for (size_t i = 0; i < s->params.count; i++)
        if (!s->inputs[i]->sized)
            n += atomic_load_explicit(&s->inputs[i]->consumed, memory_order_relaxed);
    return n;
}

void set_source_destroy(struct set_source *s)
{
    if (!s)
        return;
    read_ahead_destroy(s->read_ahead);
    end_current(s);
    if (s->late_start.chunk)
        chunk_drop(s->late_start.chunk);
    if (s->late_start.capture)
        capture_drop(s->late_start.capture);
    for (struct chunk *chunk = s->returned_first, *next; chunk; chunk = next) {
        next = chunk->next;
        chunk_drop(chunk);
    }
    cursor_heap_clear(&s->heap);
    for (size_t i = 0; s->inputs && i < s->params.count; i++)
        input_free(s->inputs[i]);
    free(s->inputs);
    free(s);
}
