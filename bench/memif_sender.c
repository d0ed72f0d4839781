/* Sends the frames of a capture through a DPDK port, again and again, as fast as the other side takes them:
 * the other process of a benchmark over net_memif.
 *
 * usage: memif_sender EAL-ARGUMENTS... -- FILE.pcap SECONDS
 *
 *     memif_sender -l 1 --no-huge -m 512 --no-pci --no-telemetry --no-shconf --file-prefix sender \
 *         --vdev net_memif0,role=client,socket=/tmp/s,socket-abstract=no,rsize=11,bsize=2048 -- FILE 5
 *
 * What does not fit into the ring is offered again, so nothing is lost here. Prints one line: frames,
 * seconds. */
#include "bench/sending.h"
#include "engine/clock.h"

#include <inttypes.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RING = 2048, PATIENCE_S = 20 };

static void port_start(uint16_t port)
{
    struct rte_eth_conf conf = {0};
    if (rte_eth_dev_configure(port, 0, 1, &conf) || rte_eth_tx_queue_setup(port, 0, RING, 0, NULL) ||
        rte_eth_dev_start(port))
        die("the port does not start");
    struct rte_eth_link link = {0};
    for (double end = clock_seconds() + PATIENCE_S; !link.link_status && clock_seconds() < end; usleep(1000))
        if (rte_eth_link_get_nowait(port, &link))
            break;
    if (!link.link_status)
        die("nobody is at the other end");
}

static uint64_t send_frames(uint16_t port, struct rte_mempool *pool, const struct capture *c, double end)
{
    struct rte_mbuf *mbufs[SEND_BURST];
    size_t next = 0;
    uint64_t sent = 0;
    while (clock_seconds() < end) {
        unsigned done = 0;
        if (rte_pktmbuf_alloc_bulk(pool, mbufs, SEND_BURST))
            continue;
        capture_fill(mbufs, SEND_BURST, c, &next);
        while (done < SEND_BURST)
            done += rte_eth_tx_burst(port, 0, mbufs + done, (uint16_t)(SEND_BURST - done));
        sent += SEND_BURST;
    }
    return sent;
}

int main(int argc, char **argv)
{
    int taken = rte_eal_init(argc, argv);
    double seconds = taken >= 0 && argc - taken == 3 ? strtod(argv[taken + 2], NULL) : 0;
    if (!(seconds > 0))
        die("usage: memif_sender EAL-ARGUMENTS... -- FILE.pcap SECONDS");
    struct capture c = capture_read(argv[taken + 1]);
    struct rte_mempool *pool =
        rte_pktmbuf_pool_create("tx", SEND_MBUFS, SEND_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (!pool || !rte_eth_dev_count_avail())
        die("no buffers, or no port");
    uint16_t port = (uint16_t)rte_eth_find_next(0);
    port_start(port);
    double start = clock_seconds();
    uint64_t frames = send_frames(port, pool, &c, start + seconds);
    printf("%" PRIu64 " %.6f\n", frames, clock_seconds() - start);
    fflush(stdout);
    sleep(1); /* for the last ones to be taken from the ring, which goes with this process */
    rte_eth_dev_stop(port);
    return 0;
}
