/* How a list of segments gets from the worker that decodes to the one that drains: writing it, reading it on
 * the same core, reading it on another one, and what the signal that it is there takes. Two threads, bound to
 * two cores where there are two. */
#include "bench/micro.h"
#include "engine/clock.h"
#include "engine/conversations/segment.h"
#include "engine/turn.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEGMENTS = 4096, LISTS = 8, ROUNDS = 201 };

struct handover {
    _Atomic unsigned
        filled; /* lists handed over: written by the producer (release), read by the consumer (acquire) */
    _Atomic unsigned emptied; /* and the other way round */
    struct segment4 *lists[LISTS];
    unsigned size; /* segments of a list; 0: only the signal */
    unsigned rounds;
    double *read_ticks; /* a segment, by round; the consumer's */
    uint64_t sum;       /* of what the consumer read */
    int core;
};

static void bind_to(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (core >= 0)
        pthread_setaffinity_np(pthread_self(), sizeof set,
                               &set); /* where it is refused, figures are vaguer */
}

/* The first two cores that the process may use; -1: there is no such. */
static void two_cores(int core[2])
{
    cpu_set_t set;
    core[0] = core[1] = -1;
    if (sched_getaffinity(0, sizeof set, &set))
        return;
    for (int i = 0, n = 0; i < CPU_SETSIZE && n < 2; i++)
        if (CPU_ISSET(i, &set))
            core[n++] = i;
}

static void wait_for(const _Atomic unsigned *counter, unsigned value)
{
    for (unsigned spins = 0; atomic_load_explicit(counter, memory_order_acquire) != value; spins++)
        if (spins > 10000)
            sched_yield();
}

static uint64_t write_list(struct segment4 *list, unsigned n, unsigned seed)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        list[i] =
            (struct segment4){.s = {.hash = seed + i, .position = i << 8, .seq = i}, .address = {seed, i}};
        sum += seed + i;
    }
    return sum;
}

static uint64_t read_list(const struct segment4 *list, unsigned n)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += list[i].s.hash + (list[i].s.seq ^ list[i].address[1]); /* the latter is 0 */
    return sum;
}

static void *consume(void *argument)
{
    struct handover *h = argument;
    bind_to(h->core);
    for (unsigned round = 0; round < h->rounds; round++) {
        wait_for(&h->filled, round + 1);
        uint64_t start = clock_ticks();
        h->sum += read_list(h->lists[round % LISTS], h->size);
        if (h->size)
            h->read_ticks[round] = (double)(clock_ticks() - start) / h->size;
        atomic_store_explicit(&h->emptied, round + 1, memory_order_release);
    }
    return NULL;
}

static void exchange(struct handover *h, unsigned size, unsigned rounds, double *round_ticks)
{
    pthread_t consumer;
    uint64_t sum = 0;
    h->size = size;
    h->rounds = rounds;
    h->sum = 0;
    atomic_store(&h->filled, 0);
    atomic_store(&h->emptied, 0);
    micro_check(!pthread_create(&consumer, NULL, consume, h), "a thread");
    for (unsigned round = 0; round < rounds; round++) {
        sum += write_list(h->lists[round % LISTS], size, round * 31);
        uint64_t start = clock_ticks();
        atomic_store_explicit(&h->filled, round + 1, memory_order_release);
        wait_for(&h->emptied, round + 1);
        round_ticks[round] = (double)(clock_ticks() - start) / 2;
    }
    pthread_join(consumer, NULL);
    micro_check(sum == h->sum, "what was handed over is what arrived");
}

static void write_one(void *argument)
{
    struct handover *h = argument;
    static unsigned seed;
    micro_keep(write_list(h->lists[seed % LISTS], SEGMENTS, seed));
    seed++;
}

static void read_one(void *argument)
{
    struct handover *h = argument;
    micro_keep(read_list(h->lists[0], SEGMENTS));
}

static void take_turn(void *argument)
{
    struct turn *turn = argument;
    if (turn_take(turn))
        turn_give_back(turn);
}

void micro_handover(void)
{
    static struct handover h;
    static double read_ticks[ROUNDS], signal_ticks[ROUNDS];
    static struct turn turn;
    cpu_set_t before;
    int core[2];
    for (unsigned i = 0; i < LISTS; i++) {
        h.lists[i] = calloc(SEGMENTS, sizeof **h.lists);
        micro_check(h.lists[i] != NULL, "memory");
    }
    micro_check(!sched_getaffinity(0, sizeof before, &before), "the cores");
    two_cores(core);
    bind_to(core[0]);
    h.core = core[1];
    h.read_ticks = read_ticks;

    micro_time("handover", "a segment written", SEGMENTS, write_one, &h);
    micro_time("handover", "a segment read by who wrote it", SEGMENTS, read_one, &h);
    if (core[1] >= 0) {
        exchange(&h, SEGMENTS, ROUNDS, signal_ticks);
        micro_row("handover", "a segment read on another core", read_ticks, ROUNDS);
        exchange(&h, 0, ROUNDS, signal_ticks);
        micro_row("handover", "a signal to another core", signal_ticks, ROUNDS);
    } else {
        printf("handover  one core: no second thread\n");
    }
    micro_time("handover", "a turn taken and given back", 1, take_turn, &turn);
    pthread_setaffinity_np(pthread_self(), sizeof before, &before);
    for (unsigned i = 0; i < LISTS; i++)
        free(h.lists[i]);
}
