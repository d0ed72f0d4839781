/* A request to stop reading, as an interrupt makes it. Threads that wait for input wake up. */
#ifndef TCPREUSE_STOP_H
#define TCPREUSE_STOP_H

#include "engine/clock.h"

#include <stdatomic.h>
#include <stdbool.h>

enum {
    /* Who writes into a pipe gets the same Ctrl-C, and this long to write what it still has. */
    STOP_GRACE_MS = 1500,
};

struct stop {
    int fd; /* readable once stopping is asked for */
    /* Both set by stop_ask(), read by any thread. due, monotonic ns: nothing is read any more from then on;
     * stored before asked (release). asked is read relaxed where due does not matter. */
    _Atomic bool asked;
    _Atomic int64_t due;
};

/* 0, or -1 with errno. */
int stop_init(struct stop *s);
/* Files are read no further, and pipes for STOP_GRACE_MS at most. Asked a second time: pipes, too, are read
 * no further. Any thread; safe in signal handlers. */
void stop_ask(struct stop *s);
/* s may be NULL: never asked. Any thread. */
static inline bool stop_is_asked(const struct stop *s)
{
    return s && atomic_load_explicit(&s->asked, memory_order_relaxed);
}
/* Also for pipes. Likewise. */
static inline bool stop_is_due(const struct stop *s)
{
    return s && atomic_load_explicit(&s->asked, memory_order_acquire) &&
           clock_monotonic_ns() >= atomic_load_explicit(&s->due, memory_order_relaxed);
}

enum waited {
    WAITED_READABLE, /* bytes, the end or an error */
    WAITED_IN_VAIN,
    WAITED_STOPPED, /* stopping is due */
};
/* Waits until fd is readable, for about ms at most; -1: as long as it takes. s may be NULL. Any thread. */
enum waited stop_wait_readable(const struct stop *s, int fd, int ms);
void stop_close(struct stop *s);

#endif
