/* The protocol of sd_notify(3): lines of text in one datagram to the socket that NOTIFY_SOCKET names. It is documented and
 * stable, and saves a library that every start would load. */
#include "cli/service.h"
#include "engine/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct service {
    struct pipeline *pipeline;
    struct sockaddr_un address;
    socklen_t address_size;
    int socket;
    int end;     /* an eventfd, readable once the thread is to end */
    int beat_ms; /* between messages of the thread; 0: there is none */
    bool started;
    pthread_t thread;
};

/* Nobody may be listening; the run goes on all the same. */
static void tell(const struct service *s, const char *text)
{
    const ssize_t sent = sendto(s->socket, text, strlen(text), MSG_NOSIGNAL,
                                (const struct sockaddr *)&s->address, s->address_size);
    (void)sent;
}

/* A path, or with @ a name that is in no file system. */
static bool find_manager(struct service *s)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof s->address.sun_path || (*path != '/' && *path != '@'))
        return false;
    s->address.sun_family = AF_UNIX;
    memcpy(s->address.sun_path, path, length);
    if (*path == '@')
        s->address.sun_path[0] = 0;
    s->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

/* As sd_watchdog_enabled(3) does: is it this process that is to tell, and how often? A third of what the manager allows, so
 * that one that comes late does no harm. */
static int find_beat(void)
{
    const char *process = getenv("WATCHDOG_PID"), *period = getenv("WATCHDOG_USEC");
    if (!period || (process && strtoul(process, NULL, 10) != (unsigned long)getpid()))
        return 0;
    const unsigned long long us = strtoull(period, NULL, 10);
    return us ? (int)MAX(MIN(us / 3000, 60000ull), 1ull) : 0;
}

static void *service_main(void *argument)
{
    struct service *s = argument;
    struct pollfd wait = {.fd = s->end, .events = POLLIN};
    for (int ready; (ready = poll(&wait, 1, s->beat_ms)) == 0 || (ready < 0 && errno == EINTR);)
        if (pipeline_goes_on(s->pipeline))
            tell(s, "WATCHDOG=1");
    return NULL;
}

struct service *service_open(void)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s || !find_manager(s)) {
        free(s);
        return NULL;
    }
    s->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    s->end = eventfd(0, EFD_CLOEXEC);
    return s;
}

void service_begin(struct service *s, struct pipeline *pipeline)
{
    if (!s)
        return;
    s->pipeline = pipeline;
    s->beat_ms = find_beat();
    tell(s, "READY=1");
    s->started = s->beat_ms && s->end >= 0 && !pthread_create(&s->thread, NULL, service_main, s);
}

void service_end(struct service *s)
{
    if (!s)
        return;
    if (s->started && !eventfd_write(s->end, 1))
        pthread_join(s->thread, NULL);
    tell(s, "STOPPING=1");
    close(s->end);
    close(s->socket);
    free(s);
}
