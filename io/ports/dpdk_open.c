/* Opening and closing: ports are described, their queues dealt to the workers, frame buffers allocated, and
 * the ports started. */
#include "io/ports/dpdk_internal.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <stdlib.h>

enum {
    CACHE = 256, /* mbufs that each worker keeps in reserve */
    MBUFS_MIN = 32767,
};

static void *zeroed_lines(size_t count, size_t size)
{
    void *p = aligned_alloc(CACHE_LINE, count * size);
    return p ? memset(p, 0, count * size) : NULL;
}

static enum dpdk_result describe_ports(struct dpdk_source *s, char error[DPDK_ERROR_MAX])
{
    const struct dpdk_params *params = &s->params;
    unsigned all = rte_eth_dev_count_avail();
    if (!all) {
        snprintf(
            error, DPDK_ERROR_MAX,
            "--dpdk \"%.200s\": the EAL found no port; bind a NIC to vfio-pci (dpdk-devbind.py --status), or "
            "name a virtual one with --vdev",
            params->eal);
        return DPDK_WRONG;
    }
    s->port_count = params->ports ? params->port_count : all;
    s->ports = calloc(s->port_count, sizeof *s->ports);
    if (!s->ports)
        return DPDK_FAILED;
    uint16_t number = 0;
    for (size_t i = 0; i < s->port_count; i++, number++) {
        number = params->ports ? params->ports[i] : (uint16_t)rte_eth_find_next(number);
        enum dpdk_result result =
            dpdk_port_describe(&s->ports[i], number, params->queues, params->threads, error);
        if (result != DPDK_OPEN)
            return result;
        s->ports[i].first_queue = s->queue_count;
        s->queue_count += s->ports[i].queues;
    }
    return DPDK_OPEN;
}

/* Deals queues to workers round-robin. With ports that can be merged, each port starts at the same worker, so
 * that one worker has the first queue of all of them: both directions of a tap, say. */
static int deal_queues(struct dpdk_source *s)
{
    unsigned threads = s->params.threads;
    s->queues = zeroed_lines(s->queue_count, sizeof *s->queues);
    s->queues_by_poller = calloc(s->queue_count, sizeof(struct queue *));
    s->pollers = zeroed_lines(threads, sizeof *s->pollers);
    if (!s->queues || !s->queues_by_poller || !s->pollers)
        return -1;
    s->merges = s->queue_count > 1;
    for (size_t i = 0; i < s->port_count; i++)
        for (unsigned q = 0; q < s->ports[i].queues; q++) {
            struct queue *queue = &s->queues[s->ports[i].first_queue + q];
            queue->port = s->ports[i].number;
            queue->number = (uint16_t)q;
            if (!strcmp(s->ports[i].info.driver_name, "net_pcap"))
                queue->stamp = STAMP_MICROSECONDS;
            else
                s->merges = false;
        }
    struct queue **next = s->queues_by_poller;
    for (unsigned w = 0; w < threads; w++) {
        struct poller *poller = &s->pollers[w];
        poller->source = s;
        poller->queues = next;
        for (unsigned i = 0; i < s->queue_count; i++)
            if ((s->merges ? s->queues[i].number : i) % threads == w)
                *next++ = &s->queues[i];
        poller->queue_count = (unsigned)(next - poller->queues);
        if (s->merges && poller->queue_count > 1 &&
            !(poller->merge = port_merge_create(poller->queue_count, dpdk_receive_for_merge, poller)))
            return -1;
    }
    return 0;
}

/* As many buffers as can be in use at once: in queues, in trains, and in the workers' caches. */
static unsigned mbufs_needed(const struct dpdk_source *s)
{
    uint64_t n = 0, trains = s->params.threads * (s->params.keep_frames ? 10ull : 2ull);
    for (size_t i = 0; i < s->port_count; i++)
        n += (uint64_t)s->ports[i].queues * (s->ports[i].descriptors + (s->merges ? PORT_MERGE_ROOM : 0));
    n += trains * TRAIN + s->params.threads * (CACHE * 2ull);
    return (unsigned)MAX(n, (uint64_t)MBUFS_MIN);
}

static enum dpdk_result start_ports(struct dpdk_source *s, char error[DPDK_ERROR_MAX])
{
    unsigned mbufs = s->params.mbufs ? s->params.mbufs : mbufs_needed(s);
    int socket = rte_eth_dev_socket_id(s->ports[0].number);
    /* A stack: the buffers freed last, which are still in a cache, are taken first. */
    s->pool = rte_pktmbuf_pool_create_by_ops("tcpreuse", mbufs, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket,
                                             "stack");
    if (!s->pool)
        s->pool = rte_pktmbuf_pool_create("tcpreuse", mbufs, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket);
    if (!s->pool) {
        snprintf(
            error, DPDK_ERROR_MAX,
            "no room for %u frame buffers (%u MB): %s; give the EAL more memory (-m, huge pages), or ask for "
            "fewer with --mbufs",
            mbufs, (unsigned)((uint64_t)mbufs * 2560 >> 20), rte_strerror(rte_errno));
        return DPDK_FAILED;
    }
    for (size_t i = 0; i < s->port_count; i++) {
        enum dpdk_result result = dpdk_port_start(&s->ports[i], s->pool, error);
        if (result != DPDK_OPEN)
            return result;
    }
    dpdk_time_find_stamps(s);
    return DPDK_OPEN;
}

static void drop_frame(void *frame)
{
    rte_pktmbuf_free(frame);
}

void dpdk_close(struct dpdk_source *s)
{
    for (unsigned i = 0; s->pollers && i < s->params.threads; i++) {
        dpdk_train_free(s->pollers[i].train);
        port_merge_destroy(s->pollers[i].merge, drop_frame);
    }
    for (size_t i = 0; s->ports && i < s->port_count; i++)
        dpdk_port_stop(&s->ports[i]);
    dpdk_eal_close();
    free(s->ports);
    free(s->queues);
    free(s->queues_by_poller);
    free(s->pollers);
    free(s);
}

enum dpdk_result dpdk_open(struct dpdk_source **opened, const struct dpdk_params *params,
                           char error[DPDK_ERROR_MAX])
{
    enum dpdk_result result = dpdk_eal_init(params->eal, error);
    if (result != DPDK_OPEN)
        return result;
    snprintf(error, DPDK_ERROR_MAX, "out of memory");
    struct dpdk_source *s = zeroed_lines(1, sizeof *s + CACHE_LINE - sizeof *s % CACHE_LINE);
    if (!s)
        return DPDK_FAILED;
    s->source.ops = &dpdk_source_ops;
    s->source.endless = true;
    s->params = *params;
    if (!s->params.threads)
        s->params.threads = rte_lcore_count();
    result = describe_ports(s, error);
    if (result == DPDK_OPEN && deal_queues(s))
        result = DPDK_FAILED;
    if (result == DPDK_OPEN)
        result = start_ports(s, error);
    if (result == DPDK_OPEN)
        *opened = s;
    else
        dpdk_close(s);
    return result;
}
