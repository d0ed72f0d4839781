/* DPDK ports as a source.
 *
 * The queues of all ports are dealt out to the workers. A worker polls its queues in turn and gathers what
 * they give in a train, up to TRAIN frames, for TRAIN_NS at most. When it has the turn of claiming, the train
 * becomes a batch, numbered in this order; it decodes the batch at once, and gives the mbufs back. So frames
 * of one queue stay in their order, and those of different queues come in the order in which they were
 * polled, as far as one worker polls both, or, where the time stamps are known to be of one clock, in the
 * order of their times (port_merge.h); between workers it is the order of their trains.
 *
 * A run ends in order: each worker takes what waits in its queues, claims it, and is through; when all are,
 * there are no more batches. */
#include "io/ports/dpdk_internal.h"
#include "io/ports/dpdk_module.h"
#include "io/ports/port_merge.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf_dyn.h>
#include <stdlib.h>
#include <time.h>

enum {
    TRAIN = 1024, /* their mbufs, bytes and segments stay in the L2 cache until they are drained */
    BURST = PORT_MERGE_BURST, /* of one queue, before the next one is asked */
    TRAIN_NS = 200000,
    LAST_FRAMES = 1 << 16, /* of a queue, that a run's end takes: a port may never be empty */
    CACHE = 256,           /* mbufs that a worker keeps at hand */
    MBUFS_MIN = 32767,
    SECOND = 1000000000,
    LINK_ETHERNET = 1, /* of the pcap registry */
};

/* A frame of several mbufs, put together. */
struct copy {
    struct copy *next;
    uint8_t bytes[];
};

struct train {
    unsigned count;
    int64_t begun; /* monotonic ns, of its first frame */
    struct copy *copies;
    struct rte_mbuf *mbuf[TRAIN];
    int64_t time[TRAIN];
    uint8_t decimals[TRAIN];
};

/* A worker's part. Only the worker touches it, while it polls and, with the turn, when it claims. */
struct part {
    const struct dpdk_source *source;
    struct queue **queues;
    unsigned queue_count;
    struct port_merge *merge; /* of its queues; NULL: they come as they are polled */
    unsigned worker;
    struct train *train;  /* being filled; NULL when there is none */
    uint64_t last_frames; /* taken since the run is to end */
    bool ending;          /* the run is to end */
    bool emptied;         /* nothing more is taken from its queues */
    bool through;         /* and everything is claimed */
    bool registered;      /* its thread, with the EAL */
} ALIGNED(CACHE_LINE);

struct dpdk_source {
    struct source source;
    struct dpdk_params params;
    struct port *ports;
    size_t port_count;
    struct queue *queues;
    struct queue **dealt; /* part by part */
    unsigned queue_count;
    bool merges; /* all ports give time stamps of one clock, and there are several queues */
    struct part *parts;
    struct rte_mempool *pool;
    int stamp_offset;    /* in an mbuf; -1: no driver gives time stamps */
    uint64_t stamp_flag; /* of mbufs that have one */

    /* Set by any worker that finds a reason, relaxed: the others may see it a little later. */
    _Atomic bool ending;
    _Atomic bool enough;        /* params.frames have been claimed */
    _Atomic int64_t last_frame; /* monotonic ns; written by workers that received one, for idle_exit */
    _Atomic int64_t begin;      /* of the run; set once, by the first worker that polls */
    _Atomic unsigned through;   /* parts that are; release, acquire by claiming */

    /* Claiming. */
    uint64_t claimed; /* frames */
    uint64_t unread;  /* frames beyond params.frames */
};

static struct dpdk_source *of(struct source *source)
{
    return (struct dpdk_source *)source;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * (int64_t)SECOND + t.tv_nsec;
}

/* Trains. */

static void train_empty(struct train *t)
{
    rte_pktmbuf_free_bulk(t->mbuf, t->count);
    t->count = 0;
    for (struct copy *c = t->copies, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    t->copies = NULL;
}

static void train_free(struct train *t)
{
    if (t)
        train_empty(t);
    free(t);
}

/* The time stamp's meaning, by the first one. net_pcap gives the file's or the kernel's; of others only those
 * can be used that are in the real time's nanoseconds already. */
static enum stamp know_stamp(uint64_t value, int64_t now)
{
    const int64_t hour = 3600ll * SECOND;
    int64_t difference = (int64_t)(value - (uint64_t)now);
    return difference > -hour && difference < hour ? STAMP_NANOSECONDS : STAMP_NONE;
}

static void stamp_burst(const struct dpdk_source *s, struct queue *q, struct port_frames burst, unsigned n)
{
    int64_t now = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct rte_mbuf *m = burst.frame[i];
        if (q->stamp != STAMP_NONE && m->ol_flags & s->stamp_flag) {
            uint64_t value = *RTE_MBUF_DYNFIELD(m, s->stamp_offset, const rte_mbuf_timestamp_t *);
            if (unlikely(q->stamp == STAMP_UNKNOWN))
                q->stamp = know_stamp(value, clock_ns(CLOCK_REALTIME));
            if (likely(q->stamp != STAMP_NONE)) {
                bool micro = q->stamp == STAMP_MICROSECONDS;
                burst.time[i] = (int64_t)value * (micro ? 1000 : 1);
                burst.decimals[i] = micro ? 6 : 9;
                continue;
            }
        }
        if (!now)
            now = clock_ns(CLOCK_REALTIME);
        burst.time[i] = now;
        burst.decimals[i] = 9;
    }
}

/* Up to most frames of a queue. */
static unsigned receive(const struct dpdk_source *s, struct queue *q, struct port_frames to, unsigned most)
{
    unsigned n = rte_eth_rx_burst(q->port, q->number, (struct rte_mbuf **)to.frame, (uint16_t)most);
    if (!n)
        return 0;
    stamp_burst(s, q, to, n);
    atomic_store_explicit(&q->received, atomic_load_explicit(&q->received, memory_order_relaxed) + n,
                          memory_order_relaxed);
    return n;
}

static unsigned receive_for_merge(void *context, unsigned queue, struct port_frames to)
{
    const struct part *part = context;
    return receive(part->source, part->queues[queue], to, PORT_MERGE_BURST);
}

/* Where the train goes on. */
static struct port_frames train_end(struct train *t)
{
    return (struct port_frames){(void **)(t->mbuf + t->count), t->time + t->count, t->decimals + t->count};
}

/* Asks each queue of the part once; hold: frames may wait for earlier ones of other queues. How many frames
 * came.
 */
static unsigned gather(const struct dpdk_source *s, struct part *part, bool hold)
{
    struct train *t = part->train;
    unsigned before = t->count;
    if (part->merge)
        t->count +=
            port_merge_take(part->merge, clock_ns(CLOCK_REALTIME), hold, train_end(t), TRAIN - t->count);
    else
        for (unsigned i = 0; i < part->queue_count && t->count < TRAIN; i++)
            t->count += receive(s, part->queues[i], train_end(t), MIN((unsigned)BURST, TRAIN - t->count));
    return t->count - before;
}

/* The run's end. */

static bool is_over(struct dpdk_source *s, int64_t now)
{
    const struct dpdk_params *p = &s->params;
    if (p->duration > 0 &&
        (double)(now - atomic_load_explicit(&s->begin, memory_order_relaxed)) >= p->duration * SECOND)
        return true;
    return p->idle_exit > 0 && (double)(now - atomic_load_explicit(&s->last_frame, memory_order_relaxed)) >=
                                   p->idle_exit * SECOND;
}

static void set_ending(struct dpdk_source *s)
{
    atomic_store_explicit(&s->ending, true, memory_order_relaxed);
}

static void begin_run(struct dpdk_source *s, int64_t now)
{
    int64_t none = 0;
    if (atomic_compare_exchange_strong(&s->begin, &none, now))
        atomic_store(&s->last_frame, now);
}

/* What waits in the queues when the run ends. Nothing, when the run ends because enough has been read. */
static void gather_last(struct dpdk_source *s, struct part *part)
{
    const bool enough = atomic_load_explicit(&s->enough, memory_order_relaxed);
    while (!part->emptied && part->train->count < TRAIN) {
        unsigned n = enough ? 0 : gather(s, part, false);
        part->last_frames += n;
        part->emptied = !n || part->last_frames >= (uint64_t)LAST_FRAMES * part->queue_count;
    }
    if (part->emptied && !part->train->count && !part->through) {
        part->through = true;
        atomic_fetch_add_explicit(&s->through, 1, memory_order_release);
    }
}

/* The source's operations. */

static bool source_poll(struct source *source, unsigned worker, bool finish)
{
    struct dpdk_source *s = of(source);
    struct part *part = &s->parts[worker];
    if (part->through)
        return true;
    if (!part->train && !(part->train = calloc(1, sizeof *part->train)))
        return false; /* once memory is there again */
    struct train *t = part->train;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    if (unlikely(!atomic_load_explicit(&s->begin, memory_order_relaxed)))
        begin_run(s, now);

    if (!part->ending) {
        bool empty = !t->count;
        unsigned got = 0;
        for (unsigned n; t->count < TRAIN && (n = gather(s, part, true)); got += n)
            ;
        if (got)
            atomic_store_explicit(&s->last_frame, now, memory_order_relaxed);
        if (empty)
            t->begun = now;
        if (finish || is_over(s, now))
            set_ending(s);
        part->ending = atomic_load_explicit(&s->ending, memory_order_relaxed);
    }
    if (part->ending) {
        gather_last(s, part);
        return true;
    }
    return t->count == TRAIN || (t->count && now - t->begun >= TRAIN_NS);
}

static enum claim source_claim(struct source *source, struct batch *b)
{
    struct dpdk_source *s = of(source);
    struct part *part = &s->parts[b->worker];
    struct train *t = part->train;
    if (t && t->count && s->params.frames && s->params.frames - s->claimed < t->count) {
        unsigned wanted = (unsigned)(s->params.frames - s->claimed);
        s->unread += t->count - wanted;
        rte_pktmbuf_free_bulk(t->mbuf + wanted, t->count - wanted);
        t->count = wanted;
    }
    if (!t || !t->count) {
        bool all = atomic_load_explicit(&s->through, memory_order_acquire) == s->params.threads;
        return all ? CLAIM_END : CLAIM_NOTHING;
    }
    b->first = true;
    b->piece = t;
    part->train = NULL;
    batch_cut_frames(b, t->count);
    s->claimed += t->count;
    if (s->claimed == s->params.frames) {
        atomic_store_explicit(&s->enough, true, memory_order_relaxed);
        set_ending(s);
    }
    return CLAIM_BATCH;
}

/* The frame's bytes in one piece. When memory is short, only its first ones are captured. */
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
        struct lane *lane = &b->lane[i];
        walk->count[i] = 0;
        if (lane->state != LANE_OPEN)
            continue;
        unsigned n = (unsigned)MIN(lane->limit - lane->position, (uint64_t)WALK_FRAMES);
        for (unsigned k = 0; k < n; k++) {
            const struct rte_mbuf *m = t->mbuf[lane->position + k];
            struct frame *frame = &walk->frame[i][k];
            *frame = (struct frame){
                .data = rte_pktmbuf_mtod(m, const uint8_t *),
                .time = t->time[lane->position + k],
                .captured = m->data_len,
                .length = m->pkt_len,
                .link_type = LINK_ETHERNET,
                .decimals = t->decimals[lane->position + k],
            };
            __builtin_prefetch(frame->data);
            if (unlikely(m->nb_segs > 1))
                put_together(t, m, frame);
        }
        walk->count[i] = n;
        lane->position += n;
        if (!n)
            lane->state = LANE_DONE;
    }
}

static void source_decoded(struct source *source, struct batch *b)
{
    struct dpdk_source *s = of(source);
    struct part *part = &s->parts[b->worker];
    if (s->params.keep_frames)
        return;
    train_empty(b->piece);
    part->train = b->piece;
    b->piece = NULL;
}

static void source_release(struct source *source, struct batch *b)
{
    (void)source;
    train_free(b->piece);
    b->piece = NULL;
}

/* Registered, it has a cache of mbufs. Where the EAL has been given a core for every worker, each gets one.
 */
static void source_worker_begin(struct source *source, unsigned worker)
{
    struct dpdk_source *s = of(source);
    if (s->params.threads <= rte_lcore_count()) {
        unsigned lcore = rte_get_next_lcore(-1, 0, 0);
        for (unsigned i = 0; i < worker; i++)
            lcore = rte_get_next_lcore(lcore, 0, 0);
        rte_cpuset_t cpus = rte_lcore_cpuset(lcore);
        pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus); /* only speed depends on it */
    }
    s->parts[worker].registered = !rte_thread_register();
}

static void source_worker_end(struct source *source, unsigned worker)
{
    const struct dpdk_source *s = of(source);
    if (s->parts[worker].registered)
        rte_thread_unregister();
}

static const struct source_ops ops = {
    .worker_begin = source_worker_begin,
    .worker_end = source_worker_end,
    .poll = source_poll,
    .claim = source_claim,
    .walk = source_walk,
    .decoded = source_decoded,
    .release = source_release,
};

/* Opening. */

static void *zeroed_lines(size_t count, size_t size)
{
    void *p = aligned_alloc(CACHE_LINE, count * size);
    return p ? memset(p, 0, count * size) : NULL;
}

static enum dpdk_result describe_ports(struct dpdk_source *s, char error[DPDK_ERROR_MAX])
{
    const struct dpdk_params *params = &s->params;
    unsigned all = rte_eth_dev_count_avail();
    if (!all) {
        snprintf(
            error, DPDK_ERROR_MAX,
            "--dpdk \"%.200s\": the EAL found no port; bind a NIC to vfio-pci (dpdk-devbind.py --status), or "
            "name a virtual one with --vdev",
            params->eal);
        return DPDK_WRONG;
    }
    s->port_count = params->ports ? params->port_count : all;
    s->ports = calloc(s->port_count, sizeof *s->ports);
    if (!s->ports)
        return DPDK_FAILED;
    uint16_t number = 0;
    for (size_t i = 0; i < s->port_count; i++, number++) {
        number = params->ports ? params->ports[i] : (uint16_t)rte_eth_find_next(number);
        enum dpdk_result result =
            dpdk_port_describe(&s->ports[i], number, params->queues, params->threads, error);
        if (result != DPDK_OPEN)
            return result;
        s->ports[i].first_queue = s->queue_count;
        s->queue_count += s->ports[i].queues;
    }
    return DPDK_OPEN;
}

/* Queues to workers, in turn. Ports that can be merged begin with the same worker, so that it has the first
 * queue of all of them: of the two directions of a tap, say. */
static int deal_queues(struct dpdk_source *s)
{
    unsigned threads = s->params.threads;
    s->queues = zeroed_lines(s->queue_count, sizeof *s->queues);
    s->dealt = calloc(s->queue_count, sizeof(struct queue *));
    s->parts = zeroed_lines(threads, sizeof *s->parts);
    if (!s->queues || !s->dealt || !s->parts)
        return -1;
    s->merges = s->queue_count > 1;
    for (size_t i = 0; i < s->port_count; i++)
        for (unsigned q = 0; q < s->ports[i].queues; q++) {
            struct queue *queue = &s->queues[s->ports[i].first_queue + q];
            queue->port = s->ports[i].number;
            queue->number = (uint16_t)q;
            if (!strcmp(s->ports[i].info.driver_name, "net_pcap"))
                queue->stamp = STAMP_MICROSECONDS;
            else
                s->merges = false;
        }
    struct queue **next = s->dealt;
    for (unsigned w = 0; w < threads; w++) {
        struct part *part = &s->parts[w];
        part->source = s;
        part->queues = next;
        for (unsigned i = 0; i < s->queue_count; i++)
            if ((s->merges ? s->queues[i].number : i) % threads == w)
                *next++ = &s->queues[i];
        part->queue_count = (unsigned)(next - part->queues);
        if (s->merges && part->queue_count > 1 &&
            !(part->merge = port_merge_create(part->queue_count, receive_for_merge, part)))
            return -1;
    }
    return 0;
}

/* As many buffers as can be in use: in queues, in trains, and at hand. */
static unsigned mbufs_needed(const struct dpdk_source *s)
{
    uint64_t n = 0, trains = s->params.threads * (s->params.keep_frames ? 10ull : 2ull);
    for (size_t i = 0; i < s->port_count; i++)
        n += (uint64_t)s->ports[i].queues * (s->ports[i].descriptors + (s->merges ? PORT_MERGE_ROOM : 0));
    n += trains * TRAIN + s->params.threads * (CACHE * 2ull);
    return (unsigned)MAX(n, (uint64_t)MBUFS_MIN);
}

static enum dpdk_result start_ports(struct dpdk_source *s, char error[DPDK_ERROR_MAX])
{
    unsigned mbufs = s->params.mbufs ? s->params.mbufs : mbufs_needed(s);
    int socket = rte_eth_dev_socket_id(s->ports[0].number);
    /* The buffers that were given back last are taken first, since they are in a cache. */
    s->pool = rte_pktmbuf_pool_create_by_ops("tcpreuse", mbufs, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket,
                                             "stack");
    if (!s->pool)
        s->pool = rte_pktmbuf_pool_create("tcpreuse", mbufs, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket);
    if (!s->pool) {
        snprintf(
            error, DPDK_ERROR_MAX,
            "no room for %u frame buffers (%u MB): %s; give the EAL more memory (-m, huge pages), or ask for "
            "fewer with --mbufs",
            mbufs, (unsigned)((uint64_t)mbufs * 2560 >> 20), rte_strerror(rte_errno));
        return DPDK_FAILED;
    }
    for (size_t i = 0; i < s->port_count; i++) {
        enum dpdk_result result = dpdk_port_start(&s->ports[i], s->pool, error);
        if (result != DPDK_OPEN)
            return result;
    }
    s->stamp_offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
    int bit = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
    s->stamp_flag = bit >= 0 && s->stamp_offset >= 0 ? 1ull << bit : 0;
    return DPDK_OPEN;
}

static void drop_frame(void *frame)
{
    rte_pktmbuf_free(frame);
}

static void source_close(struct dpdk_source *s)
{
    for (unsigned i = 0; s->parts && i < s->params.threads; i++) {
        train_free(s->parts[i].train);
        port_merge_destroy(s->parts[i].merge, drop_frame);
    }
    for (size_t i = 0; s->ports && i < s->port_count; i++)
        dpdk_port_stop(&s->ports[i]);
    dpdk_eal_close();
    free(s->ports);
    free(s->queues);
    free(s->dealt);
    free(s->parts);
    free(s);
}

static enum dpdk_result source_open(struct dpdk_source **opened, const struct dpdk_params *params,
                                    char error[DPDK_ERROR_MAX])
{
    enum dpdk_result result = dpdk_eal_init(params->eal, error);
    if (result != DPDK_OPEN)
        return result;
    snprintf(error, DPDK_ERROR_MAX, "out of memory");
    struct dpdk_source *s = zeroed_lines(1, sizeof *s + CACHE_LINE - sizeof *s % CACHE_LINE);
    if (!s)
        return DPDK_FAILED;
    s->source.ops = &ops;
    s->params = *params;
    if (!s->params.threads)
        s->params.threads = rte_lcore_count();
    result = describe_ports(s, error);
    if (result == DPDK_OPEN && deal_queues(s))
        result = DPDK_FAILED;
    if (result == DPDK_OPEN)
        result = start_ports(s, error);
    if (result == DPDK_OPEN)
        *opened = s;
    else
        source_close(s);
    return result;
}

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
        n += port_merge_waiting(s->parts[i].merge);
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
    .open = source_open,
    .source = source_source,
    .threads = source_threads,
    .ports = source_ports,
    .counters = source_counters,
    .unread = source_unread,
    .close = source_close,
};
