/* Large zeroed memory, in huge pages where the kernel gives them. */
#include "engine/pages.h"
#include "engine/budget.h"

#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096, HUGE_PAGE = 2 << 20 };

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) & ~(to - 1);
}

static void *map(size_t size, bool huge)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (!huge || size < HUGE_PAGE) {
        void *p = mmap(NULL, size, protection, flags, -1, 0);
        /* cppcheck-suppress memleak ; MAP_FAILED is no memory */
        return p == MAP_FAILED ? NULL : p;
    }
    uint8_t *p = mmap(NULL, size + HUGE_PAGE, protection, flags, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t before = (size_t)(-(uintptr_t)p & (HUGE_PAGE - 1));
    if (before)
        munmap(p, before);
    if (HUGE_PAGE - before)
        munmap(p + before + size, HUGE_PAGE - before);
    madvise(p + before, size, MADV_HUGEPAGE); /* advice only: small pages do as well */
    /* cppcheck-suppress deallocret ; what is before it and behind it was given back */
    return p + before;
}

void *pages_alloc(size_t size, bool huge)
{
    size = round_up(size, PAGE);
    budget_allows(size);
    void *p = map(size, huge);
    if (p)
        budget_take(size);
    return p;
}

void pages_touch(void *memory, size_t size)
{
    for (size_t at = 0; at < size; at += PAGE)
        *((volatile uint8_t *)memory + at) = 0;
}

void pages_free(void *memory, size_t size)
{
    if (!memory)
        return;
    munmap(memory, round_up(size, PAGE));
    budget_give(round_up(size, PAGE));
}
