/* Decode: the worker that claimed a batch decodes it, lane by lane or a turn of each. Settling decodes lanes again here
 * if their start was guessed wrong. */
#include "engine/pipeline/decode_batch.h"
#include "engine/pipeline/decode_job.h"
#include "engine/pipeline/pack.h"

void lane_clear(struct pipeline *p, struct lane *lane)
{
    for (unsigned i = 0; i < FAMILIES * p->params.threads; i++)
        segment_list_clear(&lane->lists[i]);
    lane->fragments.used = 0;
    lane->ftp.count = 0;
    lane->packet_ids.count = 0;
    lane->boundaries.count = 0;
    decode_counts_clear(&lane->counts);
    lane->frames = 0;
}

static bool is_ignored(const struct pipeline *p, uint64_t frame)
{
    size_t low = 0, high = p->params.ignore_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->params.ignore[middle].last < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->params.ignore_count && p->params.ignore[low].first <= frame;
}

static void lane_open_at(struct pipeline *p, struct lane *lane, uint64_t start)
{
    lane_clear(p, lane);
    lane->start = lane->reader.position = lane->resumed = start;
    lane->resumed_frames = 0;
    lane->reader.state = LANE_OPEN;
}

static bool is_left_out(const struct decode_job *job, uint64_t number, const struct frame *frame)
{
    const struct pipeline *p = job->pipeline;
    struct filter *filter = p->params.filter;
    return (job->check_ignored && is_ignored(p, number)) || (filter && !filter->matches(filter, frame));
}

/* The next n frames of the lane, except those that are left out. */
static void decode_wanted(const struct decode_job *job, struct lane *lane, const struct frame *frames,
                          unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        const struct frame *f = &frames[k];
        if (is_left_out(job, lane->first_frame + lane->frames + k, f)) {
            lane->counts.frames[OUTCOME_IGNORED]++;
            lane->counts.wire_bytes += f->length;
            lane->counts.captured_bytes += f->captured;
        } else {
            decode_frames(job->decoder, f, 1, (uint32_t)(lane->frames + k));
        }
    }
}

/* Touches the beginnings of lanes whose start is to be guessed. Cache misses and faults of unmapped pages, taken one
 * after the other, cost 1.5 ns a 64-byte frame. */
static void touch_lanes(const struct batch *b)
{
    enum { LINES = 12 };
    for (unsigned i = 0; i < b->lanes_used; i++) {
        const struct lane *lane = &b->lane[i];
        if (lane->exact || lane->begin < b->window.base || lane->begin >= b->window.end)
            continue;
        const uint8_t *p = window_at(&b->window, lane->begin);
        (void)*(const volatile uint8_t *)p;
        for (int line = 1; line < LINES; line++)
            __builtin_prefetch(p + line * CACHE_LINE);
    }
}

static void open_lane_by_guess(const struct decode_job *job, struct lane *lane)
{
    struct source *source = job->pipeline->params.source;
    lane_open_at(job->pipeline, lane, lane->begin);
    if (lane->exact)
        return;
    source->ops->guess(source, job->batch, lane);
    lane->reader.position = lane->resumed = lane->start;
    if (lane->start >= lane->reader.limit)
        lane->reader.state = LANE_LOST;
}

static void open_lanes(const struct decode_job *job)
{
    switch (job->mode) {
    case DECODE_ALL_LANES:
        touch_lanes(job->batch);
        for (unsigned i = 0; i < job->batch->lanes_used; i++)
            open_lane_by_guess(job, &job->batch->lane[i]);
        break;
    case DECODE_LANE_AGAIN:
        lane_open_at(job->pipeline, job->lane, job->start);
        break;
    case DECODE_LANE_ON: /* is open */
        break;
    }
}

/* How many of the next n frames of the lane precede the first one that is later than the batch's limit. */
static unsigned frames_in_time(const struct batch *b, struct lane *lane, const struct frame *frames,
                               unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        if (unlikely(frames[k].time > b->time_limit)) {
            lane->reader.state = LANE_LATE;
            return k;
        }
    return n;
}

/* Is each frame checked before it is decoded? */
static bool looks_at_each(const struct decode_job *job)
{
    return job->check_ignored || job->pipeline->params.filter;
}

/* The walk's next turn. False: none of its lanes has another frame. */
static bool decode_turn(const struct decode_job *job)
{
    struct pipeline *p = job->pipeline;
    struct source *source = p->params.source;
    struct batch *b = job->batch;
    struct decoder *d = job->decoder;
    struct walk *walk = job->walk;
    const bool leaves_out = looks_at_each(job);
    bool any = false;
    source->ops->walk(source, b, walk);
    for (unsigned i = walk->first; i < walk->end; i++) {
        struct lane *lane = &b->lane[i];
        unsigned n = walk->count[i];
        any |= n > 0;
        if (b->time_limit != INT64_MAX)
            n = frames_in_time(b, lane, walk->frame[i], n);
        decode_enter_lane(d, lane);
        time_order_add(&lane->counts.order, walk->frame[i], n);
        if (unlikely(leaves_out))
            decode_wanted(job, lane, walk->frame[i], n);
        else
            decode_frames(d, walk->frame[i], n, (uint32_t)lane->frames);
        lane->frames += n;
    }
    return any;
}

bool decode_begin_run(const struct decode_job *job, const struct lane *lane, struct record_run *run)
{
    struct source *source = job->pipeline->params.source;
    if (lane->reader.state != LANE_OPEN || !source->ops->run || looks_at_each(job) ||
        !source->ops->run(source, job->batch, lane, run))
        return false;
    run->latest = job->batch->time_limit;
    return true;
}

/* The runs of records at the lane's position, as long as there are any. */
static void decode_lane_runs(const struct decode_job *job, struct lane *lane)
{
    const struct batch *b = job->batch;
    struct record_run run;
    while (decode_begin_run(job, lane, &run)) {
        decode_enter_lane(job->decoder, lane);
        const uint32_t n = decode_run(job->decoder, &run, (uint32_t)lane->frames);
        if (!n)
            return;
        lane->frames += n;
        lane->reader.position = window_position(&b->window, run.at);
    }
}

static void decode_lanes(void *argument)
{
    struct decode_job *job = argument;
    struct batch *b = job->batch;
    struct walk *walk = job->walk;
    unsigned first = 0, end = b->lanes_used;
    for (unsigned i = 0; i < b->lanes_used; i++)
        walk->reader[i] = &b->lane[i].reader;
    if (job->mode != DECODE_ALL_LANES) {
        first = (unsigned)(job->lane - b->lane);
        end = first + 1;
    }
    job->decoder->fragments_frame = NULL; /* the guard may have ended a run in the middle of a frame */
    open_lanes(job);
    for (walk->first = first; walk->first < end; walk->first = walk->end) {
        walk->end = job->one_by_one ? walk->first + 1 : end;
        do {
            if (job->one_by_one)
                decode_lane_runs(job, &b->lane[walk->first]);
            else if (job->mode == DECODE_ALL_LANES)
                decode_runs_side_by_side(job);
        } while (decode_turn(job));
    }
    if (job->decoder->failed)
        pipeline_fail(job->pipeline, PIPELINE_MEMORY);
}

/* Up to this average frame size, lanes are walked one by one: memory is then read as hardware prefetchers expect,
 * and what the walk and the lists of one lane need stays in the L1 cache. 0.86 of the time of 64 bytes, 0.93 of
 * 98 on average; of 188 it is 1.06, and 2.1 of 491, where a header is a miss that only those of other lanes
 * can hide. Where records lie in runs, and the others in runs side by side: 0.88 of the time of 64 and of 116
 * bytes on average, 0.91 of 149, 0.96 of 187, 1.02 of 214, 1.06 of 247. */
enum { SMALL_FRAMES = 160, SMALL_FRAMES_IN_RUNS = 200 };

/* By the batch that the worker decoded before. */
static bool are_small(const struct decode_job *job)
{
    const struct batch *b = job->batch;
    uint64_t frames = 0, bytes = 0;
    for (unsigned i = 0; i < b->lanes_used; i++) {
        frames += b->lane[i].frames;
        bytes += b->lane[i].counts.captured_bytes;
    }
    if (!frames || bytes > frames * SMALL_FRAMES_IN_RUNS)
        return false;
    if (bytes <= frames * SMALL_FRAMES)
        return true;
    const struct lane *first = &b->lane[0];
    const struct lane again = {.reader = {.state = LANE_OPEN,
                                          .position = first->start,
                                          .limit = first->reader.limit,
                                          .context = first->reader.context}};
    struct record_run run;
    return first->start < first->reader.limit && decode_begin_run(job, &again, &run);
}

static void run_job(struct decode_job *job)
{
    struct source *source = job->pipeline->params.source;
    if (!source->ops->guard) {
        decode_lanes(job);
        return;
    }
    while (!source->ops->guard(source, job->batch, decode_lanes, job)) {
        /* The input has become shorter while it was read: once more, up to its new end. */
        if (job->mode == DECODE_LANE_ON) {
            job->mode = DECODE_LANE_AGAIN;
            job->start = job->lane->start;
            job->lane->reader.context = job->start_context;
        }
    }
}

/* Each lane has to begin where the one before ends. Lanes that do not are decoded again here, by all workers in
 * parallel, rather than in settling, which is left with the first lane of a batch. */
static void decode_misfits(struct decode_job *job)
{
    struct batch *b = job->batch;
    for (unsigned i = 1; i < b->lanes_used; i++) {
        struct lane *lane = &b->lane[i];
        const struct lane *before = &b->lane[i - 1];
        if (lane->exact || before->reader.state != LANE_DONE || before->reader.position == lane->start)
            continue;
        if (before->reader.position >= lane->reader.limit) { /* no record begins in it */
            lane_clear(job->pipeline, lane);
            lane->start = lane->reader.position = before->reader.position;
            lane->reader.state = LANE_DONE;
            continue;
        }
        b->redone++;
        job->mode = DECODE_LANE_AGAIN;
        job->lane = lane;
        job->start = before->reader.position;
        run_job(job);
    }
}

void decode_batch(struct worker *w, struct batch *b)
{
    struct decode_job job = {.pipeline = w->pipeline,
                             .batch = b,
                             .decoder = &w->decoder,
                             .walk = &w->walk,
                             .mode = DECODE_ALL_LANES,
                             .one_by_one = w->small_frames};

    if (w->pipeline->params.source->packed) {
        unpack_batch(w, b);
        return;
    }
    b->redone = 0;
    run_job(&job);
    w->small_frames = are_small(&job);
    decode_misfits(&job);
}

/* For settling, which knows the frame numbers, and so which frames are ignored. */
static struct decode_job redecode_job(struct pipeline *p, struct batch *b, struct lane *lane)
{
    return (struct decode_job){.pipeline = p,
                               .batch = b,
                               .decoder = &p->redecoder,
                               .walk = &p->rewalk,
                               .check_ignored = p->params.ignore_count > 0,
                               .lane = lane};
}

void decode_lane_on(struct pipeline *p, struct batch *b, struct lane *lane, const void *start_context)
{
    struct decode_job job = redecode_job(p, b, lane);
    job.mode = DECODE_LANE_ON;
    job.start_context = start_context;
    lane->resumed = lane->reader.position;
    lane->resumed_frames = lane->frames;
    lane->reader.state = LANE_OPEN;
    run_job(&job);
}

void decode_lane_again(struct pipeline *p, struct batch *b, struct lane *lane, uint64_t start)
{
    struct decode_job job = redecode_job(p, b, lane);
    job.mode = DECODE_LANE_AGAIN;
    job.start = start;
    run_job(&job);
}
