/* Hands all operations to the set source whose turn it is, and counts the batches that are under way. A
 * set is left when it has ended and all its batches are released: so an operation for a batch always finds
 * the batch's set.
 *
 * What is not for a batch, preparing and counting, comes at any time: a lock keeps the set from being left
 * meanwhile. */
#include "io/sets/set_relay.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct set_relay {
    struct source source;
    struct relay_feed *feed;
    /* Written by the claimer under the lock, while no batch is under way; read by whoever has a batch, or
     * the lock. */
    struct set_source *set;
    pthread_rwlock_t lock;
    bool ended;       /* the set has; the claimer's */
    uint64_t claimed; /* the claimer's */
    /* Counted by who releases (release), so that the claimer finds all that was done to these batches
     * (acquire). */
    _Atomic uint64_t released;
    struct relay_counts done; /* of the sets before; written under the lock */
    /* The claimer is with the feed, which may wait for long: the others sleep meanwhile. Under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t came;
    bool asks;
};

static struct source *of(struct source *source)
{
    return set_source_source(((struct set_relay *)source)->set);
}

static void set_asks(struct set_relay *r, bool asks)
{
    pthread_mutex_lock(&r->mutex);
    r->asks = asks;
    pthread_cond_broadcast(&r->came);
    pthread_mutex_unlock(&r->mutex);
}

/* While the claimer asks the feed, nothing is under way that could be done: waits for that, for a while. */
static void wait_for_claimer(struct set_relay *r)
{
    enum { WAIT_S = 1 };
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += WAIT_S;
    pthread_mutex_lock(&r->mutex);
    while (r->asks && !pthread_cond_timedwait(&r->came, &r->mutex, &end))
        ;
    pthread_mutex_unlock(&r->mutex);
}

/* Leaves the set that has ended for the next one. */
static enum relay_next take_next(struct set_relay *r)
{
    struct set_source *done = r->set, *next = NULL;
    set_asks(r, true);
    const enum relay_next result = r->feed->next(r->feed, done, &next);
    set_asks(r, false);
    if (!done && !next)
        return result;
    pthread_rwlock_wrlock(&r->lock);
    if (done) {
        r->done.opened += set_source_opened(done);
        r->done.bytes += set_source_bytes_done(done);
        r->done.bytes_total += set_source_bytes_total(done);
    }
    r->set = next;
    r->ended = false;
    pthread_rwlock_unlock(&r->lock);
    set_source_destroy(done);
    return result;
}

static enum claim relay_claim(struct source *source, struct batch *b)
{
    struct set_relay *r = (struct set_relay *)source;
    for (;;) {
        if (r->set && !r->ended) {
            const enum claim claim = of(source)->ops->claim(of(source), b);
            if (claim != CLAIM_END) {
                r->claimed += claim == CLAIM_BATCH;
                return claim;
            }
            r->ended = true;
        }
        if (atomic_load_explicit(&r->released, memory_order_acquire) != r->claimed)
            return CLAIM_NOTHING;
        const enum relay_next next = take_next(r);
        if (next != RELAY_SET)
            return next == RELAY_END ? CLAIM_END : CLAIM_NOTHING;
    }
}

static void relay_guess(struct source *source, const struct batch *b, struct lane *lane)
{
    of(source)->ops->guess(of(source), b, lane);
}

static void relay_walk(struct source *source, struct batch *b, struct walk *walk)
{
    of(source)->ops->walk(of(source), b, walk);
}

static bool relay_run(struct source *source, const struct batch *b, const struct lane *lane,
                      struct record_run *run)
{
    return of(source)->ops->run(of(source), b, lane, run);
}

static void relay_decoded(struct source *source, struct batch *b)
{
    of(source)->ops->decoded(of(source), b);
}

static bool relay_guard(struct source *source, struct batch *b, void (*work)(void *), void *argument)
{
    return of(source)->ops->guard(of(source), b, work, argument);
}

static void relay_change(struct source *source, struct batch *b, struct lane *lane)
{
    of(source)->ops->change(of(source), b, lane);
}

static void relay_late(struct source *source, struct batch *b, struct lane *lane)
{
    of(source)->ops->late(of(source), b, lane);
}

static bool relay_accept(struct source *source, struct batch *b)
{
    return of(source)->ops->accept(of(source), b);
}

static void relay_settled(struct source *source, struct batch *b)
{
    of(source)->ops->settled(of(source), b);
}

static struct origin relay_origin(struct source *source, const struct batch *b, uint64_t index)
{
    return of(source)->ops->origin(of(source), b, index);
}

static void relay_fault(struct source *source, const struct batch *b, const struct lane *lane)
{
    of(source)->ops->fault(of(source), b, lane);
}

static void relay_release(struct source *source, struct batch *b)
{
    struct set_relay *r = (struct set_relay *)source;
    of(source)->ops->release(of(source), b);
    atomic_fetch_add_explicit(&r->released, 1, memory_order_release);
}

static bool relay_prepare(struct source *source, bool idle)
{
    struct set_relay *r = (struct set_relay *)source;
    if (idle)
        wait_for_claimer(r);
    if (pthread_rwlock_tryrdlock(&r->lock))
        return false;
    const bool did = r->set && of(source)->ops->prepare(of(source), idle);
    pthread_rwlock_unlock(&r->lock);
    return did;
}

static const struct source_ops relay_ops = {
    .claim = relay_claim,
    .guess = relay_guess,
    .walk = relay_walk,
    .run = relay_run,
    .decoded = relay_decoded,
    .guard = relay_guard,
    .change = relay_change,
    .late = relay_late,
    .accept = relay_accept,
    .settled = relay_settled,
    .prepare = relay_prepare,
    .origin = relay_origin,
    .fault = relay_fault,
    .release = relay_release,
};

struct set_relay *set_relay_create(struct relay_feed *feed)
{
    struct set_relay *r = calloc(1, sizeof *r);
    if (!r || pthread_rwlock_init(&r->lock, NULL)) {
        free(r);
        return NULL;
    }
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&r->came, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&r->mutex, NULL);
    r->source.ops = &relay_ops;
    r->source.ends_itself = true;
    r->feed = feed;
    return r;
}

struct source *set_relay_source(struct set_relay *r)
{
    return &r->source;
}

struct relay_counts set_relay_counts(struct set_relay *r, bool interrupted)
{
    pthread_rwlock_rdlock(&r->lock);
    struct relay_counts n = r->done;
    if (r->set) {
        n.bytes += interrupted ? set_source_bytes_done(r->set) : set_source_bytes(r->set, false);
        n.bytes_total += set_source_bytes_total(r->set);
    }
    pthread_rwlock_unlock(&r->lock);
    return n;
}

void set_relay_destroy(struct set_relay *r)
{
    if (!r)
        return;
    set_source_destroy(r->set);
    pthread_rwlock_destroy(&r->lock);
    pthread_cond_destroy(&r->came);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}
