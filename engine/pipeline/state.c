/* What several steps do with the shared state: failing, writing, and reusing lists. */
#include "engine/pipeline/state.h"

static _Thread_local bool has_failed_here;

void pipeline_fail(struct pipeline *p, enum pipeline_error error)
{
    unsigned none = PIPELINE_OK;
    has_failed_here = true;
    atomic_compare_exchange_strong_explicit(&p->error, &none, error, memory_order_release,
                                            memory_order_relaxed);
}

void pipeline_remember_failure(const struct pipeline *p)
{
    has_failed_here = pipeline_has_failed(p);
}

bool pipeline_spoils(struct pipeline *p, uint64_t n)
{
    if (likely(!has_failed_here) || !pipeline_has_failed(p))
        return false;
    uint64_t first = atomic_load_explicit(&p->spoilt, memory_order_relaxed);
    while (n < first && !atomic_compare_exchange_weak_explicit(&p->spoilt, &first, n, memory_order_relaxed,
                                                               memory_order_relaxed))
        ;
    return true;
}

void pipeline_write_batch_text(struct pipeline *p, enum report report, struct text *text)
{
    struct sink *sink = p->params.sink;
    if (text->length && !p->cannot_write && sink->ops->write(sink, report, text)) {
        p->cannot_write = true;
        pipeline_fail(p, PIPELINE_WRITE);
    }
    text->length = 0;
}

void pipeline_write_text(struct pipeline *p, enum report report, struct text *text)
{
    if (pipeline_has_failed(p))
        text->length = 0;
    pipeline_write_batch_text(p, report, text);
}

void worker_take_lists(struct worker *w, struct batch *b, unsigned shard, unsigned shards)
{
    const unsigned all = w->pipeline->params.threads;
    for (unsigned i = 0; i < b->lanes_used; i++)
        for (unsigned f = 0; f < FAMILIES; f++)
            for (unsigned k = shard; k < shard + shards; k++)
                spare_lists_give(&w->spare, &b->lane[i].lists[f * all + k], (enum family)f);
}
