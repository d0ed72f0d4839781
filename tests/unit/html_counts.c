/* Counting for the charts of the report page: the same bins in whatever order things are added, none lost, and no more
 * bins than there may be. */
#include "io/html/html_counts.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MANY = 5000 };

static uint64_t all_of(const struct html_times *t)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < HTML_TIME_BINS; i++)
        for (unsigned s = 0; s < HTML_SERIES; s++)
            n += t->bin[i][s];
    return n;
}

/* Some around 1970, too, and all within this many ns. */
static void expect_any_order(int64_t first, int64_t span)
{
    struct html_times *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    int64_t time[MANY];
    uint64_t random = 7;
    for (unsigned i = 0; i < MANY; i++)
        time[i] = first + (int64_t)(random_next(&random) % (uint64_t)span);
    for (unsigned i = 0; i < MANY; i++) {
        html_times_add(a, time[i], i % HTML_SERIES);
        html_times_add(b, time[MANY - 1 - i], (MANY - 1 - i) % HTML_SERIES);
    }
    cr_expect_eq(all_of(a), MANY);
    cr_expect_arr_eq(a, b, sizeof *a);
    cr_expect_leq(a->count, HTML_TIME_BINS);
    cr_expect(a->width == 0 || span / html_width(a->width - 1) >= HTML_TIME_BINS - 1, "wider than need be");
    free(a);
    free(b);
}

Test(html_counts, times_in_any_order)
{
    expect_any_order(0, 1000000);                                                /* one bin of 1 ms */
    expect_any_order(-5000000, 10000000);                                        /* around 1970 */
    expect_any_order(INT64_C(1700000000123456789), INT64_C(3600000000000));      /* an hour */
    expect_any_order(INT64_C(-100000000000000000), INT64_C(300000000000000000)); /* ten years */
}

Test(html_counts, widths_are_multiples_of_those_before)
{
    for (unsigned i = 1; i < HTML_WIDTHS; i++)
        cr_expect(html_width(i) % html_width(i - 1) == 0 && (html_width(i) > html_width(i - 1) || i > 34));
}

Test(html_counts, gaps_by_edges)
{
    struct html_gaps g = {0};
    html_gaps_add(&g, -1, 0);
    html_gaps_add(&g, 999, 0);
    html_gaps_add(&g, 1000, 1); /* 1 us is the first edge, and in the bin that it begins */
    html_gaps_add(&g, INT64_C(1000000000), 2);
    html_gaps_add(&g, INT64_MAX, 3);
    cr_expect_eq(g.bin[0][0], 2);
    cr_expect_eq(g.bin[1][1], 1);
    cr_expect_eq(g.bin[6 * 8 + 1][2], 1);
    cr_expect_eq(html_edges()[6 * 8], INT64_C(1000000000));
    cr_expect_eq(html_edges()[HTML_EDGES - 1], INT64_C(10000000000000000)); /* 116 days */
    cr_expect_eq(g.bin[HTML_GAP_BINS - 1][3], 1);
}

Test(html_counts, most_open_at_once)
{
    /* Open from 0 to 10 s, 4 to 6 s, and for a moment at 6 s and at 20 s; a bin is 0.1 s. */
    const int64_t second = 1000000000;
    const int64_t begun[] = {0, 4 * second, 6 * second, 20 * second};
    const int64_t ended[] = {6 * second, 6 * second, 10 * second, 20 * second};
    struct html_open o;
    html_open_count(&o, begun, ended, 4);
    cr_expect_eq(html_width(o.width), second / 10);
    cr_expect_eq(o.count, 201);
    cr_expect_eq(o.most[0], 1);
    cr_expect_eq(o.most[41], 2);
    cr_expect_eq(o.most[60], 3); /* what ends in the moment in which another begins is open with it */
    cr_expect_eq(o.most[61], 1);
    cr_expect_eq(o.most[101], 0);
    cr_expect_eq(o.most[200], 1);
}

Test(html_counts, most_open_at_the_ends_of_time)
{
    const int64_t begun[] = {INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1};
    const int64_t ended[] = {INT64_MIN + 2, 0, INT64_MAX - 1, INT64_MAX};
    struct html_open o;
    html_open_count(&o, begun, ended, 4);
    cr_assert_geq(o.count, 3);
    cr_expect_eq(o.most[0], 2);
    cr_expect_eq(o.most[-o.first], 2);
    cr_expect_eq(o.most[o.count - 1], 2);
    for (unsigned i = 0; i < o.count; i++)
        cr_expect_leq(o.most[i], 2, "bin %u: %u", i, o.most[i]);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Test(html_counts, first_items_in_any_order)
{
    struct html_kept k = {.size = sizeof(uint64_t), .compare = by_number, .max = 100};
    for (uint64_t i = 0; i < 1009; i++) {
        const uint64_t item = i * 611 % 1009; /* each once */
        cr_assert_eq(html_kept_add(&k, &item), 0);
        cr_assert_leq(k.capacity, 125);
    }
    html_kept_sort(&k);
    cr_expect_eq(k.count, 100);
    for (uint64_t i = 0; i < k.count; i++)
        cr_expect_eq(*(const uint64_t *)k.items[i], i);
    html_kept_free(&k);
}
