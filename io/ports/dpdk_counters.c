/* What a port counts as lost: as a whole, and by queue where its driver does so. */
#include "io/ports/dpdk_internal.h"

#include <stdlib.h>

/* Adds a statistic; of two that count the same loss of a queue, the more general one stays. */
static void keep(struct port *p, const struct loss_statistic *found)
{
    unsigned i = 0;
    while (i < p->loss_count && (p->losses[i].queue != found->queue || p->losses[i].loss != found->loss))
        i++;
    if (i < p->loss_count && p->losses[i].rank <= found->rank)
        return;
    p->losses[i] = *found;
    p->loss_count += i == p->loss_count;
}

void dpdk_counters_find(struct port *p)
{
    int count = rte_eth_xstats_get_names_by_id(p->number, NULL, 0, NULL);
    struct rte_eth_xstat_name *names = count > 0 ? calloc((size_t)count, sizeof *names) : NULL;
    p->losses = calloc((size_t)p->queues * LOSSES, sizeof *p->losses);
    if (names && p->losses &&
        rte_eth_xstats_get_names_by_id(p->number, names, (unsigned)count, NULL) == count)
        for (int i = 0; i < count; i++) {
            struct loss_statistic found = {.id = (uint64_t)i};
            if (port_loss_of_statistic(names[i].name, &found.queue, &found.loss, &found.rank) &&
                found.queue < p->queues)
                keep(p, &found);
        }
    free(names);
}

static void read_queues(const struct port *p, struct port_counters *counters)
{
    uint64_t ids[PORT_QUEUES * LOSSES], values[PORT_QUEUES * LOSSES];
    for (unsigned q = 0; q < p->queues; q++)
        for (unsigned l = 0; l < LOSSES; l++)
            counters->queue[q].lost[l] = PORT_LOSS_UNKNOWN;
    for (unsigned i = 0; i < p->loss_count; i++)
        ids[i] = p->losses[i].id;
    if (!p->loss_count ||
        rte_eth_xstats_get_by_id(p->number, ids, values, p->loss_count) != (int)p->loss_count)
        return;
    for (unsigned i = 0; i < p->loss_count; i++)
        counters->queue[p->losses[i].queue].lost[p->losses[i].loss] = values[i];
    port_counters_check(counters);
}

void dpdk_counters_read(const struct port *p, struct port_counters *counters)
{
    struct rte_eth_stats stats = {0};
    rte_eth_stats_get(p->number, &stats);
    *counters = (struct port_counters){
        .port = p->number,
        .lost =
            {[LOSS_MISSED] = stats.imissed, [LOSS_ERRORS] = stats.ierrors, [LOSS_NO_MBUF] = stats.rx_nombuf},
        .queues = p->queues,
    };
    char name[RTE_ETH_NAME_MAX_LEN] = "?";
    rte_eth_dev_get_name_by_port(p->number, name);
    snprintf(counters->name, sizeof counters->name, "%s", name);
    snprintf(counters->driver, sizeof counters->driver, "%s", p->info.driver_name);
    read_queues(p, counters);
}
