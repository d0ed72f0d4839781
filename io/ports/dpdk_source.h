/* DPDK ports as a source of frames. Opening one loads DPDK's libraries and initialises the EAL, so that a run
 * on files pays nothing for them. In a build without DPDK, opening fails and says so. */
#ifndef TCPREUSE_DPDK_SOURCE_H
#define TCPREUSE_DPDK_SOURCE_H

#include "engine/source.h"
#include "io/ports/port_counters.h"

struct dpdk_source;

struct dpdk_params {
    const char *eal;       /* arguments of the EAL, quoted as in a shell */
    const uint16_t *ports; /* NULL: all */
    size_t port_count;
    unsigned queues;  /* per port; 0: what suits the port and the workers */
    unsigned threads; /* workers; 0: one per lcore of the EAL */
    unsigned mbufs;   /* frame buffers; 0: as many as can be in use */
    bool keep_frames; /* until the batch is written; needed when frames are to be ignored */
    /* What ends the run; 0: no limit. */
    uint64_t frames;  /* read in all */
    double duration;  /* s */
    double idle_exit; /* s since the last frame */
};

enum dpdk_result {
    DPDK_OPEN,
    DPDK_WRONG, /* the arguments or ports that were asked for are wrong */
    DPDK_FAILED /* it could not be done: memory, permissions, hardware */
};

enum { DPDK_ERROR_MAX = 512 };

/* Opens and starts the ports. On DPDK_OPEN sets *s, otherwise writes an error that says what can be done
 * about it. Once in a process. What params points to may be freed afterwards. */
enum dpdk_result dpdk_source_open(struct dpdk_source **s, const struct dpdk_params *params,
                                  char error[DPDK_ERROR_MAX]);
struct source *dpdk_source_source(struct dpdk_source *s);
unsigned dpdk_source_threads(const struct dpdk_source *s);
size_t dpdk_source_ports(const struct dpdk_source *s);
/* Counters of the i-th port. Any thread. */
void dpdk_source_counters(const struct dpdk_source *s, size_t i, struct port_counters *counters);
/* Frames that were received beyond params.frames, and not read. After the run has ended. */
uint64_t dpdk_source_unread(const struct dpdk_source *s);
void dpdk_source_close(struct dpdk_source *s);

#endif
