/* The request to stop is a flag for those who are busy and an eventfd for those who wait in poll(2). */
#include "io/stop.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int stop_init(struct stop *s)
{
    atomic_init(&s->asked, false);
    atomic_init(&s->due, 0);
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->fd < 0 ? -1 : 0;
}

void stop_ask(struct stop *s)
{
    int saved = errno;
    uint64_t one = 1;
    const bool again = atomic_load_explicit(&s->asked, memory_order_relaxed);
    atomic_store_explicit(&s->due, again ? 0 : clock_monotonic_ns() + (int64_t)STOP_GRACE_MS * 1000000,
                          memory_order_relaxed);
    atomic_store_explicit(&s->asked, true, memory_order_release);
    if (write(s->fd, &one, sizeof one) < 0) {
        /* the descriptor is readable already */
    }
    errno = saved;
}

enum waited stop_wait_readable(const struct stop *s, int fd, int ms)
{
    enum { SLICE_MS = 20 };
    while (!stop_is_due(s)) {
        /* Once stopping is asked for, its descriptor says nothing more. */
        const bool asked = stop_is_asked(s);
        struct pollfd wait[2] = {{.fd = fd, .events = POLLIN},
                                 {.fd = s && !asked ? s->fd : -1, .events = POLLIN}};
        const int slice = asked && (ms < 0 || ms > SLICE_MS) ? SLICE_MS : ms;
        if (poll(wait, 2, slice) < 0 && errno != EINTR)
            return WAITED_READABLE; /* reading will say what is wrong */
        if (wait[0].revents)
            return WAITED_READABLE;
        if (ms >= 0)
            return stop_is_due(s) ? WAITED_STOPPED : WAITED_IN_VAIN;
    }
    return WAITED_STOPPED;
}

void stop_close(struct stop *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
