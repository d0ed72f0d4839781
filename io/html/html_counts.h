/* Counts for charts, in bounded memory. What comes out does not depend on the order in which things are added. */
#ifndef TCPREUSE_HTML_COUNTS_H
#define TCPREUSE_HTML_COUNTS_H

#include "engine/conversations/verdict.h"

/* By verdict, and those without one where none are wanted. */
enum { HTML_SERIES = VERDICT_WORDS + 1 };

/* Widths of bins: each is a multiple of the one before, in steps that people know: 1 ms, 5 ms, ... a day, two ... */
enum { HTML_WIDTHS = 40 };
/* ns */
int64_t html_width(unsigned i);

/* Reuses over time. Bins begin at multiples of their width; where there would be more than HTML_TIME_BINS, they become
 * wider. Zeroed, it is empty. */
enum { HTML_TIME_BINS = 2048 };
struct html_times {
    unsigned width; /* for html_width() */
    unsigned count; /* bins from the first one to the last one that have something */
    int64_t first;  /* number of the first bin: it begins at first * width */
    uint64_t bin[HTML_TIME_BINS][HTML_SERIES];
};
void html_times_add(struct html_times *t, int64_t time, unsigned series);

/* Times between two events, in eight bins a decade from 1 us to 10^7 s: bin i + 1 counts from edge i to edge i + 1, the
 * first bin what is less than all edges, the last one the rest. Zeroed, it is empty. */
enum { HTML_EDGES = 13 * 8 + 1, HTML_GAP_BINS = HTML_EDGES + 1 };
struct html_gaps {
    uint64_t bin[HTML_GAP_BINS][HTML_SERIES];
};
/* ns, ascending. */
const int64_t *html_edges(void);
void html_gaps_add(struct html_gaps *g, int64_t ns, unsigned series);

/* The most conversations that a client had open at once, in each of some bins of time. */
enum { HTML_OPEN_BINS = 256 };
struct html_open {
    unsigned width, count;
    int64_t first;
    uint32_t most[HTML_OPEN_BINS];
};
/* begun, ended: ascending, n each, at least one. */
void html_open_count(struct html_open *o, const int64_t *begun, const int64_t *ended, uint32_t n);

/* Items of one size, the first ones of an order, up to a limit. Room for a quarter more is used meanwhile. Items stay
 * where they are; what is sorted are pointers. */
struct html_kept {
    size_t size;
    int (*compare)(const void *, const void *); /* never 0 for two items */
    uint32_t max;
    uint32_t count, capacity;
    bool full;    /* those behind item max - 1 are not kept any more */
    void **items; /* capacity pointers, of which the first count are taken */
    void *blocks; /* a list: each block begins with the address of the next one */
};
/* May the item be among the first ones? compare() alone reads it. */
bool html_kept_wants(const struct html_kept *k, const void *item);
/* Room for another item, to be filled before the next call. NULL when memory is short. */
void *html_kept_place(struct html_kept *k);
/* Both, with a copy. 0, or -1 when memory is short. */
int html_kept_add(struct html_kept *k, const void *item);
/* Once all are added: puts them in order. */
void html_kept_sort(struct html_kept *k);
void html_kept_free(struct html_kept *k);

#endif
