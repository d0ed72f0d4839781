/* The pipeline.
 *
 * Work comes in batches, which are numbered in the order of the input and live in a ring. There are as many
 * workers as threads and shards, and nothing else; each worker loops over the steps and does whichever is
 * ready:
 *
 * - claim: One worker at a time takes the next free batch of the ring and lets the source fill it. A batch's
 *   place is free when the batch before it in that place is written: so the number of batches under way is
 *   bounded, and a slow writer slows the claims. Where frames do not wait (ports), every worker polls its
 * part of the source all the time, and what it has gathered is its next claim.
 * - decode: The claimer decodes it: each frame's segments go to the list of their shard, whose memory is one
 * of those that the worker was the last to read. No other worker looks at the batch meanwhile.
 * - settle: One worker at a time, in batch order: proves guessed boundaries and numbers the frames.
 * - drain: Every worker, for its own shard, in batch order: its lists go through its table and the rules. The
 *   last one to have drained a batch makes it ready for merging.
 * - merge: One worker at a time, in batch order: numbers the streams.
 * - format: Any worker: makes text of the batch's rows.
 * - write: One worker at a time, in batch order: writes them, and frees the batch.
 *
 * Batch order in settling, draining, merging and writing is what makes the reports the same for any number of
 * threads. Steps that one worker does at a time are guarded by a turn that is taken or left, never waited
 * for. Later steps come first in the loop: they free batches, and what they read is still in a cache. A
 * worker that finds nothing backs off, and at last sleeps for a moment.
 *
 * When the source has ended, the number of batches is known; when as many are written, the workers go on to
 * the rows of conversations.csv, piece by piece, and end. A worker that fails sets the pipeline's error, and
 * all others end too. */
#include "engine/pipeline/state.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { BATCHES_PER_THREAD = 4, BATCHES_MIN = 8 };

/* What a lane's lists begin with, all shards together: room for somewhat more than the eight hundred frames
 * that a lane of a file has. One list in eight is a new one, and growing them from 64 segments on by copies
 * was 1 % of the samples of 64-byte frames. */
enum { LIST_SEGMENTS = 1024, LIST_SEGMENTS_MIN = 64 };

void pipeline_fail(struct pipeline *p, enum pipeline_error error)
{
    unsigned none = PIPELINE_OK;
    atomic_compare_exchange_strong_explicit(&p->error, &none, error, memory_order_release,
                                            memory_order_relaxed);
}

static bool claim_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    struct source *source = p->params.source;
    if (atomic_load_explicit(&p->total, memory_order_relaxed) != UINT64_MAX || !turn_take(&p->claim_turn))
        return false;
    struct batch *b = NULL;
    uint64_t n = atomic_load_explicit(&p->claimed, memory_order_relaxed);
    /* The acquire pairs with the writer's release: the batch's place is free. */
    if (atomic_load_explicit(&p->total, memory_order_relaxed) == UINT64_MAX &&
        n - atomic_load_explicit(&p->written, memory_order_acquire) <= p->ring_mask) {
        b = &p->batches[n & p->ring_mask];
        b->input = b->piece = NULL;
        b->bytes = NULL;
        b->first = false;
        b->base = b->end = b->frames_before = b->epoch = b->mark = 0;
        b->time_limit = INT64_MAX;
        b->worker = w->index;
        enum claim claim = CLAIM_END;
        if (source->ops->poll || source->ends_itself || !atomic_load_explicit(&p->stop, memory_order_relaxed))
            claim = source->ops->claim(source, b);
        if (claim == CLAIM_BATCH) {
            b->number = n;
            atomic_store_explicit(&b->state, BATCH_CLAIMED, memory_order_relaxed);
            atomic_store_explicit(&p->claimed, n + 1, memory_order_release);
        } else {
            b = NULL;
            if (claim == CLAIM_END)
                atomic_store_explicit(&p->total, n, memory_order_release);
        }
    }
    turn_give_back(&p->claim_turn);
    if (!b)
        return false;
    step_clock_lap(&w->clock, STEP_CLAIM);
    decode_batch(w, b);
    if (source->ops->decoded)
        source->ops->decoded(source, b);
    atomic_store_explicit(&b->state, BATCH_DECODED, memory_order_release);
    step_clock_lap(&w->clock, STEP_DECODE);
    return true;
}

void take_lists(struct worker *w, struct batch *b, unsigned shard, unsigned shards)
{
    const unsigned all = w->pipeline->params.threads;
    for (unsigned i = 0; i < b->lanes_used; i++)
        for (unsigned f = 0; f < FAMILIES; f++)
            for (unsigned k = shard; k < shard + shards; k++)
                spare_lists_give(&w->spare, &b->lane[i].lists[f * all + k], (enum family)f);
}

bool drain_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    /* The acquire pairs with settling's release: lists and frame numbers are complete. */
    if (w->drained == atomic_load_explicit(&p->settled, memory_order_acquire))
        return false;
    struct batch *b = &p->batches[w->drained & p->ring_mask];
    /* The acquire pairs with the writer's release: what was written is not referred to any more. */
    w->shard.written = atomic_load_explicit(&p->written, memory_order_acquire);
    if (shard_drain(&w->shard, b, p->params.threads))
        pipeline_fail(p, PIPELINE_MEMORY);
    if (!w->shard.mark_segments) /* or else formatting reads them once more */
        take_lists(w, b, w->index, 1);
    atomic_fetch_add_explicit(&b->drained, 1, memory_order_acq_rel);
    w->drained++;
    return true;
}

/* Nothing to do: a few pauses, then yields, then sleeps, which are short for the first 20 ms or so (somebody
 * else's step ends soon) and longer then (the input is slow). A worker that polls comes to sleep after a
 * millisecond or so, and sleeps no longer than the kernel makes of 10 us (60, mostly): in this time 10 Gbit/s
 * bring 900 frames, fewer than a port's queue holds. */
static void back_off(unsigned *idle, bool polls)
{
    enum { PAUSES = 64, YIELDS = 16, POLL_YIELDS = 2000 };
    unsigned n = (*idle)++;
    if (n < PAUSES) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    } else if (n < PAUSES + (polls ? (unsigned)POLL_YIELDS : (unsigned)YIELDS)) {
        sched_yield();
    } else {
        struct timespec t = {.tv_nsec = polls ? 10000 : n < 400 ? 50000 : 1000000};
        if (polls)
            --*idle;
        nanosleep(&t, NULL);
    }
}

/* True when it may be worth while to claim. */
static bool poll_step(const struct worker *w)
{
    struct pipeline *p = w->pipeline;
    struct source *source = p->params.source;
    return !source->ops->poll ||
           (atomic_load_explicit(&p->total, memory_order_relaxed) == UINT64_MAX &&
            source->ops->poll(source, w->index, atomic_load_explicit(&p->stop, memory_order_relaxed)));
}

static bool timed(struct worker *w, enum step step, bool did)
{
    if (did)
        step_clock_lap(&w->clock, step);
    return did;
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    struct pipeline *p = w->pipeline;
    struct source *source = p->params.source;
    const bool polls = source->ops->poll;
    unsigned idle = 0;

    step_clock_start(&w->clock, p->params.timed);
    if (source->ops->worker_begin)
        source->ops->worker_begin(source, w->index);
    while (!pipeline_has_failed(p)) {
        bool ready = polls ? timed(w, STEP_CLAIM, poll_step(w)) : true;
        bool did = timed(w, STEP_DRAIN, drain_step(w));
        if (did) {
            /* Whatever is settled, before anything later: the other workers wait for this shard. A worker
             * that went on to its next rows drained one batch for each that it formatted, so that nobody else
             * had any to format: packets.csv of 20 M segments took 4.4 s with two threads instead of 1.6. */
            idle = 0;
            continue;
        }
        did = timed(w, STEP_SETTLE, settle_step(w));
        did |= timed(w, STEP_MERGE, merge_step(p));
        did |= timed(w, STEP_FORMAT, format_step(w));
        did |= timed(w, STEP_WRITE, write_step(p));
        /* Before claiming: what is prepared goes on for others to claim, and decompression, where there is
         * any, is what a run waits for. */
        if (source->ops->prepare)
            did |= timed(w, STEP_PREPARE, source->ops->prepare(source, false));
        if (!did && ready)
            did = claim_step(w);
        if (!did && source->ops->prepare)
            did = timed(w, STEP_PREPARE, source->ops->prepare(source, true));
        if (did) {
            idle = 0;
            continue;
        }
        if (atomic_load_explicit(&p->written, memory_order_acquire) ==
            atomic_load_explicit(&p->total, memory_order_acquire))
            break;
        back_off(&idle, polls);
        step_clock_lap(&w->clock, STEP_IDLE);
    }
    if (source->ops->worker_end)
        source->ops->worker_end(source, w->index);
    bool done = !p->params.sink->wants[REPORT_CONVERSATIONS];
    for (idle = 0; !done && !pipeline_has_failed(p);) {
        if (rows_step(w, &done)) {
            idle = 0;
        } else if (!done) {
            back_off(&idle, false);
            step_clock_lap(&w->clock, STEP_IDLE);
        }
    }
    if (w->clock.runs)
        w->clock.processor = clock_thread_seconds();
    return NULL;
}

static void decoder_init(struct decoder *d, const struct pipeline *p)
{
    d->key = &p->key;
    d->shards = p->params.threads;
    d->rules = p->params.rules;
    d->tcp_header_bytes = rules_header_bytes(p->params.rules);
}

static void *zeroed_lines(size_t size)
{
    size = (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
    void *p = aligned_alloc(CACHE_LINE, size);
    return p ? memset(p, 0, size) : NULL;
}

static int batch_init(struct batch *b, unsigned threads)
{
    size_t lists = (size_t)FAMILIES * threads;
    b->list_pool = calloc(LANES * lists, sizeof *b->list_pool);
    b->result = zeroed_lines(threads * sizeof *b->result);
    if (!b->list_pool || !b->result)
        return -1;
    for (int i = 0; i < LANES; i++)
        b->lane[i].lists = b->list_pool + (size_t)i * lists;
    return 0;
}

static void batch_free(struct batch *b, unsigned threads)
{
    for (size_t i = 0; b->list_pool && i < (size_t)LANES * FAMILIES * threads; i++)
        free(b->list_pool[i].items);
    for (unsigned i = 0; b->result && i < threads; i++)
        for (int f = 0; f < FAMILIES; f++) {
            free(b->result[i].created[f].items);
            free(b->result[i].reused[f].items);
            free(b->result[i].ended[f].items);
        }
    for (int i = 0; i < LANES; i++) {
        decode_counts_free(&b->lane[i].counts);
        free(b->lane[i].fragments.bytes);
        free(b->lane[i].ftp.items);
    }
    for (int r = 0; r < REPORTS; r++)
        free(b->text[r].bytes);
    free(b->announcements.items);
    free(b->list_pool);
    free(b->result);
}

struct pipeline *pipeline_create(const struct pipeline_params *params)
{
    struct pipeline *p = zeroed_lines(sizeof *p);
    if (!p)
        return NULL;
    p->params = *params;
    p->next_frame = 1;
    atomic_store(&p->total, UINT64_MAX);

    unsigned threads = params->threads;
    uint64_t ring = BATCHES_MIN;
    while (ring < (uint64_t)threads * BATCHES_PER_THREAD)
        ring *= 2;
    p->ring_mask = ring - 1;
    const bool *wants = params->sink->wants;
    p->batches = zeroed_lines(ring * sizeof *p->batches);
    p->workers = zeroed_lines(threads * sizeof *p->workers);
    p->streams = calloc(threads * FAMILIES, sizeof *p->streams);
    p->chunks = calloc(ring, sizeof *p->chunks);
    p->fragment_lists = calloc(threads * FAMILIES, sizeof *p->fragment_lists);
    p->totals.times = calloc(threads, sizeof *p->totals.times);
    if (!p->totals.times || !p->batches || !p->workers || !p->streams || !p->chunks || !p->fragment_lists)
        goto fail;
    for (uint64_t i = 0; i < ring; i++)
        if (batch_init(&p->batches[i], threads))
            goto fail;
    for (unsigned i = 0; i < threads * FAMILIES; i++)
        if (stream_map_init(&p->streams[i]))
            goto fail;
    decoder_init(&p->redecoder, p);
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = &p->workers[i];
        w->pipeline = p;
        w->index = i;
        decoder_init(&w->decoder, p);
        /* Where all decode alike, a worker drains as many lists as it fills, but not in turn. */
        if (spare_lists_init(&w->spare, 4 * LANES * threads, MAX(LIST_SEGMENTS / threads, LIST_SEGMENTS_MIN)))
            goto fail;
        w->decoder.spare = &w->spare;
        if (shard_init(&w->shard, i, params->rules, wants[REPORT_CONVERSATIONS] || wants[REPORT_PACKETS],
                       wants[REPORT_PACKETS]))
            goto fail;
        if (params->rules == RULES_4_0)
            shard_follow_ftp(&w->shard, &p->key);
        uint64_t most = params->max_conversations;
        shard_forget(&w->shard, most ? MAX(most / threads, 1u) : 0, params->expire,
                     wants[REPORT_CONVERSATIONS]);
    }
    return p;
fail:
    pipeline_destroy(p);
    return NULL;
}

/* A pipeline that failed has batches under way: their source gets them back all the same. */
static void release_rest(struct pipeline *p)
{
    struct source *source = p->params.source;
    for (uint64_t n = atomic_load(&p->written); source->ops->release && n < atomic_load(&p->claimed); n++)
        source->ops->release(source, &p->batches[n & p->ring_mask]);
}

/* What the workers' clocks and tables say. */
static void measure(struct pipeline *p, double seconds_a_tick)
{
    for (unsigned i = 0; i < p->params.threads; i++) {
        const struct worker *w = &p->workers[i];
        struct worker_times *times = &p->totals.times[i];
        for (int s = 0; s < STEPS; s++) {
            times->seconds[s] = (double)w->clock.ticks[s] * seconds_a_tick;
            times->steps[s] = w->clock.times[s];
        }
        times->processor = w->clock.processor;
        for (int f = 0; f < FAMILIES; f++)
            table_measure(&w->shard.table[f], &p->totals.tables[f]);
    }
}

enum pipeline_error pipeline_run(struct pipeline *p)
{
    double start = clock_seconds();
    uint64_t start_ticks = clock_ticks();
    if (hash_key_draw(&p->key))
        return PIPELINE_RANDOM;
    /* Signals are for the caller's thread. */
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (unsigned i = 0; i < p->params.threads; i++) {
        struct worker *w = &p->workers[i];
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            pipeline_fail(p, PIPELINE_THREAD);
            break;
        }
        w->started = true;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    for (unsigned i = 0; i < p->params.threads; i++)
        if (p->workers[i].started)
            pthread_join(p->workers[i].thread, NULL);
    release_rest(p);

    struct pipeline_totals *t = &p->totals;
    uint64_t sum = 0;
    for (int i = 0; i < OUTCOMES; i++)
        sum += t->decoded.frames[i];
    t->conserved = sum == t->frames;
    for (unsigned i = 0; i < p->params.threads; i++) {
        const struct shard *s = &p->workers[i].shard;
        for (int f = 0; f < FAMILIES; f++)
            t->tuples += s->table[f].used;
        t->expired += s->expired;
        t->displaced += s->displaced;
    }
    t->tuples += t->expired + t->displaced;
    t->stopped = atomic_load(&p->stop);
    t->seconds = clock_seconds() - start;
    if (p->params.timed)
        measure(p, t->seconds / (double)MAX(clock_ticks() - start_ticks, 1));
    return atomic_load(&p->error);
}

void pipeline_stop(struct pipeline *p)
{
    atomic_store_explicit(&p->stop, true, memory_order_relaxed);
}

struct pipeline_progress pipeline_progress(const struct pipeline *p)
{
    return (struct pipeline_progress){
        .frames = atomic_load_explicit(&p->shown_frames, memory_order_relaxed),
        .bytes = atomic_load_explicit(&p->shown_bytes, memory_order_relaxed),
        .conversations = atomic_load_explicit(&p->shown_conversations, memory_order_relaxed),
        .reuses = atomic_load_explicit(&p->shown_reuses, memory_order_relaxed),
    };
}

const struct pipeline_totals *pipeline_totals(const struct pipeline *p)
{
    return &p->totals;
}

void pipeline_destroy(struct pipeline *p)
{
    if (!p)
        return;
    for (uint64_t i = 0; p->batches && i <= p->ring_mask; i++)
        batch_free(&p->batches[i], p->params.threads);
    for (unsigned i = 0; p->workers && i < p->params.threads; i++) {
        shard_free(&p->workers[i].shard);
        spare_lists_free(&p->workers[i].spare);
    }
    for (unsigned i = 0; p->streams && i < p->params.threads * FAMILIES; i++)
        stream_map_free(&p->streams[i]);
    for (uint64_t i = 0; p->chunks && i <= p->ring_mask; i++)
        free(p->chunks[i].text.bytes);
    decode_counts_free(&p->totals.decoded);
    for (unsigned i = 0; p->fragment_lists && i < p->params.threads * FAMILIES; i++)
        free(p->fragment_lists[i].items);
    free(p->fragment_lists);
    free(p->totals.times);
    free(p->nested.bytes);
    fragment_table_free(&p->fragment_table);
    control_free(&p->controls);
    free(p->blocks);
    free(p->rows);
    free(p->chunks);
    free(p->streams);
    free(p->workers);
    free(p->batches);
    free(p);
}
