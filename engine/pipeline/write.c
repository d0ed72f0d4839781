/* Write, one worker at a time: passes the rows of formatted batches to the sink in batch order, and frees the
 * batches. */
#include "engine/pipeline/steps.h"

static void write_batch(struct pipeline *p, struct batch *b)
{
    struct source *source = p->params.source;
    for (int r = 0; r < REPORTS; r++)
        pipeline_write_batch_text(p, (enum report)r, &b->text[r]);
    if (source->ops->release)
        source->ops->release(source, b);
}

bool write_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    uint64_t n = atomic_load_explicit(&p->written, memory_order_relaxed);
    struct batch *b = &p->batches[n & p->ring_mask];
    if (atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_FORMATTED ||
        !turn_take(&p->write_turn))
        return false;
    bool did = false;
    for (n = atomic_load_explicit(&p->written, memory_order_relaxed);; n++) {
        b = &p->batches[n & p->ring_mask];
        /* Pairs with the release of formatting, or of numbering where the batch has no rows. */
        if (atomic_load_explicit(&b->state, memory_order_acquire) != BATCH_FORMATTED || b->number != n ||
            !pipeline_is_batch_sound(p, n))
            break;
        write_batch(p, b);
        atomic_store_explicit(&b->state, BATCH_FREE, memory_order_relaxed);
        atomic_store_explicit(&p->written, n + 1, memory_order_release);
        did = true;
    }
    turn_give_back(&p->write_turn);
    return did;
}
