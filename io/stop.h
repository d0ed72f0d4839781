/* A request to stop reading, as an interrupt makes it. Threads that wait for input wake up. */
#ifndef TCPREUSE_STOP_H
#define TCPREUSE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

struct stop {
    int fd; /* readable once stopping is asked for */
    /* Set by stop_ask(), read by any thread. Relaxed: it orders nothing else. */
    _Atomic bool asked;
};

/* 0, or -1 with errno. */
int stop_init(struct stop *s);
/* Any thread; safe in signal handlers. */
void stop_ask(struct stop *s);
/* s may be NULL: never asked. Any thread. */
static inline bool stop_is_asked(const struct stop *s)
{
    return s && atomic_load_explicit(&s->asked, memory_order_relaxed);
}
/* Waits until fd is readable: bytes, the end or an error. False if stopping was asked for instead. s may be
 * NULL. Any thread. */
bool stop_or_readable(const struct stop *s, int fd);
void stop_close(struct stop *s);

#endif
