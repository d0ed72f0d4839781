/* Claim, one worker at a time: the source fills the next batch of the ring. Decode, by the same worker. And the
 * other work that workers do for the source: polling and preparing. */
#include "engine/budget.h"
#include "engine/pipeline/decode_batch.h"
#include "engine/pipeline/steps.h"

static bool source_has_ended(const struct pipeline *p)
{
    return atomic_load_explicit(&p->total, memory_order_relaxed) != UINT64_MAX;
}

/* Defaults for what the source need not set. */
static void batch_reset(struct batch *b, unsigned worker)
{
    b->input = b->piece = NULL;
    b->window = (struct window){0};
    b->first = b->restarts_time = b->mixed = false;
    b->frames_before = b->epoch = b->mark = 0;
    b->time_limit = INT64_MAX;
    b->worker = worker;
}

/* Memory came to its limit: nothing more is read. A source that has come to its end all the same says so only when it is
 * asked. What it hands out instead counts as claimed, so that it is released when the run ends, but is in no batch that
 * other steps look for. */
static enum claim ask_at_limit(struct pipeline *p, struct batch *b)
{
    struct source *source = p->params.source;
    const enum claim claim = source->endless ? CLAIM_END : source->ops->claim(source, b);
    if (claim == CLAIM_BATCH) {
        b->number = atomic_load_explicit(&p->claimed, memory_order_relaxed);
        atomic_store_explicit(&p->claimed, b->number + 1, memory_order_release);
    }
    p->totals.limited = claim == CLAIM_BATCH || source->endless;
    return claim == CLAIM_BATCH ? CLAIM_END : claim;
}

/* A source that ends itself is asked until it ends. Others are not asked once the run is stopped. */
static enum claim ask_source(struct pipeline *p, struct batch *b)
{
    struct source *source = p->params.source;
    if (!source->ops->poll && !source->ends_itself && atomic_load_explicit(&p->stop, memory_order_relaxed))
        return CLAIM_END;
    return budget_is_exceeded() ? ask_at_limit(p, b) : source->ops->claim(source, b);
}

/* By the holder. */
static struct batch *claim_next(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    const uint64_t n = atomic_load_explicit(&p->claimed, memory_order_relaxed);
    /* The acquire pairs with the release of writing: the batch's place is free. */
    if (source_has_ended(p) || n - atomic_load_explicit(&p->written, memory_order_acquire) > p->ring_mask)
        return NULL;
    struct batch *b = &p->batches[n & p->ring_mask];
    batch_reset(b, w->index);
    switch (ask_source(p, b)) {
    case CLAIM_BATCH:
        b->number = n;
        atomic_store_explicit(&b->state, BATCH_CLAIMED, memory_order_relaxed);
        atomic_store_explicit(&p->claimed, n + 1, memory_order_release);
        return b;
    case CLAIM_END:
        atomic_store_explicit(&p->total, n, memory_order_release);
        return NULL;
    case CLAIM_NOTHING:
        break;
    }
    return NULL;
}

struct batch *claim_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    if (source_has_ended(p) || !turn_take(&p->claim_turn))
        return NULL;
    struct batch *b = claim_next(w);
    turn_give_back(&p->claim_turn);
    return b;
}

void decode_step(struct worker *w, struct batch *b)
{
    struct source *source = w->pipeline->params.source;
    decode_batch(w, b);
    if (source->ops->decoded)
        source->ops->decoded(source, b);
    pipeline_spoils(w->pipeline, b->number);
    /* Pairs with the acquire of settling. */
    atomic_store_explicit(&b->state, BATCH_DECODED, memory_order_release);
}

bool poll_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    struct source *source = p->params.source;
    return !source_has_ended(p) &&
           source->ops->poll(source, w->index, atomic_load_explicit(&p->stop, memory_order_relaxed));
}

bool prepare_step(struct worker *w, bool idle)
{
    struct source *source = w->pipeline->params.source;
    return source->ops->prepare(source, idle);
}
