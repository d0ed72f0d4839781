/* What a port or an interface counts: frames received, and frames lost and why. */
#ifndef TCPREUSE_PORT_COUNTERS_H
#define TCPREUSE_PORT_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum { PORT_QUEUES = 64 };

/* Why frames were lost. */
enum port_loss {
    LOSS_MISSED,  /* no descriptor was free, this program was too slow (imissed) */
    LOSS_ERRORS,  /* the port could not receive them (ierrors) */
    LOSS_NO_MBUF, /* no buffer was free (rx_nombuf) */
    LOSSES
};

/* A queue's loss, where the driver does not count by queue. */
#define PORT_LOSS_UNKNOWN UINT64_MAX

struct port_counters {
    unsigned port;
    char name[64], driver[32]; /* driver: of an interface, its link type */
    uint64_t received;         /* frames taken from its queues */
    uint64_t lost[LOSSES];
    unsigned queues;
    struct {
        uint64_t received;
        uint64_t lost[LOSSES]; /* or PORT_LOSS_UNKNOWN */
    } queue[PORT_QUEUES];
    bool is_interface; /* of the kernel; else a port of DPDK */
    uint64_t seen;     /* of interfaces: frames that the filter let in, whether they were received or lost */
};

/* As summary.json and the status line spell it. */
const char *port_loss_name(enum port_loss loss);

/* What a driver's extended statistic (rte_eth_xstat) of this name counts. False: it is not a queue's loss. Of
 * several names for the same loss of a queue, the one with the lowest rank is the most general. */
bool port_loss_of_statistic(const char *name, unsigned *queue, enum port_loss *loss, unsigned *rank);

/* Where the port counts a loss but none of its queues does, the driver does not count it by queue: the
 * queues' zeros become PORT_LOSS_UNKNOWN. (DPDK makes up rx_qN_errors for drivers that do not count them.) */
void port_counters_check(struct port_counters *c);

#endif
