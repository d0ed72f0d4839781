/* Feeds the queues of a net_ring port from inside the process that reads them, as fast as they are read: for
 * benchmarks. The EAL loads it (-d), so any program that takes EAL arguments can be fed:
 *
 *     RING_FEEDER="QUEUES SECONDS FILE.pcap" tcpreuse -o out --queues QUEUES --idle-exit 1 \
 *         --dpdk "-l 0 --no-huge -m 512 --no-pci -d BUILD/bench/ring_feeder.so --vdev net_ring0"
 *
 * All frames of a connection go through the same queue. Prints one line: frames, seconds. The run must not
 * end before the feeder does, since its rings go with the EAL. (The EAL loads nothing from below a directory
 * that anybody may write to, such as /tmp.) */
#include "bench/sending.h"
#include "engine/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <rte_common.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_ring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { QUEUES = 16, WAIT_US = 1000 };

struct lane {
    struct rte_ring *ring;
    struct capture frames;
    size_t next;
    struct rte_mbuf *mbufs[SEND_BURST];
    unsigned left; /* the last ones of mbufs, which found no room */
};

/* What fits now. How many frames went. */
static unsigned feed(struct lane *l, struct rte_mempool *pool)
{
    if (!l->left) {
        if (rte_pktmbuf_alloc_bulk(pool, l->mbufs, SEND_BURST))
            return 0;
        capture_fill(l->mbufs, SEND_BURST, &l->frames, &l->next);
        l->left = SEND_BURST;
    }
    unsigned n = rte_ring_enqueue_burst(l->ring, (void **)&l->mbufs[SEND_BURST - l->left], l->left, NULL);
    l->left -= n;
    return n;
}

/* The last processor, if there is one that no reader needs. */
static void bind_thread(unsigned readers)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors <= (long)readers)
        return;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET((size_t)processors - 1, &cpus);
    pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
}

static void *feeder_main(void *unused)
{
    static struct lane lanes[QUEUES];
    const char *order = getenv("RING_FEEDER");
    unsigned queues = 0;
    double seconds = 0;
    int path = 0;
    (void)unused;
    if (!order || sscanf(order, "%u %lf %n", &queues, &seconds, &path) != 2 || !queues || queues > QUEUES ||
        !path)
        die("RING_FEEDER: expected QUEUES SECONDS FILE");
    struct capture all = capture_read(order + path);
    bind_thread(queues);
    /* A device is there once the EAL has memory, and the reader's buffers when it is about to start it. */
    while (!rte_eth_dev_is_valid_port(0))
        usleep(WAIT_US);
    while (!rte_mempool_lookup("tcpreuse"))
        usleep(WAIT_US);
    rte_thread_register();
    struct rte_mempool *pool = rte_pktmbuf_pool_create("feeder", SEND_MBUFS, SEND_CACHE, 0,
                                                       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (!pool)
        die("no buffers");
    for (unsigned q = 0; q < queues; q++) {
        char name[RTE_RING_NAMESIZE];
        snprintf(name, sizeof name, "ETH_RXTX%u_net_ring0", q);
        lanes[q].frames = capture_part(&all, q, queues);
        if (!(lanes[q].ring = rte_ring_lookup(name)))
            die("there is no net_ring0 with so many queues");
    }
    double start = clock_seconds();
    uint64_t sent = 0;
    for (unsigned q = 0; clock_seconds() < start + seconds; q = (q + 1) % queues)
        sent += feed(&lanes[q], pool);
    double took = clock_seconds() - start;
    for (unsigned q = 0; q < queues; q++)
        rte_pktmbuf_free_bulk(&lanes[q].mbufs[SEND_BURST - lanes[q].left], lanes[q].left);
    rte_thread_unregister();
    printf("%" PRIu64 " %.6f\n", sent, took);
    fflush(stdout);
    return NULL;
}

RTE_INIT(feeder_start)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, feeder_main, NULL))
        die("no thread");
    pthread_detach(thread);
}
