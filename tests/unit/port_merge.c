/* Queues of frames by hand: what may go on, and what waits. A frame is its number. */
#include "io/ports/port_merge.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>

enum { QUEUES = 3, FRAMES = 20000, NOW = 2000000000 };

struct input {
    int64_t time[QUEUES][FRAMES];
    unsigned count[QUEUES]; /* that are there to be taken */
    unsigned taken[QUEUES];
};

static unsigned give(void *context, unsigned q, struct port_frames to)
{
    struct input *in = context;
    unsigned n = 0;
    for (; n < PORT_MERGE_BURST && in->taken[q] < in->count[q]; n++) {
        unsigned i = in->taken[q]++;
        to.frame[n] = (void *)(uintptr_t)(q * FRAMES + i + 1);
        to.time[n] = in->time[q][i];
        to.decimals[n] = (uint8_t)(q + 1);
    }
    return n;
}

static unsigned dropped;

static void drop(void *frame)
{
    cr_assert_neq(frame, NULL);
    dropped++;
}

static void *frames[FRAMES * QUEUES];
static int64_t times[FRAMES * QUEUES];
static uint8_t decimals[FRAMES * QUEUES];

static unsigned take(struct port_merge *m, int64_t now, bool hold, unsigned from, unsigned room)
{
    return port_merge_take(m, now, hold, (struct port_frames){frames + from, times + from, decimals + from},
                           room);
}

/* Frames of long ago, as those of files: all in order, none lost, whatever the room. */
Test(port_merge, files)
{
    static struct input in;
    uint64_t random = 1;
    for (unsigned q = 0; q < QUEUES; q++) {
        int64_t time = 0;
        in.count[q] = q == 2 ? 100 : FRAMES; /* one ends early */
        for (unsigned i = 0; i < in.count[q]; i++)
            in.time[q][i] = time += random_below(&random, 5 * (q + 1));
    }
    struct port_merge *m = port_merge_create(QUEUES, give, &in);
    unsigned n = 0, got;
    while ((got = take(m, NOW, true, n, 1 + random_below(&random, 1500))))
        n += got;
    cr_assert_eq(n, 2 * FRAMES + 100);
    unsigned next[QUEUES] = {0}, before = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned number = (unsigned)(uintptr_t)frames[i] - 1, q = number / FRAMES;
        cr_assert_eq(number % FRAMES, next[q]++, "queues keep their order");
        cr_assert_eq(times[i], in.time[q][number % FRAMES]);
        cr_assert_eq(decimals[i], q + 1);
        cr_assert(!i || times[i - 1] < times[i] || (times[i - 1] == times[i] && before <= q), "frame %u", i);
        before = q;
    }
    port_merge_destroy(m, drop);
    cr_assert_eq(dropped, 0);
}

/* A frame of now waits for an empty queue; the earlier one that comes there goes first. */
Test(port_merge, late_queue)
{
    static struct input in = {.time = {{NOW}, {NOW - 1000}}, .count = {1, 0}};
    struct port_merge *m = port_merge_create(2, give, &in);
    cr_assert_eq(take(m, NOW, true, 0, 100), 0);
    cr_assert_eq(port_merge_waiting(m), 1);
    cr_assert_eq(take(m, NOW + PORT_MERGE_HOLD_NS - 1000, true, 0, 100), 0);
    in.count[1] = 1;
    cr_assert_eq(take(m, NOW + PORT_MERGE_HOLD_NS - 1000, true, 0, 100), 1, "the other queue is empty again");
    cr_assert_eq(times[0], NOW - 1000);
    cr_assert_eq(take(m, (int64_t)NOW + PORT_MERGE_HOLD_NS, true, 1, 100), 1, "it has waited long enough");
    cr_assert_eq(times[1], NOW);
    port_merge_destroy(m, drop);
}

Test(port_merge, nothing_waits_at_the_end)
{
    static struct input in = {.time = {{NOW, NOW + 1}, {NOW - 1000}}, .count = {2, 1}};
    struct port_merge *m = port_merge_create(2, give, &in);
    cr_assert_eq(take(m, NOW, false, 0, 100), 3);
    cr_assert_eq(times[0], NOW - 1000);
    cr_assert_eq(take(m, NOW, false, 0, 100), 0);
    port_merge_destroy(m, drop);
}

/* The clock of a file's frames may be ahead: they are not waited with. */
Test(port_merge, times_to_come)
{
    static struct input in = {.time = {{2 * (int64_t)NOW}}, .count = {1, 0}};
    struct port_merge *m = port_merge_create(2, give, &in);
    cr_assert_eq(take(m, NOW, true, 0, 100), 1);
    port_merge_destroy(m, drop);
}

/* While one queue is quiet, the other one's frames are taken from its driver, and when there is no more room,
 * they go on. What waits when all is closed is dropped. */
Test(port_merge, full)
{
    static struct input in = {.count = {FRAMES, 0}};
    for (unsigned i = 0; i < FRAMES; i++)
        in.time[0][i] = NOW;
    struct port_merge *m = port_merge_create(2, give, &in);
    unsigned n = 0, calls = 0;
    for (; !n && calls < 1000; calls++)
        n = take(m, NOW, true, 0, 100);
    cr_assert_gt(calls, 2);
    cr_assert_gt(n, 0);
    cr_assert_leq(n, 100);
    cr_assert_geq(in.taken[0], PORT_MERGE_ROOM - PORT_MERGE_BURST);
    cr_assert_eq(in.taken[0], n + port_merge_waiting(m));
    unsigned left = (unsigned)port_merge_waiting(m);
    port_merge_destroy(m, drop);
    cr_assert_eq(dropped, left);
    port_merge_destroy(NULL, drop);
}
