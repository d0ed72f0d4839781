/* Memory use, from getrusage(2) and /proc/self/statm. */
#include "io/memory.h"
#include "engine/util.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Stays open from the first question on, since a process that is confined may not open it. Set once, by whoever is first;
 * read by any thread. */
static _Atomic int statm = -1;

static int statm_descriptor(void)
{
    int fd = atomic_load(&statm), none = -1;
    if (fd >= 0)
        return fd;
    fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || atomic_compare_exchange_strong(&statm, &none, fd))
        return fd;
    close(fd);
    return none;
}

/* Pages resident, and those of them that are a file's or shared; 0, or -1. No stream, which would want memory. */
static int read_pages(unsigned long *resident, unsigned long *shared)
{
    char text[128];
    unsigned long all;
    const int fd = statm_descriptor();
    const ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    text[MAX(n, 0)] = 0;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
    return sscanf(text, "%lu %lu %lu", &all, resident, shared) == 3 ? 0 : -1;
}

uint64_t memory_own(void)
{
    unsigned long resident, shared;
    return read_pages(&resident, &shared) ? 0
                                          : (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t memory_resident(void)
{
    unsigned long resident, shared;
    return read_pages(&resident, &shared) ? 0 : (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct memory_use memory_use_now(void)
{
    struct memory_use use = {.own = memory_own()};
    struct rusage usage;
    if (!getrusage(RUSAGE_SELF, &usage))
        use.peak = (uint64_t)usage.ru_maxrss * 1024;
    return use;
}
