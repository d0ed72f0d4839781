/* What the files of the DPDK module share. dpdk_source.c explains how they work together.
 *
 *     dpdk_open.c      opens and closes: ports, queues dealt to workers, frame buffers
 *     dpdk_eal.c       the EAL as a library
 *     dpdk_port.c      one port
 *     dpdk_poll.c      workers poll their queues; when the run ends
 *     dpdk_time.c      when a frame arrived
 *     dpdk_source.c    claiming, walking and releasing, as the pipeline asks for it
 *     dpdk_counters.c  what ports lost */
#ifndef TCPREUSE_DPDK_INTERNAL_H
#define TCPREUSE_DPDK_INTERNAL_H

#include "io/ports/dpdk_source.h"
#include "io/ports/port_merge.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdatomic.h>
#include <time.h>

enum {
    TRAIN = 1024, /* frames; their mbufs, bytes and segments stay in the L2 cache until they are drained */
    SECOND = 1000000000, /* ns */
};

/* What the time stamps that a driver leaves in mbufs mean. Drivers do not say. */
enum stamp {
    STAMP_UNKNOWN, /* no frame with a stamp has arrived */
    STAMP_NONE,    /* no stamp gives the time of day: the clock is read instead */
    STAMP_MICROSECONDS,
    STAMP_NANOSECONDS,
};

struct queue {
    uint16_t port, number;
    enum stamp stamp;          /* only the worker that polls the queue uses it */
    _Atomic uint64_t received; /* written by that worker, read by any thread; relaxed, it orders nothing */
} ALIGNED(CACHE_LINE);

/* An extended statistic of the driver that counts what a queue lost. */
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

/* A frame that arrived in several mbufs, put together. */
struct copy {
    struct copy *next;
    uint8_t bytes[];
};

/* Frames that one worker gathered; a batch once they are claimed. Belongs to the poller that fills it, then
 * to the batch. Frame i is mbuf[i], time[i] and decimals[i]. */
struct train {
    unsigned count;
    int64_t begun; /* monotonic ns, when its first frame was received */
    struct copy *copies;
    struct rte_mbuf *mbuf[TRAIN];
    int64_t time[TRAIN]; /* ns since 1970 */
    uint8_t decimals[TRAIN];
};

/* The queues that a worker polls, and the train it fills. Only that worker touches it: while it polls, and
 * with the turn of claiming. Before the workers start and after they have ended it is the main thread's. */
struct poller {
    const struct dpdk_source *source;
    struct queue **queues;
    unsigned queue_count;
    struct port_merge *merge; /* puts frames of its queues in order of time; NULL: in the order of polling */
    struct train *train;      /* being filled, or NULL */
    uint64_t last_frames;     /* taken since the run is ending */
    bool ending;              /* has seen that the run is ending */
    bool emptied;             /* takes nothing more from its queues */
    bool done;                /* and everything it took is claimed */
    bool registered;          /* its thread, with the EAL */
} ALIGNED(CACHE_LINE);

struct dpdk_source {
    /* Set when opening; constant during the run. */
    struct source source;
    struct dpdk_params params;
    struct port *ports;
    size_t port_count;
    struct queue *queues;
    unsigned queue_count;
    struct queue **queues_by_poller; /* what the pollers' queues point into */
    struct poller *pollers;          /* params.threads of them */
    bool merges;                     /* several queues, and the time stamps of all ports are of one clock */
    struct rte_mempool *pool;
    int stamp_offset;    /* in an mbuf; -1: no driver gives time stamps */
    uint64_t stamp_flag; /* of mbufs that have one */

    /* The run is to end. Set by any worker that finds a reason, read by all while they poll. Relaxed, it
     * orders nothing: a worker may see it one poll later. */
    _Atomic bool ending;
    /* params.frames have been claimed. Set by the worker that claims the last of them, read by all when they
     * see `ending`. Relaxed: a worker that misses it gathers frames that claiming then drops. */
    _Atomic bool limit_reached;
    /* When a frame was received last: monotonic ns. Stored by workers that received one, read by all for
     * params.idle_exit. Relaxed: any recent value does. */
    _Atomic int64_t last_frame;
    /* When the run began: monotonic ns, 0 before that. Set once, by the first worker that polls, with release
     * after last_frame; read by all, with acquire. */
    _Atomic int64_t begin;
    /* Pollers that are done. Each adds itself, with release, after its last claim; claiming reads with
     * acquire, and says CLAIM_END when all are done. */
    _Atomic unsigned pollers_done;

    /* Written with the turn of claiming, which orders it; read by others once the workers have ended. */
    uint64_t claimed; /* frames */
    uint64_t unread;  /* frames received beyond params.frames */
};

static inline struct dpdk_source *dpdk_source_of(struct source *source)
{
    return (struct dpdk_source *)source;
}

/* Asks all workers to end. Any worker. */
static inline void dpdk_source_end(struct dpdk_source *s)
{
    atomic_store_explicit(&s->ending, true, memory_order_relaxed);
}

extern const struct source_ops dpdk_source_ops;

/* As dpdk_source_open() and dpdk_source_close(). */
enum dpdk_result dpdk_open(struct dpdk_source **opened, const struct dpdk_params *params,
                           char error[DPDK_ERROR_MAX]);
void dpdk_close(struct dpdk_source *s);

/* source_ops.poll */
bool dpdk_poll(struct source *source, unsigned worker, bool finish);
/* Gives back the train's mbufs and copies; it can be filled again. */
void dpdk_train_empty(struct train *t);
/* The same, and frees it. NULL is taken. */
void dpdk_train_free(struct train *t);
/* Takes up to PORT_MERGE_BURST frames from a queue of the poller; a port_merge_ask, context is the poller. */
unsigned dpdk_receive_for_merge(void *context, unsigned queue, struct port_frames to);

/* ns */
int64_t dpdk_clock_ns(clockid_t clock);
/* Finds where drivers leave time stamps, once the ports are started. */
void dpdk_time_find_stamps(struct dpdk_source *s);
/* Sets the times of the n frames of a burst that q gave. */
void dpdk_time_stamp(const struct dpdk_source *s, struct queue *q, struct port_frames burst, unsigned n);

/* Initialises the EAL with these arguments, once in a process. */
enum dpdk_result dpdk_eal_init(const char *arguments, char error[DPDK_ERROR_MAX]);
/* Closes all its ports. */
void dpdk_eal_close(void);

/* Fills *p, and chooses its number of queues: asked, or if that is 0 what suits the port and the threads. */
enum dpdk_result dpdk_port_describe(struct port *p, uint16_t number, unsigned asked, unsigned threads,
                                    char error[DPDK_ERROR_MAX]);
enum dpdk_result dpdk_port_start(struct port *p, struct rte_mempool *pool, char error[DPDK_ERROR_MAX]);
/* Stops the port if it was started, and frees what *p holds. */
void dpdk_port_stop(struct port *p);

/* Finds the statistics of what the port's queues lost, once they are set up; none when memory is short. */
void dpdk_counters_find(struct port *p);
/* The port's counters except for `received`. Any thread. */
void dpdk_counters_read(const struct port *p, struct port_counters *counters);

#endif
