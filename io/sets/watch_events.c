/* What the kernel tells of watched directories and their files: inotify(7) and leases. */
#include "engine/clock.h"
#include "io/sets/watch_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { EVENTS_BYTES = 16 << 10 };

/* File systems on which other machines, or programs, change files without this kernel's knowing. */
bool directory_is_remote(const char *path)
{
    static const uint32_t kinds[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x65735546, /* FUSE */
        0x01021997, /* 9P */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS */
        0x73757245, /* Coda */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
    };
    struct statfs fs;
    if (statfs(path, &fs))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if ((uint32_t)fs.f_type == kinds[i])
            return true;
    return false;
}

/* A lease for reading is granted only while nobody has the file open for writing. It is given back at once. A
 * writer that comes meanwhile waits for that, and SIGIO is sent, which the program ignores. */
enum watch_writer entry_ask_writer(const struct watch_entry *e)
{
    if (e->directory->is_remote)
        return WRITER_UNKNOWN;
    const int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return WRITER_UNKNOWN;
    enum watch_writer writer = WRITER_NONE;
    if (fcntl(fd, F_SETLEASE, F_RDLCK))
        writer = errno == EAGAIN ? WRITER_THERE : WRITER_UNKNOWN;
    else
        fcntl(fd, F_SETLEASE, F_UNLCK);
    close(fd);
    return writer;
}

void directory_watch(struct watch *w, struct watch_directory *d)
{
    if (w->inotify < 0 || d->is_remote || d->descriptor >= 0)
        return;
    d->descriptor = inotify_add_watch(w->inotify, d->path,
                                      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                                          IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

static struct watch_directory *find_directory(const struct watch *w, int descriptor)
{
    for (size_t i = 0; i < w->params.count; i++)
        if (w->directories[i].descriptor == descriptor)
            return &w->directories[i];
    return NULL;
}

static int take_event(struct watch *w, const struct inotify_event *event, int64_t now)
{
    struct watch_directory *d = find_directory(w, event->wd);
    if (event->mask & IN_Q_OVERFLOW)
        w->must_scan = true;
    if (!d)
        return 0;
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
        if (!(event->mask & IN_IGNORED))
            inotify_rm_watch(w->inotify, d->descriptor);
        d->descriptor = -1;
        w->must_scan = true;
        return 0;
    }
    if (!event->len)
        return 0;
    if (event->mask & (IN_MOVED_FROM | IN_DELETE))
        return entry_leave(w, d, event->name, event->cookie, now);
    struct watch_entry *e = event->mask & IN_MOVED_TO ? entry_move(w, d, event->name, event->cookie, now)
                                                      : entry_get(w, d, event->name, now);
    if (!e)
        return -1;
    e->was_made |= (event->mask & IN_CREATE) != 0;
    e->was_closed |= (event->mask & IN_CLOSE_WRITE) != 0;
    if (event->mask & IN_CLOSE_WRITE || (event->mask & IN_MOVED_TO && entry_ask_writer(e) != WRITER_THERE))
        entry_complete(e, true);
    return 0;
}

/* All events that there are. */
static int read_events(struct watch *w)
{
    _Alignas(struct inotify_event) char bytes[EVENTS_BYTES];
    for (;;) {
        const ssize_t n = read(w->inotify, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        const int64_t now = clock_monotonic_ns();
        for (const char *at = bytes; at < bytes + n;) {
            const struct inotify_event *event = (const void *)at;
            if (take_event(w, event, now))
                return -1;
            at += sizeof *event + event->len;
        }
    }
}

int events_take(struct watch *w, int ms)
{
    const bool stops = stop_is_asked(w->params.stop);
    struct pollfd wait[2] = {{.fd = w->inotify, .events = POLLIN},
                             {.fd = w->params.stop ? w->params.stop->fd : -1, .events = POLLIN}};
    if (poll(wait, 2, stops ? 0 : ms) < 0)
        return 0; /* a signal: the next call will tell */
    return w->inotify >= 0 && wait[0].revents ? read_events(w) : 0;
}
