/* What several steps do with the state that they share. */
#include "engine/pipeline/state.h"

void pipeline_fail(struct pipeline *p, enum pipeline_error error)
{
    unsigned none = PIPELINE_OK;
    atomic_compare_exchange_strong_explicit(&p->error, &none, error, memory_order_release,
                                            memory_order_relaxed);
}

void pipeline_write_text(struct pipeline *p, enum report report, struct text *text)
{
    struct sink *sink = p->params.sink;
    if (text->length && !pipeline_has_failed(p) && sink->ops->write(sink, report, text))
        pipeline_fail(p, PIPELINE_WRITE);
    text->length = 0;
}

void worker_take_lists(struct worker *w, struct batch *b, unsigned shard, unsigned shards)
{
    const unsigned all = w->pipeline->params.threads;
    for (unsigned i = 0; i < b->lanes_used; i++)
        for (unsigned f = 0; f < FAMILIES; f++)
            for (unsigned k = shard; k < shard + shards; k++)
                spare_lists_give(&w->spare, &b->lane[i].lists[f * all + k], (enum family)f);
}
