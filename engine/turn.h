/* A try-lock, for work that one thread does at a time: a thread that finds it taken does something else. */
#ifndef TCPREUSE_TURN_H
#define TCPREUSE_TURN_H

#include "engine/util.h"

#include <stdatomic.h>

struct turn {
    /* Taken by exchange (acquire), given back with release: the next holder sees what this one did. */
    _Atomic bool taken;
} ALIGNED(CACHE_LINE);

/* False when another thread has it. */
ALWAYS_INLINE bool turn_take(struct turn *t)
{
    return !atomic_load_explicit(&t->taken, memory_order_relaxed) &&
           !atomic_exchange_explicit(&t->taken, true, memory_order_acquire);
}
ALWAYS_INLINE void turn_give_back(struct turn *t)
{
    atomic_store_explicit(&t->taken, false, memory_order_release);
}

#endif
