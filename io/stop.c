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
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->fd < 0 ? -1 : 0;
}

void stop_ask(struct stop *s)
{
    int saved = errno;
    uint64_t one = 1;
    atomic_store_explicit(&s->asked, true, memory_order_relaxed);
    if (write(s->fd, &one, sizeof one) < 0) {
        /* the descriptor is readable already */
    }
    errno = saved;
}

bool stop_or_readable(const struct stop *s, int fd)
{
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = s ? s->fd : -1, .events = POLLIN}};
    while (!stop_is_asked(s)) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            return true; /* reading will say what is wrong */
        if (wait[0].revents)
            return !stop_is_asked(s);
        if (wait[1].revents)
            break;
    }
    return false;
}

void stop_close(struct stop *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
