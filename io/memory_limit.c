/* Limits of memory, from /proc/self/cgroup, the files of control groups, and the machine. */
#include "io/memory_limit.h"
#include "engine/util.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The file's number; UINT64_MAX: there is none, or it says "max". */
static uint64_t read_limit(const char *path)
{
    uint64_t limit;
    FILE *f = fopen(path, "re");
    if (!f)
        return UINT64_MAX;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers, or "max" */
    if (fscanf(f, "%" SCNu64, &limit) != 1)
        limit = UINT64_MAX;
    fclose(f);
    return limit;
}

/* The least of the group and all around it. In a container the path may be one of the host, of which only the last group
 * around it, the root, is to be seen: that is the container's own. group is cut off. */
static uint64_t least_along(const char *mount, char *group, const char *file)
{
    uint64_t least = UINT64_MAX;
    for (char *end = group + strlen(group);;) {
        while (end > group && end[-1] == '/')
            end--;
        *end = 0;
        char path[2 * PATH_MAX];
        const int n = snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
        const uint64_t limit = n > 0 && (size_t)n < sizeof path ? read_limit(path) : UINT64_MAX;
        least = MIN(least, limit);
        if (end == group)
            return least;
        while (end > group && end[-1] != '/')
            end--;
    }
}

/* Is memory among the controllers that the list names? */
static bool has_memory(const char *controllers)
{
    static const char memory[] = "memory";
    for (const char *s = controllers; *s; s += *s == ',') {
        const size_t n = strcspn(s, ",");
        if (n == sizeof memory - 1 && !memcmp(s, memory, n))
            return true;
        s += n;
    }
    return false;
}

uint64_t memory_limit_of_groups(const char *groups, const char *mounts)
{
    uint64_t least = UINT64_MAX;
    char line[PATH_MAX + 256];
    FILE *f = fopen(groups, "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *controllers++ = *group++ = 0;
        char mount[PATH_MAX];
        const bool second = !*controllers;
        if (!second && !has_memory(controllers))
            continue;
        const int n = snprintf(mount, sizeof mount, "%s%s", mounts, second ? "" : "/memory");
        if (n < 0 || (size_t)n >= sizeof mount)
            continue;
        const uint64_t limit = least_along(mount, group, second ? "memory.max" : "memory.limit_in_bytes");
        least = MIN(least, limit);
    }
    if (f)
        fclose(f);
    return least;
}

uint64_t memory_limit_find(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    const uint64_t groups = memory_limit_of_groups("/proc/self/cgroup", "/sys/fs/cgroup");
    const uint64_t machine = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
    const uint64_t least = MIN(groups, machine);
    return least == UINT64_MAX ? 0 : least;
}

const char *memory_limit_text(uint64_t bytes, char text[MEMORY_TEXT])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    double n = (double)bytes / 1024;
    unsigned unit = 0;
    for (; n >= 1024 && unit + 1 < ARRAY_LEN(units); unit++)
        n /= 1024;
    /* One digit behind the point, but no 0. */
    const bool whole = (uint64_t)(n * 10 + 0.5) % 10 == 0;
    snprintf(text, MEMORY_TEXT, "%.*f %s", !whole, n, units[unit]);
    return text;
}
