/* After memory ran out: reports everything up to the batch in which it did.
 *
 * A failure spoils a batch: the first one, in capture order, in which a step failed. No step takes it or a later one. The
 * batches before it are completed here, on one thread. If no shard has drained a later batch, nor a part of the spoilt one,
 * the tables are those of a capture that ends there, and the last reports are made from them. Otherwise conversations
 * contain frames that are not reported, and these reports are left out. */
#include "engine/pipeline/steps.h"

#include <stdlib.h>

static bool is_whole(const struct pipeline *p)
{
    const uint64_t spoilt = atomic_load(&p->spoilt);
    bool whole =
        !atomic_load(&p->torn) && atomic_load(&p->settled) == spoilt && atomic_load(&p->written) == spoilt;
    for (unsigned i = 0; i < p->params.threads; i++)
        whole &= p->workers[i].drained == spoilt;
    return whole;
}

static void run_steps(struct pipeline *p)
{
    struct worker *first = &p->workers[0];
    bool did = true;
    while (did && !pipeline_has_failed(p)) {
        did = settle_step(first);
        for (unsigned i = 0; i < p->params.threads; i++)
            did |= drain_step(&p->workers[i]);
        did |= number_step(first);
        did |= format_step(first);
        did |= write_step(first);
    }
}

void pipeline_salvage(struct pipeline *p)
{
    unsigned error = atomic_load(&p->error);
    free(p->reserve);
    p->reserve = NULL;
    p->totals.rest_is_missing = true;
    if (error != PIPELINE_MEMORY || p->cannot_write || atomic_load(&p->spoilt) == UINT64_MAX)
        return;
    atomic_store(&p->error, PIPELINE_OK);
    run_steps(p);
    if (!pipeline_has_failed(p) && is_whole(p)) {
        worker_report_rest(&p->workers[0]);
        p->totals.rest_is_missing = pipeline_has_failed(p);
    }
    if (atomic_load(&p->error) != PIPELINE_WRITE)
        atomic_store(&p->error, error);
}
