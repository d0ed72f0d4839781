/* The pipeline: how frames become rows.
 *
 * Work comes in batches, numbered in the order of the input, which live in a ring. There are as many workers
 * as shards, each a thread of its own. A worker loops over the steps and runs whichever is ready (worker.c):
 *
 *   claim    One worker at a time. Takes the next free batch of the ring and has the source fill it. A place
 *            in the ring is free once the batch before it in that place is written: this bounds the batches
 *            under way, and a slow writer slows the claims. Where frames do not wait (ports), every worker
 *            also polls its part of the source all the time; what it has gathered is its next claim.
 *   decode   The worker that claimed. Puts the segments of each frame into the list of their shard. For a new
 *            list it takes memory that it was the last to read. No other worker uses the batch meanwhile.
 *   settle   One worker at a time, in batch order. Proves guessed record boundaries and numbers the frames.
 *   drain    Each worker for its own shard, in batch order. Runs the shard's lists through its table and the
 *            reuse rules. The last worker to drain a batch makes it ready for numbering.
 *   number   One worker at a time, in batch order. Gives new conversations their stream numbers.
 *   format   Any worker. Makes text of the batch's rows.
 *   write    One worker at a time, in batch order. Writes the rows and frees the batch.
 *
 * Settling, draining, numbering and writing go in batch order: this makes the reports the same for any number
 * of threads. A turn, which is a try-lock, guards each step that one worker runs at a time: a worker that
 * finds it taken goes on to the next step. Claiming comes last in the loop: the other steps free batches, and
 * what they read is still in a cache. A worker that finds nothing to do backs off, and finally sleeps.
 *
 * Once the source has ended, the number of batches is known. When that many are written, the workers write the rows of
 * conversations.csv, piece by piece, and of endpoints.csv, and end. A worker that fails sets the pipeline's error, and
 * all workers end; salvage.c reports what came before. */
#include "engine/pipeline/load.h"
#include "engine/pipeline/state.h"
#include "engine/signals.h"

#include <stdlib.h>

enum { BATCHES_PER_THREAD = 4, BATCHES_MIN = 8 };

/* More than is needed to write the summary and the rest after memory ran out. It is never touched, so it costs no page. */
enum { RESERVE_BYTES = 1 << 20 };

/* Segments that new lists have room for, all shards of a lane together: somewhat more than the eight hundred frames of
 * a file's lane. One list in eight is new, and growing it by copying, from 64 segments on, was 1 % of the samples with
 * 64-byte frames. */
enum { LIST_SEGMENTS = 1024, LIST_SEGMENTS_MIN = 64 };

static void decoder_init(struct decoder *d, const struct pipeline *p)
{
    d->key = &p->key;
    d->shards = p->params.threads;
    d->rules = p->params.rules;
    d->tcp_header_bytes = rules_header_bytes(p->params.rules);
    d->decode_as = p->params.decode_as;
    d->keeps_ids = p->params.drop_copies;
    d->notes_boundaries = p->params.verdicts.wanted;
    d->key_parts = p->params.key_parts;
    d->plain = d->keeps_ids || d->key_parts || decode_as_changes_plain(&d->decode_as)
                   ? plain_path_none()
                   : plain_path_choose(p->params.rules, d->notes_boundaries);
}

/* Zeroed memory that shares no cache line with anything else. NULL when memory is short. */
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
            free(b->result[i].found[f].items);
        }
    for (int i = 0; i < LANES; i++) {
        decode_counts_free(&b->lane[i].counts);
        free(b->lane[i].fragments.bytes);
        free(b->lane[i].ftp.items);
        free(b->lane[i].packet_ids.items);
        free(b->lane[i].boundaries.items);
    }
    for (int r = 0; r < REPORTS; r++)
        free(b->text[r].bytes);
    free(b->announcements.items);
    free(b->clocks.items);
    for (uint32_t i = 0; i < b->reported.count; i++)
        free(b->reported.items[i].attempts);
    free(b->reported.items);
    free(b->list_pool);
    free(b->result);
}

static int worker_init(struct worker *w, struct pipeline *p, unsigned index)
{
    const struct pipeline_params *params = &p->params;
    const bool *wants = params->sink->wants;
    const unsigned threads = params->threads;
    w->pipeline = p;
    w->index = index;
    decoder_init(&w->decoder, p);
    /* Workers that decode equally much drain as many lists as they fill, but not alternately: keep spare ones. */
    if (spare_lists_init(&w->spare, 4 * LANES * threads, MAX(LIST_SEGMENTS / threads, LIST_SEGMENTS_MIN)))
        return -1;
    w->decoder.spare = &w->spare;
    const bool keep = wants[REPORT_CONVERSATIONS] || wants[REPORT_PACKETS] || wants[REPORT_ENDPOINTS];
    const bool mark = wants[REPORT_CONVERSATIONS] || wants[REPORT_PACKETS];
    if (shard_init(&w->shard, index, params->rules, keep, mark))
        return -1;
    if (wants[REPORT_CONVERSATIONS])
        shard_count_ways(&w->shard);
    if (params->key_parts && shard_key(&w->shard))
        return -1;
    shard_give_verdicts(&w->shard, &params->verdicts);
    if (params->rules == RULES_4_0)
        shard_follow_ftp(&w->shard, &p->key);
    w->shard.copy_window = params->drop_copies;
    const uint64_t most = params->max_conversations;
    shard_forget(&w->shard, most ? MAX(most / threads, 1u) : 0, params->expire, params->expire_begun != 0,
                 wants[REPORT_CONVERSATIONS]);
    return 0;
}

static uint64_t ring_size(unsigned threads)
{
    uint64_t size = BATCHES_MIN;
    while (size < (uint64_t)threads * BATCHES_PER_THREAD)
        size *= 2;
    return size;
}

static int older_init(struct pipeline *p)
{
    p->older = calloc(p->params.threads * FAMILIES, sizeof *p->older);
    for (unsigned i = 0; p->older && i < p->params.threads * FAMILIES; i++)
        if (stream_map_init(&p->older[i]))
            return -1;
    return p->older ? 0 : -1;
}

struct pipeline *pipeline_create(const struct pipeline_params *params)
{
    struct pipeline *p = zeroed_lines(sizeof *p);
    if (!p)
        return NULL;
    p->params = *params;
    p->next_frame = 1;
    p->has_key = params->key != NULL;
    if (p->has_key)
        p->key = *params->key;
    p->latest_segment = INT64_MIN;
    atomic_store(&p->total, UINT64_MAX);
    atomic_store(&p->spoilt, UINT64_MAX);

    const unsigned threads = params->threads;
    const uint64_t ring = ring_size(threads);
    p->ring_mask = ring - 1;
    p->batches = zeroed_lines(ring * sizeof *p->batches);
    p->reserve = malloc(RESERVE_BYTES);
    p->workers = zeroed_lines(threads * sizeof *p->workers);
    p->streams = calloc(threads * FAMILIES, sizeof *p->streams);
    p->chunks = calloc(ring, sizeof *p->chunks);
    p->waiting.tickets = calloc(threads * FAMILIES, sizeof *p->waiting.tickets);
    p->fragment_lists = calloc(threads * FAMILIES, sizeof *p->fragment_lists);
    p->totals.times = calloc(threads, sizeof *p->totals.times);
    if (!p->reserve || !p->totals.times || !p->batches || !p->workers || !p->streams || !p->waiting.tickets ||
        !p->chunks || !p->fragment_lists)
        goto fail;
    for (uint64_t i = 0; i < ring; i++)
        if (batch_init(&p->batches[i], threads))
            goto fail;
    for (unsigned i = 0; i < threads * FAMILIES; i++)
        if (stream_map_init(&p->streams[i]))
            goto fail;
    if (pipeline_forgets(p) && params->verdicts.wanted && params->sink->wants[REPORT_CONVERSATIONS] &&
        older_init(p))
        goto fail;
    if (epochs_init(&p->epochs, params->expire_begun))
        goto fail;
    decoder_init(&p->redecoder, p);
    for (unsigned i = 0; i < threads; i++)
        if (worker_init(&p->workers[i], p, i))
            goto fail;
    return p;
fail:
    pipeline_destroy(p);
    return NULL;
}

static void start_workers(struct pipeline *p)
{
    sigset_t old;
    signals_block(&old);
    for (unsigned i = 0; i < p->params.threads; i++) {
        struct worker *w = &p->workers[i];
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            pipeline_fail(p, PIPELINE_THREAD);
            break;
        }
        w->started = true;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* After a failure batches are still under way: gives them back to the source. */
static void release_rest(struct pipeline *p)
{
    struct source *source = p->params.source;
    for (uint64_t n = atomic_load(&p->written); source->ops->release && n < atomic_load(&p->claimed); n++)
        source->ops->release(source, &p->batches[n & p->ring_mask]);
}

static void sum_up(struct pipeline *p)
{
    struct pipeline_totals *t = &p->totals;
    uint64_t counted = 0;
    for (int i = 0; i < OUTCOMES; i++)
        counted += t->decoded.frames[i];
    t->conserved = p->params.keeps || counted == t->frames;
    for (unsigned i = 0; i < p->params.threads; i++) {
        const struct shard *s = &p->workers[i].shard;
        for (int f = 0; f < FAMILIES; f++)
            t->tuples += s->table[f].used;
        t->copies += s->copies;
        t->expired += s->expired;
        t->displaced += s->displaced;
    }
    t->tuples += t->expired + t->displaced;
    t->stopped = atomic_load(&p->stop);
}

/* Time by step, from the workers' clocks, and the state of the tables. */
static void measure(struct pipeline *p, double seconds_per_tick)
{
    for (unsigned i = 0; i < p->params.threads; i++) {
        const struct worker *w = &p->workers[i];
        struct worker_times *times = &p->totals.times[i];
        for (int s = 0; s < STEPS; s++) {
            times->seconds[s] = (double)w->clock.ticks[s] * seconds_per_tick;
            times->steps[s] = w->clock.times[s];
        }
        times->processor = w->clock.processor;
        for (int f = 0; f < FAMILIES; f++)
            table_measure(&w->shard.table[f], &p->totals.tables[f]);
    }
}

static int draw_key(struct pipeline *p)
{
    return p->has_key ? 0 : hash_key_draw(&p->key);
}

/* After all workers have ended. */
static enum pipeline_error finish(struct pipeline *p)
{
    if (pipeline_has_failed(p))
        pipeline_salvage(p);
    release_rest(p);
    sum_up(p);
    return atomic_load(&p->error);
}

enum pipeline_error pipeline_run(struct pipeline *p)
{
    const double start = clock_seconds();
    const uint64_t start_ticks = clock_ticks();
    if (draw_key(p))
        return PIPELINE_RANDOM;
    start_workers(p);
    for (unsigned i = 0; i < p->params.threads; i++)
        if (p->workers[i].started)
            pthread_join(p->workers[i].thread, NULL);
    const enum pipeline_error error = finish(p);
    p->totals.seconds = clock_seconds() - start;
    if (p->params.timed)
        measure(p, p->totals.seconds / (double)MAX(clock_ticks() - start_ticks, 1));
    return error;
}

enum pipeline_error pipeline_begin(struct pipeline *p)
{
    if (draw_key(p))
        return PIPELINE_RANDOM;
    worker_begin(&p->workers[0]);
    return PIPELINE_OK;
}

enum pipeline_advance pipeline_advance(struct pipeline *p)
{
    /* Another pipeline may have failed on this thread meanwhile. */
    pipeline_remember_failure(p);
    return worker_advance(&p->workers[0]);
}

enum pipeline_error pipeline_end(struct pipeline *p)
{
    pipeline_remember_failure(p);
    return finish(p);
}

void pipeline_stop(struct pipeline *p)
{
    atomic_store_explicit(&p->stop, true, memory_order_relaxed);
}

void pipeline_show_found(struct pipeline *p)
{
    for (unsigned i = 0; i < TRIGGERS; i++)
        atomic_store_explicit(&p->shown_triggers[i], p->totals.reuses[i], memory_order_relaxed);
    for (unsigned i = 0; i < VERDICT_WORDS; i++)
        atomic_store_explicit(&p->shown_verdicts[i], p->totals.verdicts[i], memory_order_relaxed);
}

struct pipeline_progress pipeline_progress(const struct pipeline *p)
{
    struct pipeline_progress progress = {
        .frames = atomic_load_explicit(&p->shown_frames, memory_order_relaxed),
        .bytes = atomic_load_explicit(&p->shown_bytes, memory_order_relaxed),
        .conversations = atomic_load_explicit(&p->shown_conversations, memory_order_relaxed),
        .reuses = atomic_load_explicit(&p->shown_reuses, memory_order_relaxed),
    };
    for (unsigned i = 0; i < TRIGGERS; i++)
        progress.by_trigger[i] = atomic_load_explicit(&p->shown_triggers[i], memory_order_relaxed);
    for (unsigned i = 0; i < VERDICT_WORDS; i++)
        progress.by_verdict[i] = atomic_load_explicit(&p->shown_verdicts[i], memory_order_relaxed);
    return progress;
}

bool pipeline_goes_on(struct pipeline *p)
{
    bool all = true;
    for (unsigned i = 0; i < p->params.threads; i++) {
        struct worker *w = &p->workers[i];
        const uint64_t rounds = atomic_load_explicit(&w->rounds, memory_order_relaxed);
        all &= rounds != w->rounds_seen || rounds == UINT64_MAX;
        w->rounds_seen = rounds;
    }
    return all;
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
        decoder_free(&p->workers[i].decoder);
        shard_free(&p->workers[i].shard);
        spare_lists_free(&p->workers[i].spare);
    }
    for (unsigned i = 0; p->streams && i < p->params.threads * FAMILIES; i++)
        stream_map_free(&p->streams[i]);
    for (unsigned i = 0; p->older && i < p->params.threads * FAMILIES; i++)
        stream_map_free(&p->older[i]);
    for (uint64_t i = 0; p->chunks && i <= p->ring_mask; i++)
        free(p->chunks[i].text.bytes);
    decoder_free(&p->redecoder);
    epochs_free(&p->epochs);
    load_free(p);
    decode_counts_free(&p->totals.decoded);
    for (unsigned i = 0; p->fragment_lists && i < p->params.threads * FAMILIES; i++)
        free(p->fragment_lists[i].items);
    free(p->fragment_lists);
    free(p->reserve);
    waiting_free(&p->waiting, p->params.threads * FAMILIES);
    free(p->totals.times);
    free(p->nested.bytes);
    fragment_table_free(&p->fragment_table);
    l2tp_table_free(&p->l2tp);
    bluetooth_table_free(&p->bluetooth);
    control_free(&p->controls);
    free(p->endpoint_reuses.items);
    free(p->blocks);
    free(p->rows);
    free(p->chunks);
    free(p->older);
    free(p->streams);
    free(p->workers);
    free(p->batches);
    free(p);
}
