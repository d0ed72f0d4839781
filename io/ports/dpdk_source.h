/* DPDK ports as a source of frames. The EAL is initialised, and DPDK's libraries are loaded, when a source is
 * opened; so a program that reads files has nothing of it. Built without DPDK, opening says so. */
#ifndef TCPREUSE_DPDK_SOURCE_H
#define TCPREUSE_DPDK_SOURCE_H

#include "engine/source.h"
#include "io/ports/port_counters.h"

struct dpdk_source;

struct dpdk_params {
    const char *eal;       /* its arguments, as one would write them in a shell */
    const uint16_t *ports; /* NULL: all that there are */
    size_t port_count;
    unsigned queues;  /* a port; 0: as the port and the workers suggest */
    unsigned threads; /* workers; 0: one for each lcore of the EAL */
    unsigned mbufs;   /* buffers for frames; 0: enough */
    bool keep_frames; /* until the batch is written: when frames are to be ignored */
    /* What ends the run; 0: nothing of the kind. */
    uint64_t frames;  /* so many have been read */
    double duration;  /* s */
    double idle_exit; /* s without a frame */
};

enum dpdk_result {
    DPDK_OPEN,
    DPDK_WRONG, /* what was asked for cannot be: arguments, ports */
    DPDK_FAILED /* it could not be done */
};

enum { DPDK_ERROR_MAX = 512 };

/* Ports are started. *s is set when DPDK_OPEN is returned, else the error, with what can be done about it.
 * Once in a process. What the parameters point to may go away. */
enum dpdk_result dpdk_source_open(struct dpdk_source **s, const struct dpdk_params *params,
                                  char error[DPDK_ERROR_MAX]);
struct source *dpdk_source_source(struct dpdk_source *s);
unsigned dpdk_source_threads(const struct dpdk_source *s);
size_t dpdk_source_ports(const struct dpdk_source *s);
/* Of the i-th port. Any thread. */
void dpdk_source_counters(const struct dpdk_source *s, size_t i, struct port_counters *counters);
/* Frames that were received, but not read: beyond params.frames. When the run has ended. */
uint64_t dpdk_source_unread(const struct dpdk_source *s);
void dpdk_source_close(struct dpdk_source *s);

#endif
