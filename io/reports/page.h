/* Text for people, of which a page is made: lines that fit a window, colours, endpoints and times. What has
 * been added stays when memory runs out; failed tells of it. One thread at a time. */
#ifndef TCPREUSE_PAGE_H
#define TCPREUSE_PAGE_H

#include "engine/sink.h"

struct page_style {
    unsigned width; /* columns of the window; 0: lines may have any length */
    bool color;     /* with escape sequences (ECMA-48, 8.3.117) */
    bool utf8;      /* arrows and ellipses; else ASCII */
};

struct page {
    struct page_style style;
    struct text *text;
    bool failed;
};

/* Colours, by their numbers. */
enum paint {
    PAINT_NONE = 0,
    PAINT_BOLD = 1,
    PAINT_DIM = 2,
    PAINT_RED = 31,
    PAINT_GREEN = 32,
    PAINT_YELLOW = 33,
    PAINT_MAGENTA = 35,
    PAINT_CYAN = 36,
};

void page_print(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* From here on, what is printed has this colour. PAINT_NONE ends it. */
void page_paint(struct page *p, enum paint paint);
/* Text in lines that fit the window, the first one where the line stands, at column `at`, the others indented
 * to that column. Breaks between words, but within no parentheses. Ends the line. */
void page_wrap(struct page *p, unsigned at, const char *text);
/* Any bytes in at most so many columns, escaped as messages are, the last of them an ellipsis where it is cut. */
void page_name(struct page *p, const char *name, unsigned columns);
const char *page_arrow(const struct page *p);

enum { PAGE_ENDPOINT_MAX = 64, PAGE_GAP_MAX = 32, PAGE_TIME_MAX = 48 };

/* "192.0.2.1:80" or "[2001:db8::1]:80"; returns text. addresses: of uint32_t, or of 16 bytes. */
const char *page_endpoint(char text[PAGE_ENDPOINT_MAX], enum family family, const void *addresses,
                          unsigned endpoint, uint16_t port);
/* Prints an endpoint in exactly so many columns, 12 or more: padded, or with the middle of its address left
 * out. */
void page_endpoint_column(struct page *p, const char *endpoint, unsigned columns);
/* A time between two events, with its unit; returns text. */
const char *page_gap(char text[PAGE_GAP_MAX], int64_t ns);
/* Date and time, at most so many decimals of those it has; returns text. */
const char *page_time(char text[PAGE_TIME_MAX], int64_t ns, unsigned decimals, unsigned most);
/* A number with commas; returns text. */
const char *page_number(char text[PAGE_GAP_MAX], uint64_t n);

#endif
