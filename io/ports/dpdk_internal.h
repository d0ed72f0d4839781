/* The EAL and its ports, for dpdk_source.c. */
#ifndef TCPREUSE_DPDK_INTERNAL_H
#define TCPREUSE_DPDK_INTERNAL_H

#include "io/ports/dpdk_source.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

/* What a time stamp that a driver leaves in an mbuf is. Drivers do not say. */
enum stamp {
    STAMP_UNKNOWN, /* no frame with one has come */
    STAMP_NONE,    /* there is none that says the time of day: the clock is read instead */
    STAMP_MICROSECONDS,
    STAMP_NANOSECONDS,
};

struct queue {
    uint16_t port, number;
    enum stamp stamp;          /* of the worker that polls it */
    _Atomic uint64_t received; /* written by the worker that polls it, relaxed; read by the display */
} ALIGNED(CACHE_LINE);

/* A statistic of the driver that says what a queue lost. */
struct loss_statistic {
    uint64_t id; /* of rte_eth_xstats_get_by_id() */
    unsigned queue, rank;
    enum port_loss loss;
};

struct port {
    uint16_t number;
    uint16_t descriptors; /* of a queue */
    unsigned queues, first_queue;
    bool started;
    struct loss_statistic *losses; /* one of each queue and loss that the driver has */
    unsigned loss_count;
    struct rte_eth_dev_info info;
};

/* The EAL with these arguments. */
enum dpdk_result dpdk_eal_init(const char *arguments, char error[DPDK_ERROR_MAX]);
/* Closes all its ports. */
void dpdk_eal_close(void);

/* Looks at a port and decides how many queues it will have: asked, if that is not 0. */
enum dpdk_result dpdk_port_describe(struct port *p, uint16_t number, unsigned asked, unsigned threads,
                                    char error[DPDK_ERROR_MAX]);
enum dpdk_result dpdk_port_start(struct port *p, struct rte_mempool *pool, char error[DPDK_ERROR_MAX]);
/* Frees what it holds, too. */
void dpdk_port_stop(struct port *p);

/* Finds the port's statistics of what queues lost, once its queues are set up. Without memory there are none.
 */
void dpdk_counters_find(struct port *p);
/* The port's counters, but for what was received. Any thread. */
void dpdk_counters_read(const struct port *p, struct port_counters *counters);

#endif
