/* A capture file that is open: its bytes, where they end by now, and who uses them. */
#include "io/capture.h"
#include "io/formats/format.h"
#include "io/guard.h"
#include "io/problems.h"
#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files up to this are read, since mapping costs more than copying does: the faults, the unmapping, and its
 * interrupts of all other threads. 10,000 files of 100 KB, two threads: 1.20 s mapped, 1.00 s read. */
enum { SMALL_FILE = 256 << 10 };

void capture_find_end(struct capture *c)
{
    struct stat st;
    uint64_t size = stat(c->path, &st) == 0 ? (uint64_t)st.st_size : 0;
    /* An end that has not moved is no cut file, but a device that cannot be read there: half of it is given
     * up at a time, so that this comes to an end. */
    if (size >= capture_size(c))
        size = capture_size(c) / 2;
    uint64_t old = atomic_exchange_explicit(&c->size, size, memory_order_relaxed);
    if (size < old)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)size,
                     "expected a file of %" PRIu64
                     " bytes, as when it was opened, found that it ends here by now",
                     c->mapped);
}

struct capture *capture_new(const char *path, size_t order, struct problems *problems)
{
    struct capture *c = calloc(1, sizeof *c);
    if (!c) {
        problems_add(problems, PROBLEM_ERROR, order, path, -1, "%s", strerror(ENOMEM));
        return NULL;
    }
    c->path = path;
    c->order = order;
    c->problems = problems;
    c->records_end = UINT64_MAX;
    c->late_at = UINT64_MAX;
    c->position_bytes = 1;
    atomic_store_explicit(&c->users, 1, memory_order_relaxed);
    return c;
}

/* All bytes of a small file, or as many as it has by now. 0, or -1 with errno. */
static int read_all(struct capture *c, int fd)
{
    uint8_t *bytes = malloc(MAX(c->mapped, UINT64_C(1)));
    uint64_t count = 0;
    if (!bytes)
        return -1;
    while (count < c->mapped) {
        ssize_t n = read(fd, bytes + count, c->mapped - count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int error = errno;
            free(bytes);
            errno = error;
            return -1;
        }
        if (n == 0)
            break;
        count += (size_t)n;
    }
    c->bytes = bytes;
    c->is_read = true;
    c->size = count;
    if (count < c->mapped)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)count,
                     "expected a file of %" PRIu64
                     " bytes, as when it was opened, found that it ends here by now",
                     c->mapped);
    return 0;
}

static int map(struct capture *c, bool read_small)
{
    struct stat st;
    int result = -1, fd = open(c->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1, "%s",
                     sandbox_explain(c->path, errno));
    } else if (!S_ISREG(st.st_mode)) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1,
                     "expected a regular file, found another kind of file");
    } else {
        c->size = c->mapped = (uint64_t)st.st_size;
        if (c->mapped <= (read_small ? SMALL_FILE : 0)) {
            result = read_all(c, fd);
            if (result) {
                c->mapped = 0;
                problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1, "cannot be read: %s",
                             strerror(errno));
            }
        } else {
            capture_guard_install();
            void *bytes = mmap(NULL, c->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
            result = bytes == MAP_FAILED ? -1 : 0;
            if (result) {
                c->mapped = 0; /* there is nothing to unmap */
                problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1, "cannot be mapped: %s",
                             strerror(errno));
            } else {
                c->bytes = bytes;
                madvise(bytes, c->mapped, MADV_HUGEPAGE); /* advice only: read_ahead.c tells why */
                c->decoded = calloc(c->mapped / CAPTURE_PIECE + 1, sizeof *c->decoded);
            }
        }
    }
    if (fd >= 0)
        close(fd);
    return result;
}

struct capture *capture_map(const char *path, size_t order, bool read_small, struct problems *problems)
{
    struct capture *c = capture_new(path, order, problems);
    if (c && map(c, read_small)) {
        capture_drop(c);
        return NULL;
    }
    return c;
}

int64_t clock_shift_time(const struct clock_shift *shift, int64_t time)
{
    int64_t moved;
    if (__builtin_add_overflow(time, shift->ns, &moved))
        moved = shift->ns < 0 ? INT64_MIN : INT64_MAX;
    return moved;
}

static void note_interfaces(const struct capture *c, struct walk *walk)
{
    for (unsigned i = walk->first; i < walk->end; i++)
        for (unsigned k = 0; k < walk->count[i]; k++) {
            struct frame *f = &walk->frame[i][k];
            f->interface = c->format->interface ? c->format->interface(walk->reader[i]->context, f) : 0;
        }
}

void capture_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
    c->format->walk(c, window, walk);
    if (unlikely(c->notes_interfaces))
        note_interfaces(c, walk);
    if (likely(!c->shift.ns))
        return;
    for (unsigned i = walk->first; i < walk->end; i++)
        for (unsigned k = 0; k < walk->count[i]; k++) {
            struct frame *f = &walk->frame[i][k];
            f->time = clock_shift_time(&c->shift, f->time);
            f->decimals = MAX(f->decimals, c->shift.decimals);
        }
}

bool capture_run_at(const struct capture *c, const struct window *window, const struct record_reader *reader,
                    struct record_run *run)
{
    return c->format->run && !c->shift.ns && !(c->notes_interfaces && c->format->interface) &&
           c->format->run(c, window, reader, run);
}

void capture_decoded(struct capture *c, uint64_t begin, uint64_t end)
{
    if (begin == c->first_record)
        begin = 0;
    while (begin < end) {
        uint64_t piece = begin / CAPTURE_PIECE, from = piece * CAPTURE_PIECE;
        uint64_t size = MIN((uint64_t)CAPTURE_PIECE, c->mapped - from), count = MIN(end, from + size) - begin;
        if (atomic_fetch_add_explicit(&c->decoded[piece], count, memory_order_acq_rel) + count == size)
            madvise((void *)(uintptr_t)(c->bytes + from), size, MADV_DONTNEED); /* advice only */
        begin += count;
    }
}

struct capture *capture_use(struct capture *c)
{
    atomic_fetch_add_explicit(&c->users, 1, memory_order_relaxed);
    return c;
}

void capture_drop(struct capture *c)
{
    /* acq_rel: whoever closes it comes after all who have read it. */
    if (atomic_fetch_sub_explicit(&c->users, 1, memory_order_acq_rel) != 1)
        return;
    if (c->format && c->format->close)
        c->format->close(c);
    free(c->decoded);
    if (c->is_read)
        free((void *)(uintptr_t)c->bytes);
    else if (c->mapped)
        munmap((void *)(uintptr_t)c->bytes, c->mapped);
    free(c);
}
