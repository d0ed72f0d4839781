/* Step 2: the claimer decodes its batch. */
#include "engine/pipeline/decode_batch.h"

/* What is decoded under the source's guard: the whole batch, or one lane of it from a known start. */
struct decode_job {
    struct pipeline *pipeline;
    struct batch *batch;
    struct decoder *decoder;
    struct walk *walk;
    bool one_by_one;   /* the lanes, and not in turn */
    struct lane *only; /* NULL: all lanes, from where they are guessed to begin */
    uint64_t start;
    struct lane *go_on;        /* this lane, from its position on */
    const void *start_context; /* what go_on was read with at its start */
    bool check_ignored;        /* the lane's first_frame is known */
};

void lane_clear(struct pipeline *p, struct lane *lane)
{
    for (unsigned i = 0; i < FAMILIES * p->params.threads; i++)
        segment_list_clear(&lane->lists[i]);
    lane->fragments.used = 0;
    lane->ftp.count = 0;
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
    lane->start = lane->position = lane->resumed = start;
    lane->resumed_frames = 0;
    lane->state = LANE_OPEN;
}

static bool is_left_out(const struct decode_job *job, uint64_t number, const struct frame *frame)
{
    const struct pipeline *p = job->pipeline;
    struct filter *filter = p->params.filter;
    return (job->check_ignored && is_ignored(p, number)) || (filter && !filter->matches(filter, frame));
}

/* The next n frames of the lane, but for those that are left out. */
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

/* The beginnings of lanes whose start is to be guessed: their misses, and the faults of pages that are not
 * mapped yet, one after the other, took 1.5 ns a 64-byte frame. */
static void touch_lanes(const struct batch *b)
{
    enum { LINES = 12 };
    for (unsigned i = 0; i < b->lanes_used; i++) {
        const struct lane *lane = &b->lane[i];
        if (lane->exact || lane->begin < b->base || lane->begin >= b->end)
            continue;
        const uint8_t *p = b->bytes + (lane->begin - b->base);
        (void)*(const volatile uint8_t *)p;
        for (int line = 1; line < LINES; line++)
            __builtin_prefetch(p + line * CACHE_LINE);
    }
}

static void open_lanes(const struct decode_job *job)
{
    struct pipeline *p = job->pipeline;
    struct source *source = p->params.source;
    if (job->go_on)
        return;
    if (job->only) {
        lane_open_at(p, job->only, job->start);
        return;
    }
    touch_lanes(job->batch);
    for (unsigned i = 0; i < job->batch->lanes_used; i++) {
        struct lane *lane = &job->batch->lane[i];
        lane_open_at(p, lane, lane->begin);
        if (!lane->exact) {
            source->ops->guess(source, job->batch, lane);
            lane->position = lane->resumed = lane->start;
            if (lane->start >= lane->limit)
                lane->state = LANE_LOST;
        }
    }
}

/* How many of the next n frames of the lane stand before one that is later than the batch's limit. */
static unsigned frames_in_time(const struct batch *b, struct lane *lane, const struct frame *frames,
                               unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        if (unlikely(frames[k].time > b->time_limit)) {
            lane->state = LANE_LATE;
            return k;
        }
    return n;
}

static void enter_lane(struct decoder *d, struct lane *lane)
{
    d->lists = lane->lists;
    d->counts = &lane->counts;
    d->fragments = &lane->fragments;
    d->ftp = &lane->ftp;
}

/* Each frame is looked at before it is decoded. */
static bool looks_at_each(const struct decode_job *job)
{
    return job->check_ignored || job->pipeline->params.filter;
}

/* The walk's next turn: false when none of its lanes has any more. */
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
        enter_lane(d, lane);
        if (unlikely(leaves_out))
            decode_wanted(job, lane, walk->frame[i], n);
        else
            decode_frames(d, walk->frame[i], n, (uint32_t)lane->frames);
        lane->frames += n;
        if (likely(n))
            lane->last_time = walk->frame[i][n - 1].time;
    }
    return any;
}

/* False: there is no run of records at the lane's position, or each frame is to be looked at. */
static bool begins_run(const struct decode_job *job, const struct lane *lane, struct record_run *run)
{
    struct source *source = job->pipeline->params.source;
    return lane->state == LANE_OPEN && source->ops->run && !looks_at_each(job) &&
           source->ops->run(source, job->batch, lane, run);
}

/* The runs of records at the lane's position, as long as there are any. */
static void decode_lane_run(const struct decode_job *job, struct lane *lane)
{
    const struct batch *b = job->batch;
    struct record_run run;
    while (begins_run(job, lane, &run)) {
        run.latest = b->time_limit;
        enter_lane(job->decoder, lane);
        const uint32_t n = decode_run(job->decoder, &run, (uint32_t)lane->frames);
        if (!n)
            return;
        lane->frames += n;
        lane->position = (uint64_t)(run.at - b->bytes) + b->base;
        lane->last_time = run.last_time;
    }
}

/* The runs of several lanes, which are walked side by side: those of pcap files. Blocks of pcapng have their
 * length at their end, too, which has to be looked at before they are decoded, and the walk does that; runs
 * of them are for small frames, which lie one after the other. */
struct lane_runs {
    unsigned used;
    bool broke; /* one of them has ended, and not where its lane does */
    struct lane *lane[LANES];
    struct record_run run[LANES]; /* limit is NULL when it has ended */
};

/* What is walked of them in a turn: where so many records begin, and where the last of them ends. */
struct runs_turn {
    const uint8_t *record[LANES][WALK_FRAMES + 1];
    unsigned count[LANES];
};
_Static_assert((int)WALK_FRAMES <= (int)AT_A_TIME, "a lane's records of a turn may be decoded at once");

/* Records number k and following, before end, of each run: one of each in turn, so that the misses of their
 * headers overlap. */
ALWAYS_INLINE void walk_runs_of(struct lane_runs *r, struct runs_turn *turn, unsigned k, unsigned end,
                                bool timed)
{
    const unsigned used = r->used;
    for (; k < end; k++)
        for (unsigned i = 0; i < used; i++) {
            struct record_run *const run = &r->run[i];
            const uint8_t *const record = turn->record[i][k];
            if (unlikely(record >= run->limit)) {
                run->limit = NULL;
                turn->record[i][k + 1] = record; /* any: the next step looks at it */
                continue;
            }
            const uint32_t captured = load_le32(record + 8);
            if (unlikely(captured > run->longest ||
                         (timed && run_time(RUN_PCAP, run->fraction_ns, record) > run->latest))) {
                run->limit = NULL;
                r->broke = true;
                turn->record[i][k + 1] = record;
                continue;
            }
            const uint8_t *const next = record + RUN_HEADER + captured;
            run_fetch_headers(next);
            turn->record[i][k + 1] = next;
            turn->count[i] = k + 1;
        }
}

static __attribute__((noinline)) void walk_runs(struct lane_runs *r, struct runs_turn *turn, unsigned k,
                                                unsigned end)
{
    if (r->broke)
        return;
    if (r->run[0].latest == INT64_MAX)
        walk_runs_of(r, turn, k, end, false);
    else
        walk_runs_of(r, turn, k, end, true);
}

static void begin_runs(const struct decode_job *job, struct lane_runs *r, struct runs_turn *turn)
{
    struct batch *b = job->batch;
    r->used = 0;
    r->broke = false;
    for (unsigned i = 0; i < b->lanes_used; i++) {
        struct record_run *run = &r->run[r->used];
        if (!begins_run(job, &b->lane[i], run) || run->layout != RUN_PCAP)
            continue;
        run->latest = b->time_limit;
        r->lane[r->used] = &b->lane[i];
        turn->record[r->used][0] = run->at;
        turn->count[r->used++] = 0;
    }
}

/* The next n records that were walked of run i. */
static void decode_walked(const struct decode_job *job, const struct lane_runs *r, unsigned i,
                          const uint8_t *const *records, unsigned n)
{
    const struct batch *b = job->batch;
    struct lane *lane = r->lane[i];
    if (!n)
        return;
    enter_lane(job->decoder, lane);
    decode_records(job->decoder, &r->run[i], records, n, (uint32_t)lane->frames);
    lane->frames += n;
    lane->position = (uint64_t)(records[n] - b->bytes) + b->base;
    lane->last_time = run_time(RUN_PCAP, r->run[i].fraction_ns, records[n - 1]);
}

/* The runs at all lanes' positions, where there are such, until one of them breaks or all are at their ends.
 * Each lane's next header is a miss that nothing but the length of the record before leads to: so between two
 * steps of the walk eight records that have arrived are decoded (where all lanes are used), and what is
 * fetched comes meanwhile. 0.94 of the time of frames of 980 and 491 bytes, two threads, beside sixteen steps
 * and then their 128 frames; two steps and then sixteen frames, 0.956; with twelve lanes, the same; with
 * sixteen, 1.06 to 1.09. */
static void decode_runs(const struct decode_job *job)
{
    struct lane_runs r;
    struct runs_turn turns[2];
    begin_runs(job, &r, &turns[0]);
    if (!r.used)
        return;
    const unsigned parts = r.used > LANES / 2 ? 2 : 1, pieces = r.used * parts;
    walk_runs(&r, &turns[0], 0, WALK_FRAMES);
    for (unsigned now = 0, left = r.used; left; now = !now) {
        struct runs_turn *turn = &turns[now], *next = &turns[!now];
        for (unsigned i = 0; i < r.used; i++) {
            next->record[i][0] = turn->record[i][turn->count[i]];
            next->count[i] = 0;
        }
        for (unsigned piece = 0; piece < pieces; piece++) {
            const unsigned i = piece / parts, part = piece % parts;
            const unsigned first = turn->count[i] * part / parts, end = turn->count[i] * (part + 1) / parts;
            walk_runs(&r, next, WALK_FRAMES * piece / pieces, WALK_FRAMES * (piece + 1) / pieces);
            decode_walked(job, &r, i, &turn->record[i][first], end - first);
        }
        left = 0;
        for (unsigned i = 0; i < r.used; i++)
            left += next->count[i];
    }
}

static void decode_lanes(void *argument)
{
    struct decode_job *job = argument;
    const struct batch *b = job->batch;
    struct walk *walk = job->walk;
    const struct lane *alone = job->only ? job->only : job->go_on;
    const unsigned first = alone ? (unsigned)(alone - b->lane) : 0, end = alone ? first + 1 : b->lanes_used;
    job->decoder->fragments_frame = NULL; /* the guard may have ended a run in the middle of a frame */
    open_lanes(job);
    for (walk->first = first; walk->first < end; walk->first = walk->end) {
        walk->end = job->one_by_one ? walk->first + 1 : end;
        do {
            if (job->one_by_one)
                decode_lane_run(job, &job->batch->lane[walk->first]);
            else if (!alone)
                decode_runs(job);
        } while (decode_turn(job));
    }
    if (job->decoder->failed)
        pipeline_fail(job->pipeline, PIPELINE_MEMORY);
}

/* Of frames up to this size, lanes are walked one by one: they lie in memory as processors expect them, and
 * what the walk and the lists of one lane need stays in the L1 cache. 0.86 of the time of 64 bytes, 0.93 of
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
    const struct lane again = {
        .state = LANE_OPEN, .position = first->start, .limit = first->limit, .context = first->context};
    struct record_run run;
    return first->start < first->limit && begins_run(job, &again, &run);
}

static void run(struct decode_job *job)
{
    struct source *source = job->pipeline->params.source;
    if (!source->ops->guard) {
        decode_lanes(job);
        return;
    }
    while (!source->ops->guard(source, job->batch, decode_lanes, job)) {
        /* The input has become shorter while it was read. Once more, up to its new end. */
        if (job->go_on) {
            job->only = job->go_on;
            job->start = job->go_on->start;
            job->only->context = job->start_context;
            job->go_on = NULL;
        }
    }
}

void decode_batch(struct worker *w, struct batch *b)
{
    struct pipeline *p = w->pipeline;
    struct decode_job job = {
        .pipeline = p, .batch = b, .decoder = &w->decoder, .walk = &w->walk, .one_by_one = w->small_frames};

    b->redone = 0;
    run(&job);
    w->small_frames = are_small(&job);

    /* Where a lane ends, the next one has to begin. What does not fit is decoded again here, by all workers
     * at once, and not in settling: only a batch's first lane is left to that. */
    for (unsigned i = 1; i < b->lanes_used; i++) {
        struct lane *lane = &b->lane[i];
        const struct lane *before = &b->lane[i - 1];
        if (lane->exact || before->state != LANE_DONE || before->position == lane->start)
            continue;
        if (before->position >= lane->limit) { /* no record begins in it */
            lane_clear(p, lane);
            lane->start = lane->position = before->position;
            lane->state = LANE_DONE;
            continue;
        }
        b->redone++;
        job.only = lane;
        job.start = before->position;
        run(&job);
    }
}

void decode_lane_on(struct pipeline *p, struct batch *b, struct lane *lane, const void *start_context)
{
    struct decode_job job = {.pipeline = p,
                             .batch = b,
                             .decoder = &p->redecoder,
                             .walk = &p->rewalk,
                             .go_on = lane,
                             .start_context = start_context,
                             .check_ignored = p->params.ignore_count > 0};
    lane->resumed = lane->position;
    lane->resumed_frames = lane->frames;
    lane->state = LANE_OPEN;
    run(&job);
}

void decode_lane_again(struct pipeline *p, struct batch *b, struct lane *lane, uint64_t start)
{
    struct decode_job job = {.pipeline = p,
                             .batch = b,
                             .decoder = &p->redecoder,
                             .walk = &p->rewalk,
                             .only = lane,
                             .start = start,
                             .check_ignored = p->params.ignore_count > 0};
    run(&job);
}
