/* Interfaces as a source.
 *
 * Whoever has the turn of claiming takes what waits in the kernel's buffers, up to TRAIN frames, copies it, since the buffers
 * are needed again, and decodes it as a batch, while the next worker takes what comes behind it. There is no back-pressure:
 * an interface whose buffer is full misses frames, and the kernel counts them.
 *
 * Order: that of the kernel's clock. Frames of several interfaces are merged by time (port_merge.h).
 *
 * End: nothing more is let into the buffers, and what waits there is taken (interface_handle.c). When all interfaces are done,
 * claiming says CLAIM_END. */
#include "engine/clock.h"
#include "io/ports/interface_internal.h"
#include "io/ports/interface_module.h"

#include <poll.h>
#include <stdlib.h>

enum {
    COUNT_NS = 200000000, /* between questions to libpcap about its counters */
    WAIT_MS = 10,         /* for a frame; a worker that waits does nothing else, so not for long */
    WAIT_INTERFACES = 64, /* that are waited for at a time */
};

void interface_train_empty(struct train *t)
{
    for (unsigned i = 0; i < t->count; i++)
        free(t->frame[i]);
    t->count = 0;
}

void interface_train_free(struct train *t)
{
    if (t)
        interface_train_empty(t);
    free(t);
}

/* Where the next frames of the train go. */
static struct port_frames train_end(struct train *t)
{
    return (struct port_frames){(void **)(t->frame + t->count), t->time + t->count, t->decimals + t->count};
}

static bool all_done(const struct interface_source *s)
{
    for (size_t i = 0; i < s->params.count; i++)
        if (s->interfaces[i].state != INTERFACE_DONE)
            return false;
    return true;
}

/* Takes what waits. Several interfaces are held back for each other until all are done. */
static void gather(struct interface_source *s, struct train *t)
{
    if (s->merge)
        t->count += port_merge_take(s->merge, clock_wall_ns(), !all_done(s), train_end(t), TRAIN - t->count);
    else
        t->count += interface_take(s, &s->interfaces[0], train_end(t), TRAIN - t->count);
}

/* Has the run lasted long enough, or been idle for long enough, or is it to stop? */
static bool is_over(const struct interface_source *s, int64_t now)
{
    const struct interface_params *p = &s->params;
    return stop_is_asked(p->stop) || (p->frames && s->claimed == p->frames) ||
           (p->duration > 0 && (double)(now - s->begin) >= p->duration * 1e9) ||
           (p->idle_exit > 0 && (double)(now - s->last_frame) >= p->idle_exit * 1e9);
}

static void count(struct interface_source *s, int64_t now)
{
    if (now - s->counted < COUNT_NS && !s->ending)
        return;
    s->counted = now;
    for (size_t i = 0; i < s->params.count; i++)
        interface_count(&s->interfaces[i]);
}

/* Leaves out what is beyond the number of frames that are wanted. */
static void cut(struct interface_source *s, struct train *t)
{
    const uint64_t left = s->params.frames - s->claimed;
    if (!s->params.frames || t->count <= left)
        return;
    s->unread += t->count - left;
    while (t->count > left)
        free(t->frame[--t->count]);
}

static void pass_time(struct interface_source *s, int64_t now, bool got)
{
    if (!s->begin)
        s->begin = s->last_frame = now;
    if (got)
        s->last_frame = now;
    if (!s->ending && is_over(s, now)) {
        s->ending = true;
        for (size_t i = 0; i < s->params.count; i++)
            interface_end(&s->interfaces[i], now);
    }
    count(s, now);
}

/* An empty train, the worker's own one if it has one. NULL when memory is short. */
static struct train *take_train(struct interface_source *s, unsigned worker)
{
    struct train *t = s->spare[worker];
    s->spare[worker] = NULL;
    if (!t && (t = malloc(sizeof *t)))
        t->count = 0;
    return t;
}

static enum claim source_claim(struct source *source, struct batch *b)
{
    struct interface_source *s = interface_source_of(source);
    if (atomic_load_explicit(&s->ended, memory_order_relaxed))
        return CLAIM_END;
    struct train *t = take_train(s, b->worker);
    if (!t)
        return CLAIM_NOTHING; /* the kernel counts what is missed meanwhile */
    const bool done = all_done(s);
    gather(s, t);
    const unsigned got = t->count;
    cut(s, t);
    s->claimed += t->count;
    pass_time(s, clock_monotonic_ns(), got);
    if (!t->count) {
        s->spare[b->worker] = t;
        if (got || !done)
            return CLAIM_NOTHING;
        atomic_store_explicit(&s->ended, true, memory_order_relaxed);
        return CLAIM_END;
    }
    b->first = true;
    b->piece = t;
    batch_cut_frames(b, t->count);
    return CLAIM_BATCH;
}

static void source_walk(struct source *source, struct batch *b, struct walk *walk)
{
    const struct interface_source *s = interface_source_of(source);
    const struct train *t = b->piece;
    for (unsigned i = walk->first; i < walk->end; i++) {
        uint64_t first;
        const unsigned n = walk_take(walk, i, &first);
        for (unsigned k = 0; k < n; k++) {
            const struct captured *c = t->frame[first + k];
            walk->frame[i][k] = (struct frame){
                .data = c->bytes,
                .time = t->time[first + k],
                .captured = c->captured,
                .length = c->length,
                .link_type = s->interfaces[c->interface].link_type,
                .decimals = t->decimals[first + k],
                .interface = c->interface,
            };
        }
    }
}

static void source_decoded(struct source *source, struct batch *b)
{
    struct interface_source *s = interface_source_of(source);
    if (s->params.keep_frames)
        return;
    interface_train_empty(b->piece);
    free(s->spare[b->worker]);
    s->spare[b->worker] = b->piece;
    b->piece = NULL;
}

static void source_release(struct source *source, struct batch *b)
{
    (void)source;
    interface_train_free(b->piece);
    b->piece = NULL;
}

/* A worker that has nothing to do waits here for the next frame, and not in a loop of its own: idle interfaces cost next to
 * nothing, and a frame is looked at as soon as the kernel gives it away. */
static bool source_prepare(struct source *source, bool idle)
{
    const struct interface_source *s = interface_source_of(source);
    if (!idle || atomic_load_explicit(&s->ended, memory_order_relaxed))
        return false;
    struct pollfd wait[WAIT_INTERFACES];
    nfds_t n = 0;
    for (size_t i = 0; i < s->params.count && n < WAIT_INTERFACES; i++)
        if (atomic_load_explicit(&s->interfaces[i].readable, memory_order_relaxed))
            wait[n++] = (struct pollfd){.fd = s->interfaces[i].fd, .events = POLLIN};
    if (n)
        poll(wait, n, WAIT_MS);
    return false;
}

const struct source_ops interface_source_ops = {
    .claim = source_claim,
    .walk = source_walk,
    .decoded = source_decoded,
    .release = source_release,
    .prepare = source_prepare,
};

static struct source *source_source(struct interface_source *s)
{
    return &s->source;
}

static uint64_t source_unread(const struct interface_source *s)
{
    return s->unread + port_merge_waiting(s->merge);
}

static void source_counters(const struct interface_source *s, size_t index, struct port_counters *c)
{
    const struct interface *i = &s->interfaces[index];
    *c = (struct port_counters){
        .port = (unsigned)index,
        .is_interface = true,
        .received = atomic_load_explicit(&i->received, memory_order_relaxed),
        .seen = atomic_load_explicit(&i->seen, memory_order_relaxed),
        .lost = {[LOSS_MISSED] = atomic_load_explicit(&i->missed, memory_order_relaxed),
                 [LOSS_ERRORS] = atomic_load_explicit(&i->missed_by_interface, memory_order_relaxed),
                 [LOSS_NO_MBUF] = atomic_load_explicit(&i->no_memory, memory_order_relaxed)},
    };
    snprintf(c->name, sizeof c->name, "%s", i->name);
    snprintf(c->driver, sizeof c->driver, "%s", i->link_name);
}

__attribute__((visibility("default"))) const struct interface_module tcpreuse_interface_module = {
    .version = TCPREUSE_VERSION,
    .open = interface_open,
    .source = source_source,
    .counters = source_counters,
    .unread = source_unread,
    .close = interface_close,
    .list = interface_list_all,
};
