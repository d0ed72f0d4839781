/* What became of the frames that came to a port. */
#ifndef TCPREUSE_PORT_COUNTERS_H
#define TCPREUSE_PORT_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum { PORT_QUEUES = 64 };

/* Why frames were not received. */
enum port_loss {
    LOSS_MISSED,  /* no descriptor was free: this program was too slow (imissed) */
    LOSS_ERRORS,  /* the port could not receive them (ierrors) */
    LOSS_NO_MBUF, /* no buffer was free (rx_nombuf) */
    LOSSES
};

/* Of a queue, where the driver does not count by queue. */
#define PORT_LOSS_UNKNOWN UINT64_MAX

struct port_counters {
    unsigned port;
    char name[64], driver[32];
    uint64_t received; /* frames taken from its queues */
    uint64_t lost[LOSSES];
    unsigned queues;
    struct {
        uint64_t received;
        uint64_t lost[LOSSES]; /* or PORT_LOSS_UNKNOWN */
    } queue[PORT_QUEUES];
};

/* As summary.json and others name it. */
const char *port_loss_name(enum port_loss loss);

/* What a driver's extended statistic (rte_eth_xstat) of this name counts. False: no frames that a queue lost.
 * Where several names of a queue mean the same loss, the one with the lowest rank is the most general. */
bool port_loss_of_statistic(const char *name, unsigned *queue, enum port_loss *loss, unsigned *rank);

/* A loss that the port counts and all its queues together do not have is one that the driver does not count
 * by queue: their zeros become PORT_LOSS_UNKNOWN. (DPDK makes up rx_qN_errors for drivers that count none.)
 */
void port_counters_check(struct port_counters *c);

#endif
