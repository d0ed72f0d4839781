/* A worker: loops over the steps, and runs whichever is ready. */
#include "engine/pipeline/steps.h"

#include <sched.h>
#include <time.h>

/* Nothing to do: pauses, then yields, then sleeps; short sleeps for the first 20 ms or so, while another worker's step
 * may be about to end, then longer ones, since the input is slow. A worker that polls starts sleeping after a
 * millisecond or so, always for 10 us, which the kernel makes 60: in this time 10 Gbit/s bring 900 frames, fewer than
 * a port's queue holds. */
static void back_off(unsigned *idle, bool polls)
{
    enum { PAUSES = 64, YIELDS = 16, POLL_YIELDS = 2000, SHORT_SLEEPS_END = 400 };
    enum { POLL_SLEEP_NS = 10000, SHORT_SLEEP_NS = 50000, LONG_SLEEP_NS = 1000000 };
    const unsigned yields = polls ? POLL_YIELDS : YIELDS, n = (*idle)++;
    if (n < PAUSES) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    } else if (n < PAUSES + yields) {
        sched_yield();
    } else {
        const long ns = polls ? POLL_SLEEP_NS : n < SHORT_SLEEPS_END ? SHORT_SLEEP_NS : LONG_SLEEP_NS;
        if (polls)
            --*idle; /* or it would overflow after three days */
        nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
    }
}

/* Charges the time since the last reading to the step if it did something. */
static bool timed(struct worker *w, enum step step, bool did)
{
    if (did)
        step_clock_lap(&w->clock, step);
    return did;
}

static bool claim_and_decode(struct worker *w)
{
    struct batch *b = claim_step(w);
    if (!timed(w, STEP_CLAIM, b))
        return false;
    decode_step(w, b);
    return timed(w, STEP_DECODE, true);
}

/* Runs the steps that are ready. False when there was nothing to do. */
static bool run_steps(struct worker *w)
{
    const struct source_ops *ops = w->pipeline->params.source->ops;
    const bool may_claim = !ops->poll || timed(w, STEP_CLAIM, poll_step(w));

    /* First all batches that are settled: the other workers wait for this shard. When draining and formatting took
     * turns, a worker drained one batch for each that it formatted, and the others had none to format: packets.csv
     * of 20 M segments took 4.4 s with two threads instead of 1.6. */
    if (timed(w, STEP_DRAIN, drain_step(w)))
        return true;
    bool did = timed(w, STEP_SETTLE, settle_step(w));
    did |= timed(w, STEP_NUMBER, number_step(w));
    did |= timed(w, STEP_FORMAT, format_step(w));
    did |= timed(w, STEP_WRITE, write_step(w));
    /* Before claiming: other workers can claim what has been prepared, and a run with decompression waits for that
     * most of all. */
    if (ops->prepare)
        did |= timed(w, STEP_PREPARE, prepare_step(w, false));
    if (!did && may_claim)
        did = claim_and_decode(w);
    if (!did && ops->prepare)
        did = timed(w, STEP_PREPARE, prepare_step(w, true));
    return did;
}

static bool all_batches_written(const struct pipeline *p)
{
    return atomic_load_explicit(&p->written, memory_order_acquire) ==
           atomic_load_explicit(&p->total, memory_order_acquire);
}

static void run_batches(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    struct source *source = p->params.source;
    unsigned idle = 0;
    if (source->ops->worker_begin)
        source->ops->worker_begin(source, w->index);
    for (uint64_t rounds = 1; !pipeline_has_failed(p); rounds++) {
        atomic_store_explicit(&w->rounds, rounds, memory_order_relaxed);
        if (run_steps(w)) {
            idle = 0;
        } else if (all_batches_written(p)) {
            break;
        } else {
            back_off(&idle, source->ops->poll);
            step_clock_lap(&w->clock, STEP_IDLE);
        }
    }
    atomic_store_explicit(&w->rounds, UINT64_MAX, memory_order_relaxed);
    if (source->ops->worker_end)
        source->ops->worker_end(source, w->index);
}

/* Runs a step that comes after all batches are written, until it is done. */
static void run_last_step(struct worker *w, bool step(struct worker *, bool *done))
{
    unsigned idle = 0;
    for (bool done = false; !done && !pipeline_has_failed(w->pipeline);) {
        if (step(w, &done)) {
            idle = 0;
        } else if (!done) {
            back_off(&idle, false);
            step_clock_lap(&w->clock, STEP_IDLE);
        }
    }
}

void worker_report_rest(struct worker *w)
{
    const bool *wants = w->pipeline->params.sink->wants;
    run_last_step(w, findings_finish_step);
    if (wants[REPORT_CONVERSATIONS])
        run_last_step(w, conversation_rows_step);
    if (wants[REPORT_ENDPOINTS])
        run_last_step(w, endpoint_rows_step);
}

/* How far a run that is advanced has come. */
enum { PHASE_BATCHES, PHASE_FINDINGS, PHASE_CONVERSATIONS, PHASE_ENDPOINTS, PHASE_END };

void worker_begin(struct worker *w)
{
    struct source *source = w->pipeline->params.source;
    step_clock_start(&w->clock, w->pipeline->params.timed);
    if (source->ops->worker_begin)
        source->ops->worker_begin(source, w->index);
}

static enum pipeline_advance advance_batches(struct worker *w)
{
    struct source *source = w->pipeline->params.source;
    if (run_steps(w))
        return PIPELINE_ADVANCED;
    if (!all_batches_written(w->pipeline))
        return PIPELINE_WAITS;
    if (source->ops->worker_end)
        source->ops->worker_end(source, w->index);
    w->phase = PHASE_FINDINGS;
    return PIPELINE_ADVANCED;
}

static enum pipeline_advance advance(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    const bool *wants = p->params.sink->wants;
    bool done = true;
    switch (w->phase) {
    case PHASE_BATCHES:
        return advance_batches(w);
    case PHASE_FINDINGS:
        done = false;
        findings_finish_step(w, &done);
        break;
    case PHASE_CONVERSATIONS:
        done = !wants[REPORT_CONVERSATIONS];
        if (!done)
            conversation_rows_step(w, &done);
        break;
    case PHASE_ENDPOINTS:
        done = !wants[REPORT_ENDPOINTS];
        if (!done)
            endpoint_rows_step(w, &done);
        break;
    default:
        return PIPELINE_ENDED;
    }
    w->phase += done;
    return PIPELINE_ADVANCED;
}

/* Asks twice whether the pipeline has failed: a step that fails may return as if it had had nothing to do. */
enum pipeline_advance worker_advance(struct worker *w)
{
    const enum pipeline_advance result = pipeline_has_failed(w->pipeline) ? PIPELINE_ENDED : advance(w);
    return pipeline_has_failed(w->pipeline) ? PIPELINE_ENDED : result;
}

void *worker_main(void *worker)
{
    struct worker *w = worker;
    const struct pipeline_params *params = &w->pipeline->params;
    step_clock_start(&w->clock, params->timed);
    run_batches(w);
    worker_report_rest(w);
    if (params->timed)
        w->clock.processor = clock_thread_seconds();
    return NULL;
}
