/* A buffer for each queue, and a merge over their heads. */
#include "io/ports/port_merge.h"

#include "engine/util.h"

#include <stdlib.h>
#include <string.h>

/* Frames of a queue that wait: from next to count. */
struct waiting {
    unsigned next, count;
    void *frame[PORT_MERGE_ROOM];
    int64_t time[PORT_MERGE_ROOM];
    uint8_t decimals[PORT_MERGE_ROOM];
};

struct port_merge {
    port_merge_ask ask;
    void *context;
    unsigned queues;
    struct waiting queue[];
};

struct port_merge *port_merge_create(unsigned queues, port_merge_ask ask, void *context)
{
    struct port_merge *m = calloc(1, sizeof *m + queues * sizeof *m->queue);
    if (!m)
        return NULL;
    m->queues = queues;
    m->ask = ask;
    m->context = context;
    return m;
}

static bool is_empty(const struct waiting *w)
{
    return w->next == w->count;
}

static bool is_full(const struct waiting *w)
{
    return w->count - w->next > PORT_MERGE_ROOM - PORT_MERGE_BURST;
}

static unsigned ask(struct port_merge *m, unsigned q)
{
    struct waiting *w = &m->queue[q];
    if (w->count > PORT_MERGE_ROOM - PORT_MERGE_BURST) {
        unsigned n = w->count - w->next;
        memmove(w->frame, w->frame + w->next, n * sizeof *w->frame);
        memmove(w->time, w->time + w->next, n * sizeof *w->time);
        memmove(w->decimals, w->decimals + w->next, n * sizeof *w->decimals);
        w->next = 0;
        w->count = n;
    }
    unsigned n = m->ask(
        m->context, q, (struct port_frames){w->frame + w->count, w->time + w->count, w->decimals + w->count});
    w->count += n;
    return n;
}

/* Asks queues without waiting frames until all have some, or all that have none are empty in the same round:
 * so a queue found empty was empty after everything that waits had arrived. Returns whether any queue is
 * empty. */
static bool ask_empty(struct port_merge *m)
{
    bool empty;
    unsigned got;
    do {
        empty = false;
        got = 0;
        for (unsigned q = 0; q < m->queues; q++)
            if (is_empty(&m->queue[q])) {
                m->queue[q].next = m->queue[q].count = 0;
                unsigned n = ask(m, q);
                got += n;
                empty |= !n;
            }
    } while (got && empty);
    return empty;
}

/* The queue whose next frame is the earliest, or NULL. */
static struct waiting *earliest(struct port_merge *m)
{
    struct waiting *found = NULL;
    for (unsigned q = 0; q < m->queues; q++) {
        struct waiting *w = &m->queue[q];
        if (!is_empty(w) && (!found || w->time[w->next] < found->time[found->next]))
            found = w;
    }
    return found;
}

unsigned port_merge_take(struct port_merge *m, int64_t now, bool hold, struct port_frames to, unsigned room)
{
    unsigned n = 0;
    while (n < room) {
        bool waits = ask_empty(m) && hold;
        struct waiting *w = earliest(m);
        if (!w)
            return n;
        do {
            int64_t time = w->time[w->next];
            if (waits && time <= now && now - time < PORT_MERGE_HOLD_NS && !is_full(w)) {
                /* Meanwhile, take frames from the drivers before their buffers overflow. */
                for (unsigned q = 0; q < m->queues; q++)
                    if (!is_full(&m->queue[q]))
                        ask(m, q);
                return n;
            }
            to.frame[n] = w->frame[w->next];
            to.time[n] = time;
            to.decimals[n++] = w->decimals[w->next++];
        } while (n < room && !is_empty(w) && (w = earliest(m)));
    }
    return n;
}

size_t port_merge_waiting(const struct port_merge *m)
{
    size_t n = 0;
    for (unsigned q = 0; m && q < m->queues; q++)
        n += m->queue[q].count - m->queue[q].next;
    return n;
}

void port_merge_destroy(struct port_merge *m, void (*drop)(void *frame))
{
    for (unsigned q = 0; m && q < m->queues; q++)
        while (m->queue[q].next < m->queue[q].count)
            drop(m->queue[q].frame[m->queue[q].next++]);
    free(m);
}
