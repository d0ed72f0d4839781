/* Memory use, from getrusage(2) and files of /proc/self. */
#include "io/memory.h"
#include "engine/util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct memory_use memory_use_now(void)
{
    struct memory_use use = {0};
    struct rusage usage;
    if (!getrusage(RUSAGE_SELF, &usage))
        use.peak = (uint64_t)usage.ru_maxrss * 1024;
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long kilobytes;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssAnon: %llu", &kilobytes) == 1)
            use.own = kilobytes * 1024;
    if (f)
        fclose(f);
    return use;
}

/* Pages resident, and those of them that are a file's or shared; 0, or -1. No stream, which would want memory. */
static int read_pages(unsigned long *resident, unsigned long *shared)
{
    char text[128];
    unsigned long all;
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[MAX(n, 0)] = 0;
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
