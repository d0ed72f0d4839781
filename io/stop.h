/* A request to stop reading, made once, as by an interrupt: whoever waits for input wakes up. */
#ifndef TCPREUSE_STOP_H
#define TCPREUSE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

struct stop {
    int fd; /* readable once it is asked for */
    /* Set by stop_ask(), read by all; it orders nothing. */
    _Atomic bool asked;
};

/* 0, or -1 with errno. */
int stop_init(struct stop *s);
/* Any thread, and from signal handlers. */
void stop_ask(struct stop *s);
/* NULL: there is nobody to ask. Any thread. */
static inline bool stop_is_asked(const struct stop *s)
{
    return s && atomic_load_explicit(&s->asked, memory_order_relaxed);
}
/* Waits until fd has bytes, an end or an error to be read; false when stopping is asked for instead. s: NULL
 * for nobody to ask. Any thread. */
bool stop_or_readable(const struct stop *s, int fd);
void stop_close(struct stop *s);

#endif
