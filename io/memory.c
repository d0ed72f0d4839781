/* Memory use, from getrusage(2) and files of /proc/self. */
#include "io/memory.h"

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

uint64_t memory_resident(void)
{
    unsigned long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    fclose(f);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
