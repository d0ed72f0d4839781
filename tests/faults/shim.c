/* Preloaded: makes the N-th call of some kind fail, as FAULT=KIND:N[+][:HOW] says; N counts from 1, + means that all later
 * ones fail, too; with HOW SIGINT it does not fail, but an interrupt comes just before it. Calls are counted from the program's start on, from all threads, its libraries' among them. FAULT_LOG
 * names a file that gets a line for the call that failed, KIND N OBJECT+OFFSET, and at the end one for each kind, KIND all
 * N. What a C library does within itself is not seen: fopen() fails as a whole, and its writes do not. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum kind { MEMORY, WRITE, READ, OPEN, THREAD, RENAME, SYNC, FLUSH, KINDS };

static const char *const names[KINDS] = {"memory", "write",  "read", "open",
                                         "thread", "rename", "sync", "flush"};
static const struct {
    const char *name;
    int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EPIPE", EPIPE},  {"EMFILE", EMFILE},
              {"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}};

static atomic_bool counting;
static _Atomic long counts[KINDS];
static enum kind failing = KINDS;
static long first;
static bool all_later, cut_short, interrupts;
static int error_number = ENOMEM;
static int log_fd = -1; /* open from the start: a process that is confined cannot open it */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void put_line(const char *line, int n)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (real(log_fd, line, (size_t)n) != n)
        _exit(99);
}

static bool fails(enum kind kind, const void *caller)
{
    if (!atomic_load(&counting))
        return false;
    const long n = atomic_fetch_add(&counts[kind], 1) + 1;
    if (kind != failing || n < first || (n > first && !all_later))
        return false;
    if (n == first && log_fd >= 0) {
        char line[512];
        Dl_info info;
        atomic_store(&counting, false);
        const bool known = dladdr(caller, &info) && info.dli_fname;
        const int length =
            snprintf(line, sizeof line, "%s %ld %s+%#lx\n", names[kind], n, known ? info.dli_fname : "?",
                     (unsigned long)((const char *)caller - (known ? (const char *)info.dli_fbase : NULL)));
        put_line(line, length);
        atomic_store(&counting, true);
    }
    if (interrupts)
        raise(SIGINT);
    errno = error_number;
    return !interrupts;
}

#define FAILS(kind) fails(kind, __builtin_return_address(0))

/* Under a number that is in nobody's way. */
static void open_log(const char *path)
{
    enum { NUMBER = 200 };
    int (*real)(const char *, int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, "open");
    const int fd = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, NUMBER);
    close(fd);
    if (log_fd < 0)
        _exit(99);
}

static void __attribute__((constructor)) begin(void)
{
    const char *fault = getenv("FAULT"), *log = getenv("FAULT_LOG");
    if (log)
        open_log(log);
    for (int k = 0; fault && k < KINDS; k++) {
        const size_t n = strlen(names[k]);
        if (strncmp(fault, names[k], n) || fault[n] != ':')
            continue;
        char *end;
        first = strtol(fault + n + 1, &end, 10);
        all_later = *end == '+';
        end += all_later;
        failing = (enum kind)k;
        cut_short = !strcmp(end, ":short");
        interrupts = !strcmp(end, ":SIGINT");
        for (size_t i = 0; *end == ':' && i < sizeof errors / sizeof errors[0]; i++)
            if (!strcmp(end + 1, errors[i].name))
                error_number = errors[i].number;
    }
    atomic_store(&counting, true);
}

static void __attribute__((destructor)) end(void)
{
    char line[64];
    atomic_store(&counting, false);
    for (int k = 0; log_fd >= 0 && k < KINDS; k++)
        put_line(line, snprintf(line, sizeof line, "%s all %ld\n", names[k], atomic_load(&counts[k])));
}

void *malloc(size_t size)
{
    return FAILS(MEMORY) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return FAILS(MEMORY) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    return FAILS(MEMORY) ? NULL : __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return FAILS(MEMORY) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    if (FAILS(MEMORY))
        return ENOMEM;
    *p = __libc_memalign(alignment, size);
    return *p ? 0 : ENOMEM;
}

/* The function of this name behind this one. */
#define NEXT(name)                                                                                           \
    static __typeof__(name) *real;                                                                           \
    if (!real)                                                                                               \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    NEXT(mmap);
    return FAILS(MEMORY) ? MAP_FAILED : real(at, size, protection, flags, fd, offset);
}

/* Messages are not what is to fail. */
ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT(write);
    if (fd == STDERR_FILENO || !FAILS(WRITE))
        return real(fd, bytes, n);
    return cut_short && n > 1 ? real(fd, bytes, n / 2) : cut_short ? real(fd, bytes, n) : -1;
}

ssize_t read(int fd, void *bytes, size_t n)
{
    NEXT(read);
    return FAILS(READ) ? -1 : real(fd, bytes, n);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
    NEXT(pread);
    return FAILS(READ) ? -1 : real(fd, bytes, n, offset);
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    NEXT(open);
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return FAILS(OPEN) ? -1 : real(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
    NEXT(openat);
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return FAILS(OPEN) ? -1 : real(at, path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    NEXT(fopen);
    return FAILS(OPEN) ? NULL : real(path, mode);
}

int fflush(FILE *stream)
{
    NEXT(fflush);
    return stream && stream != stderr && FAILS(FLUSH) ? EOF : real(stream);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *argument)
{
    NEXT(pthread_create);
    return FAILS(THREAD) ? EAGAIN : real(thread, attributes, work, argument);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    NEXT(renameat);
    return FAILS(RENAME) ? -1 : real(from_at, from, to_at, to);
}

int fsync(int fd)
{
    NEXT(fsync);
    return FAILS(SYNC) ? -1 : real(fd);
}
