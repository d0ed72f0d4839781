/* Counts the conversations that begin in each epoch, and finds which epochs have expired. */
#include "engine/pipeline/epochs.h"
#include "engine/list.h"

#include <stdlib.h>

/* An epoch is short enough that at most an eighth of `most` conversations begin in it, but long enough that a batch of
 * some thousand frames lies in no more than two. */
enum { SHIFT_MIN = 15, SHIFT_MAX = 16 };

int epochs_init(struct epochs *e, uint64_t most)
{
    e->most = most;
    e->shift = SHIFT_MIN;
    while (e->shift < SHIFT_MAX && UINT64_C(16) << e->shift <= most)
        e->shift++;
    uint64_t *first = most ? LIST_ADD(&e->begun) : NULL;
    if (most && !first)
        return -1;
    if (first)
        *first = 0;
    atomic_store(&e->known, 1);
    return 0;
}

void epochs_free(struct epochs *e)
{
    free(e->begun.items);
    e->begun.items = NULL;
}

static uint64_t over_in(const struct epochs *e, uint64_t epoch)
{
    return atomic_load_explicit(&e->over[epoch % EPOCHS_SHOWN], memory_order_relaxed);
}

bool epochs_over(const struct epochs *e, uint64_t first, uint64_t last, struct epochs_over *over)
{
    const uint64_t from = (first - 1) >> e->shift, to = (MAX(last, first) - 1) >> e->shift;
    /* A batch of many tiny frames may span more: its later epochs would be known only after it has been numbered. */
    const uint64_t known = to > from + 1 ? from : to;
    if (known > atomic_load_explicit(&e->known, memory_order_acquire))
        return false;
    *over = (struct epochs_over){over_in(e, from), over_in(e, known), known << e->shift};
    return true;
}

int epochs_end(struct epochs *e, uint64_t begun)
{
    uint64_t *item = LIST_ADD(&e->begun);
    if (!item)
        return -1;
    *item = begun;
    const uint32_t epoch = e->begun.count; /* two after the one that ends */
    while (begun - e->begun.items[e->oldest] > e->most)
        e->oldest++;
    atomic_store_explicit(&e->over[epoch % EPOCHS_SHOWN], (uint64_t)e->oldest << e->shift,
                          memory_order_relaxed);
    atomic_store_explicit(&e->known, epoch, memory_order_release);
    return 0;
}
