/* Mapped files. Mapping beats reading (20 ns a 64-byte frame through read(), 7 mapped), but a file that is
 * cut while it is mapped raises SIGBUS where its pages were. So whoever reads mapped bytes does so in
 * capture_guard(), and a handler jumps back there. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const struct capture_format *const capture_formats[] = {&format_pcap, NULL};

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

bool capture_guard(struct capture *c, void (*work)(void *), void *argument)
{
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        on_bus_error = &here;
        work(argument);
        on_bus_error = NULL;
        return true;
    }
    on_bus_error = NULL;
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
    return false;
}

static int find_format(struct capture *c)
{
    if (c->size == 0) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a capture, found an empty file");
        return -1;
    }
    size_t n = MIN(c->size, 4096u);
    for (size_t i = 0; n >= 4 && capture_formats[i]; i++)
        if (capture_formats[i]->probe(c->bytes, n)) {
            c->format = capture_formats[i];
            return 0;
        }
    if (n < 4)
        problems_add(
            c->problems, PROBLEM_ERROR, c->order, c->path, 0,
            "expected the magic number of a capture file (4 bytes), found the end of the file after %zu", n);
    else
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected the magic number of a capture file, found %02x %02x %02x %02x", c->bytes[0],
                     c->bytes[1], c->bytes[2], c->bytes[3]);
    return -1;
}

struct open_job {
    struct capture *capture;
    int result;
};

static void open_format(void *argument)
{
    struct open_job *job = argument;
    struct capture *c = job->capture;
    job->result = find_format(c);
    if (!job->result)
        job->result = c->format->open(c, c->bytes, capture_size(c), true) != OPEN_DONE;
}

struct capture *capture_open(const char *path, size_t order, struct problems *problems)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handler);

    struct capture *c = calloc(1, sizeof *c);
    int fd = -1;
    struct stat st;
    if (!c) {
        problems_add(problems, PROBLEM_ERROR, order, path, -1, "%s", strerror(ENOMEM));
        return NULL;
    }
    *c = (struct capture){.path = path, .order = order, .problems = problems};
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        problems_add(problems, PROBLEM_ERROR, order, path, -1, "%s", strerror(errno));
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        problems_add(problems, PROBLEM_ERROR, order, path, -1,
                     "expected a regular file, found another kind of file");
        goto fail;
    }
    c->size = c->mapped = (uint64_t)st.st_size;
    if (c->mapped) {
        void *bytes = mmap(NULL, c->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            c->mapped = 0;
            problems_add(problems, PROBLEM_ERROR, order, path, -1, "cannot be mapped: %s", strerror(errno));
            goto fail;
        }
        c->bytes = bytes;
    }
    close(fd);
    fd = -1;
    struct open_job job = {.capture = c};
    while (!capture_guard(c, open_format, &job))
        ;
    if (job.result)
        goto fail;
    atomic_store(&c->users, 1);
    return c;
fail:
    if (fd >= 0)
        close(fd);
    capture_close(c);
    return NULL;
}

void capture_close(struct capture *c)
{
    if (!c)
        return;
    if (c->format && c->format->close)
        c->format->close(c);
    if (c->mapped)
        munmap((void *)(uintptr_t)c->bytes, c->mapped);
    free(c);
}
