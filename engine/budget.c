/* The memory budget: allocations are counted from one measurement to the next. */
#include "engine/budget.h"

#include <stdatomic.h>

/* Short lists and libraries show in a measurement only: one is due whenever this part of the budget has been counted. */
enum { MEASURES = 16 };

/* Set by budget_set(), read by all threads that start later. */
static uint64_t limit;
static uint64_t (*measure)(void);
/* Written and read by any thread; relaxed, since they order nothing. */
static _Atomic int64_t used;    /* as measured, plus what was allocated and freed since */
static _Atomic int64_t counted; /* allocated since then */
static _Atomic bool exceeded;

void budget_set(uint64_t bytes, uint64_t (*how)(void))
{
    limit = bytes;
    measure = how;
    atomic_store(&used, limit ? (int64_t)measure() : 0);
    atomic_store(&counted, 0);
    atomic_store(&exceeded, false);
}

static bool fits(uint64_t bytes)
{
    const int64_t now = atomic_load_explicit(&used, memory_order_relaxed);
    return (now > 0 ? (uint64_t)now : 0) + bytes <= limit;
}

bool budget_allows(size_t bytes)
{
    if (!limit)
        return true;
    if (atomic_load_explicit(&exceeded, memory_order_relaxed))
        return false;
    if (fits(bytes) && (uint64_t)atomic_load_explicit(&counted, memory_order_relaxed) <= limit / MEASURES)
        return true;
    const uint64_t measured = measure();
    if (measured) {
        atomic_store_explicit(&used, (int64_t)measured, memory_order_relaxed);
        atomic_store_explicit(&counted, 0, memory_order_relaxed);
    }
    if (fits(bytes))
        return true;
    atomic_store_explicit(&exceeded, true, memory_order_relaxed);
    return false;
}

void budget_take(size_t bytes)
{
    if (!limit)
        return;
    atomic_fetch_add_explicit(&used, (int64_t)bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&counted, (int64_t)bytes, memory_order_relaxed);
}

void budget_give(size_t bytes)
{
    if (limit)
        atomic_fetch_sub_explicit(&used, (int64_t)bytes, memory_order_relaxed);
}

bool budget_is_exceeded(void)
{
    return atomic_load_explicit(&exceeded, memory_order_relaxed);
}
