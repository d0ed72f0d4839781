/* micro: what the parts of the way of a frame cost, in ticks of the processor's clock and in nanoseconds.
 *
 * usage: micro [--short] [decode] [table] [handover] [rows]
 *
 * Each figure is the median of several rounds, with the least one beside it. If the two are far apart, the
 * machine was busy. */
#include "bench/micro.h"
#include "engine/clock.h"

#include <stdio.h>
#include <stdlib.h>

bool micro_short;
static double ns_a_tick;

void micro_check(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "micro: wrong result: %s\n", what);
    exit(1);
}

static void calibrate(void)
{
    int64_t start = clock_monotonic_ns();
    uint64_t ticks = clock_ticks();
    while (clock_monotonic_ns() - start < 20000000)
        ;
    ns_a_tick = (double)(clock_monotonic_ns() - start) / (double)(clock_ticks() - ticks);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void micro_row(const char *part, const char *what, double *ticks, unsigned rounds)
{
    qsort(ticks, rounds, sizeof *ticks, by_size);
    double median = ticks[rounds / 2];
    printf("%-9s %-52s %9.1f %9.1f %9.1f\n", part, what, median, ticks[0], median * ns_a_tick);
    fflush(stdout);
}

void micro_time(const char *part, const char *what, uint64_t items, void (*run)(void *), void *argument)
{
    enum { ROUNDS = 21, ROUNDS_SHORT = 5 };
    double ticks[ROUNDS];
    unsigned rounds = micro_short ? ROUNDS_SHORT : ROUNDS;
    const double enough = 1e6 / ns_a_tick; /* 1 ms a round */
    run(argument);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t start = clock_ticks(), spent, runs = 0;
        do {
            run(argument);
            runs++;
            spent = clock_ticks() - start;
        } while ((double)spent < enough);
        ticks[i] = (double)spent / (double)(runs * items);
    }
    micro_row(part, what, ticks, rounds);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"decode", micro_decode}, {"table", micro_table}, {"handover", micro_handover}, {"rows", micro_rows}};
    bool wanted[ARRAY_LEN(parts)] = {false}, any = false;
    for (int i = 1; i < argc; i++) {
        bool known = !strcmp(argv[i], "--short");
        micro_short |= known;
        for (size_t k = 0; k < ARRAY_LEN(parts); k++)
            if (!strcmp(argv[i], parts[k].name))
                any = known = wanted[k] = true;
        if (!known) {
            fprintf(stderr, "usage: micro [--short] [decode] [table] [handover] [rows]\n");
            return 1;
        }
    }
    calibrate();
    printf("%.2f ticks a nanosecond\n", 1 / ns_a_tick);
    printf("%-9s %-52s %9s %9s %9s\n", "part", "an item", "ticks", "least", "ns");
    for (size_t k = 0; k < ARRAY_LEN(parts); k++)
        if (wanted[k] || !any)
            parts[k].run();
    return 0;
}
