/* DPDK ports as a source.
 *
 * The queues of all ports are dealt to the workers. A worker polls its queues in turn and gathers their
 * frames in a train, of up to TRAIN frames and for up to TRAIN_NS. When it gets the turn of claiming, the
 * train becomes the next batch. The worker decodes the batch at once and gives the mbufs back. There is no
 * back-pressure: a port that runs out of descriptors drops frames and counts them.
 *
 * Order: frames of one queue keep theirs. Frames of different queues of one worker follow the order of
 * polling, or, where all time stamps are known to be of one clock, the order of time (port_merge.h). Frames
 * of different workers follow the order in which their trains are claimed.
 *
 * End: each worker sees that the run is ending, takes what waits in its queues, claims it, and is done. When
 * all pollers are done, claiming says CLAIM_END. */
#include "io/ports/dpdk_internal.h"
#include "io/ports/dpdk_module.h"

#include <rte_lcore.h>
#include <stdlib.h>

enum { LINK_ETHERNET = 1 }; /* of the pcap registry */

static enum claim source_claim(struct source *source, struct batch *b)
{
    struct dpdk_source *s = dpdk_source_of(source);
    struct poller *poller = &s->pollers[b->worker];
    struct train *t = poller->train;
    if (t && t->count && s->params.frames && s->params.frames - s->claimed < t->count) {
        unsigned wanted = (unsigned)(s->params.frames - s->claimed);
        s->unread += t->count - wanted;
        rte_pktmbuf_free_bulk(t->mbuf + wanted, t->count - wanted);
        t->count = wanted;
    }
    if (!t || !t->count) {
        bool all = atomic_load_explicit(&s->pollers_done, memory_order_acquire) == s->params.threads;
        return all ? CLAIM_END : CLAIM_NOTHING;
    }
    b->first = true;
    b->piece = t;
    poller->train = NULL;
    batch_cut_frames(b, t->count);
    s->claimed += t->count;
    if (s->claimed == s->params.frames) {
        atomic_store_explicit(&s->limit_reached, true, memory_order_relaxed);
        dpdk_source_end(s);
    }
    return CLAIM_BATCH;
}

/* Copies the bytes of a frame of several mbufs into one piece. When memory is short, only those of the first
 * mbuf count as captured. */
static __attribute__((noinline)) void put_together(struct train *t, const struct rte_mbuf *m,
                                                   struct frame *frame)
{
    struct copy *copy = malloc(sizeof *copy + m->pkt_len);
    if (!copy)
        return;
    copy->next = t->copies;
    t->copies = copy;
    uint32_t at = 0;
    for (; m; m = m->next) {
        memcpy(copy->bytes + at, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
        at += m->data_len;
    }
    frame->data = copy->bytes;
    frame->captured = at;
}

static void source_walk(struct source *source, struct batch *b, struct walk *walk)
{
    (void)source;
    struct train *t = b->piece;
    for (unsigned i = walk->first; i < walk->end; i++) {
        uint64_t first;
        const unsigned n = walk_take(walk, i, &first);
        for (unsigned k = 0; k < n; k++) {
            const struct rte_mbuf *m = t->mbuf[first + k];
            struct frame *frame = &walk->frame[i][k];
            *frame = (struct frame){
                .data = rte_pktmbuf_mtod(m, const uint8_t *),
                .time = t->time[first + k],
                .captured = m->data_len,
                .length = m->pkt_len,
                .link_type = LINK_ETHERNET,
                .decimals = t->decimals[first + k],
                .interface = m->port,
            };
            __builtin_prefetch(frame->data);
            if (unlikely(m->nb_segs > 1))
                put_together(t, m, frame);
        }
    }
}

static void source_decoded(struct source *source, struct batch *b)
{
    struct dpdk_source *s = dpdk_source_of(source);
    struct poller *poller = &s->pollers[b->worker];
    if (s->params.keep_frames)
        return;
    dpdk_train_empty(b->piece);
    poller->train = b->piece;
    b->piece = NULL;
}

static void source_release(struct source *source, struct batch *b)
{
    (void)source;
    dpdk_train_free(b->piece);
    b->piece = NULL;
}

/* Registering the thread with the EAL gives it a cache of mbufs. If the EAL has a core for each worker, the
 * worker is bound to its own. */
static void source_worker_begin(struct source *source, unsigned worker)
{
    struct dpdk_source *s = dpdk_source_of(source);
    if (s->params.threads <= rte_lcore_count()) {
        unsigned lcore = rte_get_next_lcore(-1, 0, 0);
        for (unsigned i = 0; i < worker; i++)
            lcore = rte_get_next_lcore(lcore, 0, 0);
        rte_cpuset_t cpus = rte_lcore_cpuset(lcore);
        pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus); /* only speed depends on it */
    }
    s->pollers[worker].registered = !rte_thread_register();
}

static void source_worker_end(struct source *source, unsigned worker)
{
    const struct dpdk_source *s = dpdk_source_of(source);
    if (s->pollers[worker].registered)
        rte_thread_unregister();
}

const struct source_ops dpdk_source_ops = {
    .worker_begin = source_worker_begin,
    .worker_end = source_worker_end,
    .poll = dpdk_poll,
    .claim = source_claim,
    .walk = source_walk,
    .decoded = source_decoded,
    .release = source_release,
};

static struct source *source_source(struct dpdk_source *s)
{
    return &s->source;
}

static unsigned source_threads(const struct dpdk_source *s)
{
    return s->params.threads;
}

static size_t source_ports(const struct dpdk_source *s)
{
    return s->port_count;
}

static uint64_t source_unread(const struct dpdk_source *s)
{
    uint64_t n = s->unread;
    for (unsigned i = 0; i < s->params.threads; i++)
        n += port_merge_waiting(s->pollers[i].merge);
    return n;
}

static void source_counters(const struct dpdk_source *s, size_t i, struct port_counters *counters)
{
    const struct port *p = &s->ports[i];
    dpdk_counters_read(p, counters);
    for (unsigned q = 0; q < p->queues; q++) {
        uint64_t n = atomic_load_explicit(&s->queues[p->first_queue + q].received, memory_order_relaxed);
        counters->queue[q].received = n;
        counters->received += n;
    }
}

const struct dpdk_module tcpreuse_dpdk_module = {
    .version = TCPREUSE_VERSION,
    .open = dpdk_open,
    .source = source_source,
    .threads = source_threads,
    .ports = source_ports,
    .counters = source_counters,
    .unread = source_unread,
    .close = dpdk_close,
};
