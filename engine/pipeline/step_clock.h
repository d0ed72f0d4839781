/* Where a worker's time goes: a stopwatch with a total for each step. It is read whenever a step has done something,
 * some six times a batch. A reading takes 10 to 20 ns: 0.01 % of the time, and nothing when the stopwatch does not
 * run. The time of steps that found nothing to do is charged to the next one that did.
 *
 * It counts ticks; pipeline_run() measures how long a tick is. */
#ifndef TCPREUSE_STEP_CLOCK_H
#define TCPREUSE_STEP_CLOCK_H

#include "engine/clock.h"

enum step {
    STEP_CLAIM,
    STEP_DECODE,
    STEP_SETTLE,
    STEP_DRAIN,
    STEP_NUMBER,
    STEP_FORMAT,
    STEP_WRITE,
    STEP_PREPARE,
    STEP_IDLE,
    STEPS
};

/* Used by its worker only, until the worker has ended. */
struct step_clock {
    bool runs;
    uint64_t last; /* ticks of the last reading */
    uint64_t ticks[STEPS];
    uint64_t times[STEPS]; /* readings: how often the step did something */
    double processor;      /* seconds on a processor; for the rest the thread slept or was preempted */
};

ALWAYS_INLINE void step_clock_start(struct step_clock *c, bool runs)
{
    c->runs = runs;
    if (runs)
        c->last = clock_ticks();
}

/* Charges the time since the last reading to this step. */
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
