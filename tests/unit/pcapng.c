/* Runs of pcapng blocks: how far they reach, and of which interfaces.
 *
 * Length of runs: half of it is a table of cases. */
#include "io/formats/pcapng.h"
#include "engine/record_run.h"
#include "io/formats/registry.h"
#include "io/problems.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ETHERNET = 1,
    COOKED = 113,
    MILLI = 3,
    MICRO = 6,
    NANO = 9,
    BLOCKS = 100,
    BYTES = 60,
    BLOCK = 32 + BYTES
};

static uint8_t image[20000];
static size_t size;
static bool swapped;
static struct problems problems = PROBLEMS_INIT;
static struct capture *c; /* the last one that was opened */

static void put32(uint32_t v)
{
    if (swapped)
        v = __builtin_bswap32(v);
    memcpy(image + size, &v, 4);
    size += 4;
}

static void put16(uint16_t v)
{
    if (swapped)
        v = __builtin_bswap16(v);
    memcpy(image + size, &v, 2);
    size += 2;
}

static void put_section(void)
{
    size = 0;
    const uint32_t words[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (i == 3) { /* version 1.0 */
            put16(1);
            put16(0);
        } else {
            put32(words[i]);
        }
    }
}

static void put_interface(uint16_t link, uint8_t resolution)
{
    put32(1);
    put32(28);
    put16(link);
    put16(0);
    put32(65535);
    put16(9); /* if_tsresol */
    put16(1);
    memcpy(image + size, (const uint8_t[4]){resolution}, 4);
    size += 4;
    put32(28);
}

static void put_blocks(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        const uint32_t head[] = {6, BLOCK, 0, 1, i, BYTES, BYTES};
        for (size_t k = 0; k < ARRAY_LEN(head); k++)
            put32(head[k]);
        size += BYTES;
        put32(BLOCK);
    }
}

/* The run at the first block, if there is one. */
static bool run_of(struct record_run *run, struct window *whole)
{
    char path[64];
    int fd = memfd_create("capture", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, image, size) == (ssize_t)size);
    sprintf(path, "/proc/self/fd/%d", fd);
    if (c)
        capture_drop(c);
    c = capture_open(path, 0, false, NULL, &problems);
    cr_assert(c);
    *whole = capture_window(c);
    const struct record_reader reader = {.state = LANE_OPEN,
                                         .position = c->first_record,
                                         .limit = whole->end,
                                         .context = atomic_load(&c->context)};
    const bool is = c->format->run(c, whole, &reader, run);
    if (is)
        cr_expect_eq(run->at, c->bytes + c->first_record);
    close(fd);
    return is;
}

Test(pcapng, runs)
{
    /* The interfaces, and how many of them a run may have; 0: there is
     * none. */
    static const struct {
        unsigned count;
        struct {
            uint16_t link;
            uint8_t resolution;
        } is[6];
        uint32_t alike, upper_halves;
        int64_t unit;
    } cases[] = {
        {1, {{ETHERNET, MICRO}}, 1, 0x20c49b, 1000},
        {1, {{ETHERNET, NANO}}, 1, INT32_MAX, 1},
        {3, {{ETHERNET, MICRO}, {ETHERNET, MICRO}, {ETHERNET, MICRO}}, 3, 0x20c49b, 1000},
        {3, {{ETHERNET, MICRO}, {ETHERNET, MICRO}, {ETHERNET, NANO}}, 2, 0x20c49b, 1000},
        {3, {{ETHERNET, MICRO}, {COOKED, MICRO}, {ETHERNET, MICRO}}, 1, 0x20c49b, 1000},
        {2, {{ETHERNET, MILLI}, {ETHERNET, MICRO}}, 1, 0x863, 1000000},
        {2, {{ETHERNET, MICRO}, {ETHERNET, 0x80 | 6}}, 1, 0x20c49b, 1000}, /* 2^-6 s has six decimals, too */
        {6,
         {{COOKED, NANO}, {COOKED, NANO}, {COOKED, NANO}, {COOKED, NANO}, {COOKED, NANO}, {COOKED, NANO}},
         4,
         INT32_MAX,
         1},
        {1, {{ETHERNET, 0x80 | 10}}, 0, 0, 0}, /* 2^-10 s is no whole number of ns */
        {1, {{ETHERNET, 12}}, 0, 0, 0},        /* nor is a ps */
    };
    struct record_run run;
    struct window window;
    swapped = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        put_section();
        for (unsigned k = 0; k < cases[i].count; k++)
            put_interface(cases[i].is[k].link, cases[i].is[k].resolution);
        put_blocks();
        const bool is = run_of(&run, &window);
        cr_assert_eq(is, cases[i].alike > 0, "case %zu", i);
        if (!is)
            continue;
        cr_expect_eq(run.decoder, &pcapng_run_decoder);
        cr_expect_eq(run.bound[PCAPNG_RUN_INTERFACES], cases[i].alike, "case %zu: %u", i,
                     run.bound[PCAPNG_RUN_INTERFACES]);
        cr_expect_eq(run.unit_ns, cases[i].unit, "case %zu", i);
        cr_expect_eq(run.bound[PCAPNG_RUN_UPPER_HALVES], cases[i].upper_halves, "case %zu: %x", i,
                     run.bound[PCAPNG_RUN_UPPER_HALVES]);
        /* The last time before the first upper half that is too great is a time still. */
        cr_expect_leq(((uint64_t)run.bound[PCAPNG_RUN_UPPER_HALVES] << 32) - 1,
                      (uint64_t)INT64_MAX / (uint64_t)cases[i].unit);
        /* All of the longest block may be read at the run's last place. */
        cr_expect_leq(run.limit + 32 + run.longest + 3, window.bytes + window.end);
        cr_expect_gt(run.longest, BYTES);
    }

    /* In the other byte order, or without an interface, there is none. */
    swapped = !swapped;
    put_section();
    put_interface(ETHERNET, MICRO);
    put_blocks();
    cr_expect_not(run_of(&run, &window));
    swapped = !swapped;
    put_section();
    put_blocks();
    cr_expect_not(run_of(&run, &window));
    capture_drop(c);
    problems_free(&problems);
}
