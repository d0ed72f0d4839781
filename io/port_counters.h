/* What became of the frames that came to a port. */
#ifndef TCPREUSE_PORT_COUNTERS_H
#define TCPREUSE_PORT_COUNTERS_H

#include <stdint.h>

enum { PORT_QUEUES = 64 };

struct port_counters {
    unsigned port;
    char name[64], driver[32];
    uint64_t received; /* frames taken from its queues */
    uint64_t missed;   /* no descriptor was free: this program was too slow (imissed) */
    uint64_t errors;   /* the port could not receive them (ierrors) */
    uint64_t no_mbuf;  /* no buffer was free (rx_nombuf) */
    unsigned queues;
    struct {
        uint64_t received;
        uint64_t errors; /* where the driver counts them by queue */
    } queue[PORT_QUEUES];
};

#endif
