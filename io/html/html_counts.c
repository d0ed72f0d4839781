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
/* By the number of bits of a time in ns: the first edge that has as many, or more. From there at most three edges are
 * passed. */
static uint8_t first_edge[65];

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
    for (unsigned bits = 1, i = 0; bits <= 64; bits++) {
        while (i < HTML_EDGES && (uint64_t)edges[i] >> (bits - 1) == 0)
            i++;
        first_edge[bits] = (uint8_t)i;
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
    unsigned i = ns > 0 ? first_edge[64 - __builtin_clzll((uint64_t)ns)] : 0;
    while (i < HTML_EDGES && edge[i] <= ns)
        i++;
    g->bin[i][series]++;
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

struct block {
    struct block *next;
    _Alignas(max_align_t) uint8_t bytes[];
};

/* qsort() does not say what it is that compares. */
static int compare_items(const void *a, const void *b, void *kept)
{
    return ((const struct html_kept *)kept)->compare(*(void *const *)a, *(void *const *)b);
}

void html_kept_sort(struct html_kept *k)
{
    uint32_t sorted = 1; /* as reuses mostly are */
    while (sorted < k->count && k->compare(k->items[sorted - 1], k->items[sorted]) < 0)
        sorted++;
    if (sorted < k->count)
        qsort_r(k->items, k->count, sizeof *k->items, compare_items, k);
    k->full = k->full || k->count >= k->max;
    k->count = MIN(k->count, k->max);
}

static uint32_t most_items(const struct html_kept *k)
{
    return k->max + MAX(k->max / 4, 1u);
}

/* 0, or -1 when memory is short. */
static int add_block(struct html_kept *k)
{
    enum { BLOCK = 32768 };
    const uint32_t more = (uint32_t)MIN(BLOCK / k->size + 1, (size_t)most_items(k) - k->capacity);
    void **items = realloc(k->items, ((size_t)k->capacity + more) * sizeof *items);
    if (!items)
        return -1;
    k->items = items;
    struct block *block = malloc(sizeof *block + more * k->size);
    if (!block)
        return -1;
    block->next = k->blocks;
    k->blocks = block;
    for (uint32_t i = 0; i < more; i++)
        items[k->capacity++] = block->bytes + i * k->size;
    return 0;
}

bool html_kept_wants(const struct html_kept *k, const void *item)
{
    return !k->full || k->compare(item, k->items[k->max - 1]) < 0;
}

void *html_kept_place(struct html_kept *k)
{
    if (k->count == most_items(k))
        html_kept_sort(k);
    if (k->count == k->capacity && add_block(k))
        return NULL;
    return k->items[k->count++];
}

int html_kept_add(struct html_kept *k, const void *item)
{
    if (!html_kept_wants(k, item))
        return 0;
    void *to = html_kept_place(k);
    if (!to)
        return -1;
    memcpy(to, item, k->size);
    return 0;
}

void html_kept_free(struct html_kept *k)
{
    for (struct block *b = k->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(k->items);
    k->blocks = NULL;
    k->items = NULL;
    k->count = k->capacity = 0;
}
