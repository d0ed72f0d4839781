/* Reading a set one input after the other: a mapped file in regions that are cut into lanes, a stream in its
 * chunks. Every batch knows when the next input begins, so that decoding can tell a late frame. */
#include "io/formats/format.h"
#include "io/guard.h"
#include "io/sets/late.h"
#include "io/sets/set_source_internal.h"

enum {
    /* A lane is large enough to hide the cost of guessing its start, and a batch of eight small enough for
     * its segments to be drained from a cache: 64-byte frames become 48-byte segments, 300 KB a batch. */
    LANE_BYTES = 64 << 10,
    LANE_FRAMES = 800,
    LANE_BYTES_MAX = 1 << 20,
    LANE_BYTES_MIN = 16 << 10,
    SAMPLE_FRAMES = 64,
    SAMPLE_FILE = 4 << 20, /* smaller files are not worth a sample */
};

/* Cuts the batch into lanes: as many as the rest of the file, up to the position end, is worth. */
static void cut_lanes(struct set_source *s, struct batch *b, uint64_t end)
{
    struct sequence *q = &s->sequence;
    const void *context =
        b->first ? q->context : atomic_load_explicit(&q->capture->context, memory_order_acquire);
    const uint64_t fixed = s->params.lane_bytes, scale = q->capture->position_bytes;
    /* What was read lies in a cache, and has no misses that several lanes could hide: 10,000 files of 100 KB
     * took 0.45 s with lanes of LANE_BYTES_MIN, and take 0.43; two threads. */
    const uint64_t worth = q->capture->is_read ? LANE_BYTES : LANE_BYTES_MIN;
    const uint64_t least = fixed ? fixed : MAX(worth / scale, UINT64_C(1));
    uint64_t lane = (end - q->offset) / LANES;
    lane = MIN(MAX(lane, least), fixed ? fixed : MAX(q->lane_bytes / scale, UINT64_C(1)));
    b->lanes_used = 0;
    for (unsigned i = 0; i < LANES && q->offset < end; i++) {
        struct lane *l = &b->lane[b->lanes_used++];
        l->begin = q->offset;
        /* The last lane takes what is too little for one more. */
        l->reader.limit = end - q->offset < lane + least ? end : q->offset + lane;
        l->exact = b->first && i == 0;
        l->reader.context = context;
        q->offset = l->reader.limit;
    }
}

static void describe(struct set_source *s, struct batch *b)
{
    struct sequence *q = &s->sequence;
    b->first = q->first;
    b->frames_before = q->frames_before;
    b->restarts_time = q->first && s->params.append && !q->input->resume.is_known;
    b->mark = atomic_load_explicit(&s->next, memory_order_relaxed);
    /* The next of the set, though it may be another piece's. */
    b->time_limit = order_time_limit(s, q->input, b->mark < s->params.count ? s->inputs[b->mark] : NULL);
    switch_stamp(&s->sw, b);
    q->first = false;
}

static void end_input(struct sequence *q)
{
    if (q->capture)
        capture_drop(q->capture);
    q->capture = NULL;
    q->input = NULL;
}

/* The next region of the mapped input. */
static bool claim_region(struct set_source *s, struct batch *b)
{
    struct sequence *q = &s->sequence;
    uint64_t size = capture_size(q->capture), before = q->offset;
    uint64_t end = MIN(MIN(MIN(size, q->capture->records_end), q->overlap_at), q->limit);
    if (before >= end) {
        end_input(q);
        return false;
    }
    if (q->capture->position_bytes == 1 && !q->capture->is_read)
        read_ahead_to(q->read_ahead, q->capture, q->offset, end);
    describe(s, b);
    b->input = capture_use(q->capture);
    b->window = (struct window){.bytes = q->capture->bytes, .end = size};
    cut_lanes(s, b, end);
    atomic_fetch_add_explicit(&s->bytes_mapped, (q->offset - before) * q->capture->position_bytes,
                              memory_order_relaxed);
    return true;
}

/* The next chunk of the stream. */
static bool claim_chunk(struct set_source *s, struct batch *b)
{
    struct chunk *chunk = input_take_chunk(s->sequence.input);
    if (!chunk)
        return false;
    describe(s, b);
    b->input = capture_use(chunk->capture);
    b->piece = chunk;
    b->window = chunk->window;
    b->lanes_used = chunk->lanes;
    for (unsigned i = 0; i < chunk->lanes; i++) {
        b->lane[i].begin = chunk->lane[i].begin;
        b->lane[i].reader.limit = chunk->lane[i].limit;
        b->lane[i].reader.context = chunk->lane[i].context;
        b->lane[i].exact = true;
    }
    return true;
}

/* Sizes lanes for some eight hundred frames, by a few in the middle of the capture (the first ones are often
 * handshakes): with fewer, guessing where lanes begin is what takes the time (20 % of it with lanes of 64 KB
 * and frames of 980 bytes). */
static void sample_capture(void *argument)
{
    struct sequence *s = argument;
    const struct capture *c = s->capture;
    const struct window window = capture_window(c);
    const uint64_t limit = MIN(window.end, c->records_end);
    struct record_reader reader = {
        .position = (s->offset + limit) / 2, .limit = limit, .context = s->context, .state = LANE_OPEN};
    struct walk walk = {.end = 1, .reader = {&reader}, .count = {1}};
    const uint64_t start = c->format->guess(c, &window, &reader);
    if (start >= limit)
        return;
    reader.position = start;
    uint64_t frames = 0;
    for (; reader.state == LANE_OPEN && walk.count[0] && frames < SAMPLE_FRAMES; frames += walk.count[0])
        capture_walk(c, &window, &walk);
    uint64_t bytes = frames ? (reader.position - start) / frames * LANE_FRAMES : 0;
    s->lane_bytes = MIN(MAX(bytes, (uint64_t)LANE_BYTES), (uint64_t)LANE_BYTES_MAX);
}

void sequence_count_opened(struct set_source *s, struct input *in)
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
        late_find(in->capture, order_time_limit(s, in, i + 1 < s->params.count ? s->inputs[i + 1] : NULL));
    return true;
}

/* Begins the next input. False when another thread has its turn. */
static bool begin_next(struct set_source *s)
{
    struct sequence *q = &s->sequence;
    size_t i = atomic_load_explicit(&s->next, memory_order_relaxed);
    struct input *in = s->inputs[i];
    if (!turn_take(&in->turn))
        return false;
    if (in->again_first || open_input(s, i)) {
        q->input = in;
        q->first = true;
        q->frames_before = in->resume.frames;
        if (in->kind == INPUT_MAPPED) {
            q->capture = input_take_capture(in);
            q->offset = q->capture->first_record;
            in->place =
                (struct input_place){.is_known = true, .position = q->offset, .frames = q->frames_before};
            q->overlap_at = q->capture->late_at;
            q->context = atomic_load_explicit(&q->capture->context, memory_order_acquire);
            q->lane_bytes = LANE_BYTES;
            piece_begin_input(s, in);
            read_ahead_begin(q->read_ahead, q->offset);
            if (capture_size(q->capture) >= SAMPLE_FILE)
                capture_guard(sample_capture, q);
        }
        sequence_count_opened(s, in);
    }
    in->begun = true;
    atomic_store_explicit(&s->next, i + 1, memory_order_relaxed);
    turn_give_back(&in->turn);
    return true;
}

/* Stopping is asked for. What has been read of a stream is a few chunks at most, and may be all that there
 * ever was: it is still claimed, unless another stream was cut short before it. CLAIM_BATCH: there is a
 * stream to go on with. */
static enum claim claim_stopped(struct set_source *s)
{
    struct sequence *q = &s->sequence;
    if (q->input)
        return q->capture ? CLAIM_END : CLAIM_BATCH;
    struct input *in = q->cut_short ? NULL : set_next_input(s);
    if (!in)
        return CLAIM_END;
    if (!turn_take(&in->turn))
        return CLAIM_NOTHING; /* stopping has woken up whoever holds it */
    bool goes_on = in->again_first || (in->opened && in->kind == INPUT_STREAM);
    turn_give_back(&in->turn);
    return goes_on ? CLAIM_BATCH : CLAIM_END;
}

enum claim sequence_claim(struct set_source *s, struct batch *b)
{
    struct sequence *q = &s->sequence;
    for (;;) {
        if (unlikely(stop_is_asked(s->params.stop))) {
            enum claim claim = claim_stopped(s);
            if (claim != CLAIM_BATCH)
                return claim;
        }
        if (!q->input) {
            if (!set_next_input(s))
                return switch_is_settled_in_time(&s->sw) ? CLAIM_END : CLAIM_NOTHING;
            if (!begin_next(s))
                return CLAIM_NOTHING;
            continue;
        }
        if (q->capture && q->offset >= q->overlap_at && q->offset < q->limit) {
            /* That costs less than to wait for settling to find the late frame, which takes back what was
             * claimed and decoded meanwhile: with 10,000 files of which 2,500 have one frame at the time of
             * the next file's first, 38 ns a frame instead of 40. */
            switch_drain(&s->sw);
            return CLAIM_NOTHING;
        }
        if (q->capture) {
            if (claim_region(s, b))
                return CLAIM_BATCH;
            continue;
        }
        struct input *in = q->input;
        if (claim_chunk(s, b))
            return CLAIM_BATCH;
        if (input_is_finished(in)) {
            q->cut_short |= stop_is_asked(s->params.stop) && in->broken;
            end_input(q);
            continue;
        }
        if (!turn_take(&in->turn))
            return CLAIM_NOTHING;
        bool filled = input_fill(in, false);
        turn_give_back(&in->turn);
        if (!filled)
            return CLAIM_NOTHING; /* a pipe has nothing for now: what it gave goes on through all steps */
    }
}

struct switch_place sequence_place(const struct sequence *q)
{
    return (struct switch_place){
        .is_known = true, .position = q->offset, .context = q->context, .frames = q->frames_before};
}

struct cursor_start sequence_leave(struct set_source *s, const struct switch_place *place)
{
    struct sequence *q = &s->sequence;
    const struct cursor_start start = {.capture = capture_use(q->capture),
                                       .position = place->position,
                                       .context = place->context,
                                       .frames = place->frames,
                                       .limit = capture_records_end(q->capture)};
    end_input(q);
    return start;
}

void sequence_continue(struct set_source *s, const struct cursor *c)
{
    struct sequence *q = &s->sequence;
    const struct record_reader *reader = &c->reader;
    q->input = c->input;
    q->first = true;
    q->capture = c->chunk ? NULL : capture_use(c->capture);
    q->offset = reader->position;
    q->lane_bytes = LANE_BYTES;
    q->limit = piece_limit(s, c->input);
    q->context = reader->context;
    q->frames_before = c->frames;
    q->overlap_at = q->capture && q->capture->late_at >= q->offset ? q->capture->late_at : UINT64_MAX;
    read_ahead_begin(q->read_ahead, q->offset);
}

void sequence_rewind(struct set_source *s, size_t next)
{
    end_input(&s->sequence);
    for (size_t i = next; i < atomic_load_explicit(&s->next, memory_order_relaxed); i++) {
        set_wait_for_turn(s->inputs[i]);
        s->inputs[i]->begun = false;
        turn_give_back(&s->inputs[i]->turn);
    }
    atomic_store_explicit(&s->next, next, memory_order_relaxed);
}

/* Opens the inputs that come next, and fills their chunks. An idle worker opens some more, but does not fill
 * streams that are far away: the streams that are filled are what bounds memory. */
bool sequence_prepare(struct set_source *s, bool idle)
{
    /* While a worker waits for a pipe, its shard waits: for no longer than is good for what else is to do. */
    enum { FURTHER = 3, PIPE_WAIT_MS = 5 };
    if (stop_is_asked(s->params.stop))
        return false;
    size_t next = atomic_load_explicit(&s->next, memory_order_relaxed);
    const size_t begin = next ? next - 1 : 0, filled = next + s->params.ahead;
    const size_t end = MIN(idle ? next + s->params.ahead * FURTHER : filled, set_inputs_end(s));
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
            did = input_fill(in, false) || (idle && input_wait(in, PIPE_WAIT_MS));
        turn_give_back(&in->turn);
    }
    return did;
}

void sequence_close(struct sequence *q)
{
    read_ahead_destroy(q->read_ahead);
    end_input(q);
}
