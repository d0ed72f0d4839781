/* Drain, each worker for its own shard: the shard's lists of a batch go through its table and the rules. */
#include "engine/pipeline/steps.h"

/* Sets which conversations expire in the batch. False: it is not known before numbering has caught up. */
static bool find_over(struct worker *w, const struct batch *b)
{
    struct epochs_over over;
    if (likely(!w->pipeline->params.expire_begun) || !b->frames)
        return true;
    if (!epochs_over(&w->pipeline->epochs, b->first_frame, b->first_frame + b->frames - 1, &over))
        return false;
    w->shard.over_before = over.before;
    w->shard.over = over.behind;
    w->shard.over_from = over.change;
    return true;
}

bool drain_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    /* The acquire pairs with the release of settling: lists and frame numbers are complete. */
    if (p->params.keeps || w->drained == atomic_load_explicit(&p->settled, memory_order_acquire))
        return false;
    struct batch *b = &p->batches[w->drained & p->ring_mask];
    /* The acquire pairs with the release of writing: nothing refers to what is written any more. */
    w->shard.written = atomic_load_explicit(&p->written, memory_order_acquire);
    if (!pipeline_is_batch_sound(p, w->drained) || !find_over(w, b))
        return false;
    if (shard_drain(&w->shard, b, p->params.threads)) {
        pipeline_fail(p, PIPELINE_MEMORY);
        pipeline_spoils(p, w->drained);
        atomic_store_explicit(&p->torn, true, memory_order_relaxed);
        return true;
    }
    if (!p->params.sink->wants[REPORT_PACKETS]) /* otherwise formatting reads the lists once more */
        worker_take_lists(w, b, w->index, 1);
    /* The release pairs with the acquire of numbering. */
    atomic_fetch_add_explicit(&b->drained, 1, memory_order_acq_rel);
    w->drained++;
    return true;
}
