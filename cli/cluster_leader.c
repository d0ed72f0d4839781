/* Rank 0: a run whose source are the pieces that all ranks have read. */
#include "cli/cluster_internal.h"
#include "cli/run.h"

#include <stdlib.h>

static uint64_t bytes_done(const void *supply)
{
    return cluster_supply_bytes(supply);
}

static uint64_t bytes_of_set(const struct kept_piece *set)
{
    uint64_t n = 0;
    for (size_t i = 0; i < set->path_count; i++)
        n += set->sizes[i];
    return n;
}

enum exit_status cluster_leader(const struct cluster *c, struct problems *problems)
{
    struct combine combine = {.count = c->pieces, .key = &c->key, .all_or_nothing = true};
    combine.pieces = calloc(c->pieces, sizeof *combine.pieces);
    cluster_check_memory(c, combine.pieces);
    combine.pieces[0] = c->set; /* of which it needs the paths */
    struct cluster_supply *supply = cluster_supply_create(c, &combine, problems);
    combine.source = kept_source_create(combine.pieces, cluster_supply_supply(supply));
    cluster_check_memory(c, combine.source);
    const struct progress_gauge gauge = {bytes_done, supply, bytes_of_set(&c->set)};
    combine.gauge = &gauge;
    combine.shares = cluster_supply_shares(supply);
    combine.share_count = c->job.count;

    struct options o = *c->options; /* without what was done by whoever read */
    o.filter = NULL;
    o.decode_as_count = 0;
    o.clock_count = 0;
    const enum exit_status status = run(&o, c->inputs, &combine, problems);
    if (!cluster_supply_has_ended(supply)) /* others are in the midst of it */
        cluster_fail(c, status);
    cluster_supply_dismiss(supply);
    kept_source_destroy(combine.source);
    cluster_supply_destroy(supply);
    free(combine.pieces);
    return status;
}
