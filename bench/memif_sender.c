/* Sends the frames of a capture through a DPDK port, again and again, as fast as the other side takes them:
 * the other process of a benchmark over net_memif.
 *
 * usage: memif_sender EAL-ARGUMENTS... -- FILE.pcap FRAMES
 *
 *     memif_sender -l 1 --no-huge -m 512 --no-pci --no-telemetry --no-shconf --file-prefix sender \
 *         --vdev net_memif0,role=client,socket=/tmp/s,socket-abstract=no,rsize=11,bsize=2048 -- FILE FRAMES
 *
 * What does not fit into the ring is offered again, so nothing is lost here. Prints one line: frames,
 * seconds. */
#include <inttypes.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, MBUFS = 16383, CACHE = 256, FRAME_MAX = 2048, RING = 2048, PATIENCE_S = 20 };

struct capture {
    uint8_t *bytes;
    uint32_t *at;     /* of each frame in bytes */
    uint16_t *length; /* of each frame */
    size_t count;
};

static void die(const char *what)
{
    fprintf(stderr, "memif_sender: %s\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A pcap file as tracegen writes it: of this machine's byte order. */
static struct capture capture_read(const char *path)
{
    struct capture c = {0};
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END))
        die("the capture cannot be opened");
    long size = ftell(f);
    rewind(f);
    c.bytes = malloc((size_t)size);
    if (size < 24 || size > UINT32_MAX || !c.bytes || fread(c.bytes, 1, (size_t)size, f) != (size_t)size)
        die("the capture cannot be read");
    fclose(f);
    size_t most = (size_t)size / 16;
    c.at = calloc(most, sizeof *c.at);
    c.length = calloc(most, sizeof *c.length);
    if (!c.at || !c.length)
        die("out of memory");
    for (size_t at = 24; at + 16 <= (size_t)size;) {
        uint32_t length;
        memcpy(&length, c.bytes + at + 8, sizeof length);
        if (length > FRAME_MAX || at + 16 + length > (size_t)size)
            die("a frame is too long, or the file is cut");
        c.at[c.count] = (uint32_t)at + 16;
        c.length[c.count++] = (uint16_t)length;
        at += 16 + length;
    }
    if (!c.count)
        die("the capture is empty");
    return c;
}

static void port_start(uint16_t port)
{
    struct rte_eth_conf conf = {0};
    if (rte_eth_dev_configure(port, 0, 1, &conf) || rte_eth_tx_queue_setup(port, 0, RING, 0, NULL) ||
        rte_eth_dev_start(port))
        die("the port does not start");
    struct rte_eth_link link = {0};
    for (double end = now() + PATIENCE_S; !link.link_status && now() < end; usleep(1000))
        if (rte_eth_link_get_nowait(port, &link))
            break;
    if (!link.link_status)
        die("nobody is at the other end");
}

/* The next n frames of the capture, from *next on. */
static void fill(struct rte_mbuf **mbufs, unsigned n, const struct capture *c, size_t *next)
{
    for (unsigned i = 0; i < n; i++) {
        char *to = rte_pktmbuf_append(mbufs[i], c->length[*next]);
        if (!to)
            die("a buffer is too small");
        memcpy(to, c->bytes + c->at[*next], c->length[*next]);
        if (++*next == c->count)
            *next = 0;
    }
}

static double send_frames(uint16_t port, struct rte_mempool *pool, const struct capture *c, uint64_t frames)
{
    struct rte_mbuf *mbufs[BURST];
    size_t next = 0;
    double start = now();
    for (uint64_t sent = 0; sent < frames;) {
        unsigned n = (unsigned)RTE_MIN((uint64_t)BURST, frames - sent), done = 0;
        if (rte_pktmbuf_alloc_bulk(pool, mbufs, n))
            continue;
        fill(mbufs, n, c, &next);
        while (done < n)
            done += rte_eth_tx_burst(port, 0, mbufs + done, (uint16_t)(n - done));
        sent += n;
    }
    return now() - start;
}

int main(int argc, char **argv)
{
    int taken = rte_eal_init(argc, argv);
    if (taken < 0 || argc - taken != 3)
        die("usage: memif_sender EAL-ARGUMENTS... -- FILE.pcap FRAMES");
    struct capture c = capture_read(argv[taken + 1]);
    uint64_t frames = strtoull(argv[taken + 2], NULL, 10);
    struct rte_mempool *pool =
        rte_pktmbuf_pool_create("tx", MBUFS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (!pool || !rte_eth_dev_count_avail())
        die("no buffers, or no port");
    uint16_t port = (uint16_t)rte_eth_find_next(0);
    port_start(port);
    double seconds = send_frames(port, pool, &c, frames);
    printf("%" PRIu64 " %.6f\n", frames, seconds);
    fflush(stdout);
    sleep(1); /* for the last ones to be taken from the ring, which goes with this process */
    rte_eth_dev_stop(port);
    return 0;
}
