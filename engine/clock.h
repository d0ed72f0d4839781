/* The clocks that the program reads. Thread-safe, all of them. */
#ifndef TCPREUSE_CLOCK_H
#define TCPREUSE_CLOCK_H

#include "engine/util.h"

#include <time.h>

ALWAYS_INLINE int64_t clock_read_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ns since 1970. May jump when somebody sets the time. */
ALWAYS_INLINE int64_t clock_wall_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

/* ns, and seconds, since an unspecified moment. Never go back: for intervals. */
ALWAYS_INLINE int64_t clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}
ALWAYS_INLINE double clock_seconds(void)
{
    return (double)clock_monotonic_ns() * 1e-9;
}

/* Seconds that the calling thread has spent on a processor. */
ALWAYS_INLINE double clock_thread_seconds(void)
{
    return (double)clock_read_ns(CLOCK_THREAD_CPUTIME_ID) * 1e-9;
}

/* Ticks of the processor's counter since an unspecified moment. For what is read often: clock_gettime() is a
 * system call on machines without a clock source that user space may read. How long a tick is, the caller
 * finds by reading clock_seconds() as well. */
ALWAYS_INLINE uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return (uint64_t)clock_monotonic_ns();
#endif
}

#endif
