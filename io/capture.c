/* Mapped files. Mapping beats reading (20 ns a 64-byte frame through read(), 7 mapped), but a file that is
 * cut while it is mapped raises SIGBUS where its pages were. So whoever reads mapped bytes does so in
 * capture_guard(), and a handler jumps back there. */
#include "io/capture.h"
#include "io/streams/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Those that are known by plausible records only come last. */
const struct capture_format *const capture_formats[] = {
    &format_pcap,        &format_pcapng, &format_snoop, &format_netmon,   &format_netxray,    &format_sniffer,
    &format_visual,      &format_5views, &format_nettl, &format_observer, &format_lanalyzer,  &format_iptrace,
    &format_peek_tagged, &format_peek,   &format_erf,   &format_commview, &format_commview_x, NULL,
};

/* Files up to this are read, since mapping costs more than copying does: the faults, the unmapping, and its
 * interrupts of all other threads. 10,000 files of 100 KB, two threads: 1.20 s mapped, 1.00 s read. */
enum { SMALL_FILE = 256 << 10 };

/* Where this thread wants to go on when mapped bytes are gone; NULL outside of capture_guard(). */
static _Thread_local sigjmp_buf *on_bus_error;

static void handle_bus_error(int signal_number)
{
    if (on_bus_error)
        siglongjmp(*on_bus_error, 1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void install_handler(void)
{
    struct sigaction action = {.sa_handler = handle_bus_error, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

bool capture_guard(void (*work)(void *), void *argument)
{
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        on_bus_error = &here;
        work(argument);
        on_bus_error = NULL;
        return true;
    }
    on_bus_error = NULL;
    return false;
}

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

int capture_find_format(struct capture *c, const uint8_t *bytes, uint64_t count)
{
    size_t n = MIN(count, 4096u);
    for (size_t i = 0; n >= 4 && capture_formats[i]; i++)
        if (capture_formats[i]->probe(bytes, n)) {
            c->format = capture_formats[i];
            return 0;
        }
    const char *compression = stream_compression(bytes, n);
    if (n == 0)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a capture, found an empty file");
    else if (compression)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected the magic number of a capture file, found %s data", compression);
    else if (n < 4)
        problems_add(
            c->problems, PROBLEM_ERROR, c->order, c->path, 0,
            "expected the magic number of a capture file (4 bytes), found the end of the file after %zu", n);
    else
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected the magic number of a capture file, found %02x %02x %02x %02x", bytes[0],
                     bytes[1], bytes[2], bytes[3]);
    return -1;
}

struct capture *capture_new(const char *path, size_t order, struct problems *problems)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handler);

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
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1, "%s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1,
                     "expected a regular file, found another kind of file");
    } else {
        c->size = c->mapped = (uint64_t)st.st_size;
        if (c->mapped <= (read_small ? SMALL_FILE : 0)) {
            result = read_all(c, fd);
            if (result)
                problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1, "cannot be read: %s",
                             strerror(errno));
        } else {
            void *bytes = mmap(NULL, c->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
            result = bytes == MAP_FAILED ? -1 : 0;
            if (result) {
                c->mapped = 0;
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

struct open_job {
    struct capture *capture;
    bool *compressed;
    int result;
};

static void open_format(void *argument)
{
    struct open_job *job = argument;
    struct capture *c = job->capture;
    if (job->compressed && capture_size(c) >= 4 &&
        (*job->compressed = stream_compression(c->bytes, MIN(capture_size(c), 4096u)))) {
        job->result = -1;
        return;
    }
    job->result = capture_find_format(c, c->bytes, capture_size(c));
    if (!job->result)
        job->result = c->format->open(c, c->bytes, capture_size(c), true) != OPEN_DONE;
}

struct capture *capture_map(const char *path, size_t order, bool read_small, bool *compressed,
                            struct problems *problems)
{
    struct capture *c = capture_new(path, order, problems);
    struct open_job job = {.capture = c, .compressed = compressed};
    if (!c)
        return NULL;
    if (map(c, read_small)) {
        capture_drop(c);
        return NULL;
    }
    while (!capture_guard(open_format, &job))
        capture_find_end(c);
    if (job.result) {
        capture_drop(c);
        return NULL;
    }
    return c;
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

bool capture_run(const struct batch *b, const struct lane *lane, uint32_t captured_max, uint32_t around,
                 struct record_run *run)
{
    enum { LONGEST = 4096, PART = 64, PART_LEFT = 8 };
    const uint64_t bytes = b->end - b->base, left = b->end - MIN(lane->position, b->end);
    uint64_t usual = MIN(MAX(bytes / PART, (uint64_t)LONGEST), RECORD_LENGTH_MAX);
    if (left <= usual + around)
        usual = left / PART_LEFT;
    run->longest = MIN(captured_max, (uint32_t)usual);
    const uint32_t reach = around + run->longest;
    if (bytes < reach)
        return false;
    run->at = b->bytes + (lane->position - b->base);
    run->limit = b->bytes + (MIN(lane->limit, b->end - reach) - b->base);
    return run->at < run->limit;
}
