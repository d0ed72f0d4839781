/* Where a worker's time goes: a stop watch with a hand for each step. It is read when a step has done
 * something, some six times a batch, and a reading takes 10 to 20 ns: 0.01 % of the time, and nothing when it
 * does not run. What the steps that had nothing to do took is counted with the next one that had.
 *
 * Ticks are the processor's, since clock_gettime() is a system call on machines without a clock source that
 * user space may read. How long a tick is comes from the whole run, measured by both. */
#ifndef TCPREUSE_CLOCK_H
#define TCPREUSE_CLOCK_H

#include "engine/util.h"

#include <time.h>

enum step {
    STEP_CLAIM,
    STEP_DECODE,
    STEP_SETTLE,
    STEP_DRAIN,
    STEP_MERGE,
    STEP_FORMAT,
    STEP_WRITE,
    STEP_PREPARE,
    STEP_IDLE,
    STEPS
};

ALWAYS_INLINE uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
#endif
}

/* Used by its worker only, until it has ended. */
struct step_clock {
    bool runs;
    uint64_t last; /* ticks of the last reading */
    uint64_t ticks[STEPS];
    uint64_t times[STEPS]; /* readings: how often the step did something */
    double processor; /* seconds on a processor; the rest of its time the thread slept or was made to wait */
};

ALWAYS_INLINE void step_clock_start(struct step_clock *c, bool runs)
{
    c->runs = runs;
    if (runs)
        c->last = clock_ticks();
}

/* The time since the last reading went into this step. */
ALWAYS_INLINE void step_clock_lap(struct step_clock *c, enum step step)
{
    if (!c->runs)
        return;
    uint64_t now = clock_ticks();
    c->ticks[step] += now - c->last;
    c->times[step]++;
    c->last = now;
}

#endif
