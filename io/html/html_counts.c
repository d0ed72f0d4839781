/* Counting for charts: bins of time that become wider when there are too many, bins of a logarithmic scale, and the
 * first items of an order. */
#include "io/html/html_counts.h"

#include <pthread.h>
#include <stdlib.h>

int64_t html_width(unsigned i)
{
    static const int64_t milliseconds[] = {1,       5,        10,       50,       100,     500,    1000,
                                           5000,    10000,    30000,    60000,    300000,  600000, 1800000,
                                           3600000, 10800000, 21600000, 43200000, 86400000};
    const unsigned last = ARRAY_LEN(milliseconds) - 1;
    return (i <= last ? milliseconds[i] : milliseconds[last] << MIN(i - last, 16u)) * 1000000;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void widen(struct html_times *t)
{
    const int64_t factor = html_width(t->width + 1) / html_width(t->width);
    const int64_t first = floor_divide(t->first, factor);
    unsigned count = 0;
    for (unsigned i = 0; i < t->count; i++) {
        const unsigned to = (unsigned)(floor_divide(t->first + i, factor) - first);
        for (unsigned s = 0; s < HTML_SERIES; s++) {
            const uint64_t n = t->bin[i][s];
            t->bin[i][s] = 0;
            t->bin[to][s] += n;
        }
        count = to + 1;
    }
    t->width++;
    t->first = first;
    t->count = count;
}

void html_times_add(struct html_times *t, int64_t time, unsigned series)
{
    int64_t at = floor_divide(time, html_width(t->width));
    if (!t->count) {
        t->first = at;
        t->count = 1;
    }
    while (t->width + 1 < HTML_WIDTHS &&
           (at - t->first >= HTML_TIME_BINS || t->first + t->count - at > HTML_TIME_BINS)) {
        widen(t);
        at = floor_divide(time, html_width(t->width));
    }
    if (at < t->first) {
        const unsigned by = (unsigned)(t->first - at);
        memmove(t->bin[by], t->bin[0], t->count * sizeof t->bin[0]);
        memset(t->bin[0], 0, by * sizeof t->bin[0]);
        t->first = at;
        t->count += by;
    }
    const unsigned i = (unsigned)MIN(at - t->first, (int64_t)HTML_TIME_BINS - 1);
    t->count = MAX(t->count, i + 1);
    t->bin[i][series]++;
}

static int64_t edges[HTML_EDGES];

static void make_edges(void)
{
    /* 10^(i / 8), times 10^9. The last edge is the first of its decade, so no product leaves 64 bits. */
    static const int64_t of_decade[] = {1000000000, 1333521432, 1778279410, 2371373706,
                                        3162277660, 4216965034, 5623413252, 7498942093};
    int64_t unit = 1; /* us */
    for (unsigned i = 0; i < HTML_EDGES; i++) {
        edges[i] = of_decade[i % 8] / 1000000 * unit + of_decade[i % 8] % 1000000 * unit / 1000000;
        if (i % 8 == 7)
            unit *= 10;
    }
}

const int64_t *html_edges(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_edges);
    return edges;
}

void html_gaps_add(struct html_gaps *g, int64_t ns, unsigned series)
{
    const int64_t *const edge = html_edges();
    unsigned low = 0, high = HTML_EDGES; /* edges before low are at most ns, from high on above it */
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (edge[middle] <= ns)
            low = middle + 1;
        else
            high = middle;
    }
    g->bin[low][series]++;
}

void html_open_count(struct html_open *o, const int64_t *begun, const int64_t *ended, uint32_t n)
{
    *o = (struct html_open){0};
    int64_t last;
    for (;; o->width++) {
        o->first = floor_divide(begun[0], html_width(o->width));
        last = floor_divide(ended[n - 1], html_width(o->width));
        if (last - o->first < HTML_OPEN_BINS || o->width + 1 == HTML_WIDTHS)
            break;
    }
    /* Bins are told by their numbers: where one begins may be beyond 64 bits. */
    const int64_t width = html_width(o->width);
    o->count = (unsigned)MIN(last - o->first + 1, (int64_t)HTML_OPEN_BINS);
    uint32_t next = 0, over = 0;
    for (unsigned bin = 0; bin < o->count; bin++) {
        const int64_t number = o->first + bin;
        while (over < n && floor_divide(ended[over], width) < number)
            over++;
        o->most[bin] = next - over;
        for (; next < n && (floor_divide(begun[next], width) <= number || bin + 1 == o->count); next++) {
            while (ended[over] < begun[next])
                over++;
            o->most[bin] = MAX(o->most[bin], next + 1 - over);
        }
    }
}

void html_kept_sort(struct html_kept *k)
{
    if (k->count)
        qsort(k->items, k->count, k->size, k->compare);
    k->full = k->full || k->count >= k->max;
    k->count = MIN(k->count, k->max);
}

int html_kept_add(struct html_kept *k, const void *item)
{
    if (k->full && k->compare(item, k->items + (k->max - 1) * k->size) > 0)
        return 0;
    if (k->count == 2 * k->max)
        html_kept_sort(k);
    if (k->count == k->capacity) {
        const uint32_t capacity = MIN(MAX(k->capacity * 2, 64u), 2 * k->max);
        uint8_t *more = realloc(k->items, capacity * k->size);
        if (!more)
            return -1;
        k->items = more;
        k->capacity = capacity;
    }
    memcpy(k->items + k->count++ * k->size, item, k->size);
    return 0;
}
