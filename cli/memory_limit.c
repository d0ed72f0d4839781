/* What a limit of memory means for a run: the budget that claiming looks at, and when conversations are forgotten. */
#include "cli/memory_limit.h"
#include "engine/budget.h"
#include "io/memory.h"
#include "io/memory_limit.h"

/* What is under way once the budget is exceeded begins conversations, too: at most so many bytes of them for each thread and
 * for the others together. */
static const uint64_t under_way = 8 << 20;
/* Of a limit with --expire auto, for all but conversations, whatever the number of threads: half of it and this. */
static const uint64_t beside = 64 << 20;

uint64_t memory_limit_of(const struct options *o)
{
    if (o->no_memory_limit)
        return 0;
    if (o->memory_limit)
        return o->memory_limit;
    const uint64_t there = memory_limit_find();
    return there - there / 10;
}

/* Behind so many that have begun, a conversation is forgotten. Of half of what there is for conversations: the other half is for
 * those that go on for longer than that, and for those that begin until it is known (engine/pipeline/epochs.h). */
static uint64_t begun_to_keep(uint64_t limit, const struct pipeline_footprint *one)
{
    const uint64_t half = limit / 2, least = limit / 8;
    const uint64_t bytes = MAX(half - MIN(half, beside), least);
    return MAX(bytes * 3 / 4 / (one->kept + one->at_end), 1u);
}

void memory_limit_apply(const struct options *o, uint64_t limit, struct pipeline_params *params)
{
    /* What --extract keeps is there twice, since it runs once more while the first tables are still there. */
    const uint64_t run = limit / (o->extract ? 2 : 1);
    if (o->expire_auto)
        params->expire_begun = 1; /* the footprint depends on it */
    const struct pipeline_footprint one = pipeline_footprint(params);
    if (o->expire_auto) {
        params->expire_begun = begun_to_keep(run, &one);
        budget_set(run - run / 8, memory_own);
        return;
    }
    /* Rather than looking at what the last reports will take, each conversation has its share from the start. */
    const double kept = (double)one.kept / (double)(one.kept + one.at_end);
    const uint64_t growing = run - MIN(run / 2, under_way * (params->threads + 1));
    budget_set((uint64_t)((double)growing * kept), memory_own);
}
