/* Polling: each worker gathers frames from its own queues in a train, without a lock. Polling also decides
 * when the run ends, and then takes the frames that still wait in the queues. */
#include "io/ports/dpdk_internal.h"

#include <stdlib.h>
#include <time.h>

enum {
    BURST = PORT_MERGE_BURST, /* of one queue, before the next one is asked */
    TRAIN_NS = 200000,        /* a train is claimed after that long even if it is not full */
    LAST_FRAMES = 1 << 16,    /* taken from a queue when the run ends: a busy queue is never empty */
};

void dpdk_train_empty(struct train *t)
{
    rte_pktmbuf_free_bulk(t->mbuf, t->count);
    t->count = 0;
    for (struct copy *c = t->copies, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    t->copies = NULL;
}

void dpdk_train_free(struct train *t)
{
    if (t)
        dpdk_train_empty(t);
    free(t);
}

/* Takes up to `most` frames from a queue. */
static unsigned receive(const struct dpdk_source *s, struct queue *q, struct port_frames to, unsigned most)
{
    unsigned n = rte_eth_rx_burst(q->port, q->number, (struct rte_mbuf **)to.frame, (uint16_t)most);
    if (!n)
        return 0;
    dpdk_time_stamp(s, q, to, n);
    atomic_store_explicit(&q->received, atomic_load_explicit(&q->received, memory_order_relaxed) + n,
                          memory_order_relaxed);
    return n;
}

unsigned dpdk_receive_for_merge(void *context, unsigned queue, struct port_frames to)
{
    const struct poller *poller = context;
    return receive(poller->source, poller->queues[queue], to, PORT_MERGE_BURST);
}

/* Where the next frames of the train go. */
static struct port_frames train_end(struct train *t)
{
    return (struct port_frames){(void **)(t->mbuf + t->count), t->time + t->count, t->decimals + t->count};
}

/* Polls each queue once and returns how many frames arrived. hold: with a merge, frames may wait for earlier
 * ones of other queues. */
static unsigned gather(const struct dpdk_source *s, struct poller *poller, bool hold)
{
    struct train *t = poller->train;
    unsigned before = t->count;
    if (poller->merge)
        t->count += port_merge_take(poller->merge, dpdk_clock_ns(CLOCK_REALTIME), hold, train_end(t),
                                    TRAIN - t->count);
    else
        for (unsigned i = 0; i < poller->queue_count && t->count < TRAIN; i++)
            t->count += receive(s, poller->queues[i], train_end(t), MIN((unsigned)BURST, TRAIN - t->count));
    return t->count - before;
}

/* Has the run lasted long enough, or been idle for long enough? */
static bool is_over(struct dpdk_source *s, int64_t now)
{
    const struct dpdk_params *p = &s->params;
    if (p->duration > 0 &&
        (double)(now - atomic_load_explicit(&s->begin, memory_order_relaxed)) >= p->duration * SECOND)
        return true;
    return p->idle_exit > 0 && (double)(now - atomic_load_explicit(&s->last_frame, memory_order_relaxed)) >=
                                   p->idle_exit * SECOND;
}

/* last_frame is set before begin: a worker that sees that the run has begun must not find it idle since 0. */
static void begin_run(struct dpdk_source *s, int64_t now)
{
    int64_t none = 0;
    atomic_store_explicit(&s->last_frame, now, memory_order_relaxed);
    atomic_compare_exchange_strong_explicit(&s->begin, &none, now, memory_order_release,
                                            memory_order_acquire);
}

/* The run ends: takes the frames that wait in the queues, or none if params.frames have been read. */
static void gather_last(struct dpdk_source *s, struct poller *poller)
{
    const bool limit_reached = atomic_load_explicit(&s->limit_reached, memory_order_relaxed);
    while (!poller->emptied && poller->train->count < TRAIN) {
        unsigned n = limit_reached ? 0 : gather(s, poller, false);
        poller->last_frames += n;
        poller->emptied = !n || poller->last_frames >= (uint64_t)LAST_FRAMES * poller->queue_count;
    }
    if (poller->emptied && !poller->train->count && !poller->done) {
        poller->done = true;
        atomic_fetch_add_explicit(&s->pollers_done, 1, memory_order_release);
    }
}

bool dpdk_poll(struct source *source, unsigned worker, bool finish)
{
    struct dpdk_source *s = dpdk_source_of(source);
    struct poller *poller = &s->pollers[worker];
    if (poller->done)
        return true;
    if (!poller->train && !(poller->train = calloc(1, sizeof *poller->train)))
        return false; /* the next poll tries again */
    struct train *t = poller->train;
    int64_t now = dpdk_clock_ns(CLOCK_MONOTONIC);
    if (unlikely(!atomic_load_explicit(&s->begin, memory_order_acquire)))
        begin_run(s, now);

    if (!poller->ending) {
        bool empty = !t->count;
        unsigned got = 0;
        for (unsigned n; t->count < TRAIN && (n = gather(s, poller, true)); got += n)
            ;
        if (got)
            atomic_store_explicit(&s->last_frame, now, memory_order_relaxed);
        if (empty)
            t->begun = now;
        if (finish || is_over(s, now))
            dpdk_source_end(s);
        poller->ending = atomic_load_explicit(&s->ending, memory_order_relaxed);
    }
    if (poller->ending) {
        gather_last(s, poller);
        return true;
    }
    return t->count == TRAIN || (t->count && now - t->begun >= TRAIN_NS);
}
