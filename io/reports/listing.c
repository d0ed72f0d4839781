/* The listing of reuses. Threads that format only copy what a row says; the text is made in order, so that
 * columns can grow with what they hold, and the same text comes out for any number of threads. */
#include "io/reports/listing.h"
#include "io/reports/digest.h"
#include "io/reports/names.h"
#include "io/reports/realm_words.h"
#include "io/reports/story.h"
#include "io/reports/verdict_words.h"

#include <inttypes.h>
#include <stdlib.h>

static const char mark[] = "[TCP Port numbers reused]";

enum {
    /* "255.255.255.255:65535", and an IPv6 address of 39 characters in brackets, with its port. */
    ENDPOINT_IPV4 = 21,
    ENDPOINT_IPV6 = 47,
    ENDPOINT_USUAL = 28, /* most of either, since few IPv6 addresses are that long */
    ENDPOINT_LEAST = 12,
    /* Columns of a line, its endpoints left out: frame, time, arrow, mark, trigger, gap, verdict. */
    REST_OF_LINE = 9 + 2 + 26 + 2 + 3 + 2 + 25 + 2 + 16 + 2 + 10 + 2 + 14,
    /* Where a reuse takes two lines, of the first one: frame, time, arrow. */
    REST_OF_FIRST_LINE = 8 + 1 + 23 + 2 + 3,
    INDENT = 9,
    INDENT_NARROW = 4,
};

struct listing {
    struct listing_params params;
    /* Used by the thread that writes the report, one at a time. */
    struct digest digest;
    bool begun;
    bool wide;         /* a reuse takes one line */
    unsigned decimals; /* of times, at most */
    bool dates;        /* times have them */
    unsigned endpoint; /* columns of one, so far */
    unsigned most;     /* which they may grow to */
};

static void choose_layout(struct listing *l)
{
    const unsigned width = l->params.style.width;
    l->wide = !width || width >= REST_OF_LINE + 2 * ENDPOINT_IPV4;
    l->dates = !width || width >= 80;
    const unsigned rest = l->wide ? REST_OF_LINE : l->dates ? REST_OF_FIRST_LINE : REST_OF_FIRST_LINE - 15;
    l->most = !width                               ? ENDPOINT_IPV6
              : width <= rest + 2 * ENDPOINT_LEAST ? ENDPOINT_LEAST
                                                   : MIN((width - rest) / 2, (unsigned)ENDPOINT_IPV6);
    l->endpoint = MIN(l->most, (unsigned)(l->wide ? ENDPOINT_USUAL : ENDPOINT_IPV4));
    l->decimals = l->wide ? 6 : l->dates ? 3 : 0;
}

struct listing *listing_create(const struct listing_params *params)
{
    struct listing *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->params = *params;
    choose_layout(l);
    return l;
}

void listing_destroy(struct listing *l)
{
    if (!l)
        return;
    digest_free(&l->digest);
    free(l);
}

static int listing_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    struct listing_row *kept = (void *)text_room(text, sizeof *kept);
    if (!kept)
        return -1;
    *kept = (struct listing_row){.reuse = *row->reuse,
                                 .family = row->family,
                                 .episode = row->episode,
                                 .origin = row->origin,
                                 .key_parts = sink->key_parts};
    if (row->finding)
        kept->finding = *row->finding;
    text->length += sizeof *kept;
    return 0;
}

/* Makes the columns of endpoints wider, in few steps, so that rows do not jump. */
static void fit_endpoint(struct listing *l, size_t length)
{
    static const unsigned steps[] = {ENDPOINT_IPV4, ENDPOINT_USUAL, 36, ENDPOINT_IPV6};
    for (unsigned i = 0; i < ARRAY_LEN(steps) && l->endpoint < MIN(length, (size_t)l->most); i++)
        l->endpoint = MAX(l->endpoint, MIN(steps[i], l->most));
}

static void print_header(const struct listing *l, struct page *page)
{
    const char *arrow = page_arrow(page), *verdict = l->params.timers ? "Verdict" : "";
    page_paint(page, PAINT_BOLD);
    if (l->wide)
        page_print(page, "%9s  %-26s  %-*s %s %-*s  %-25s  %-16s  %10s%s%s", "Frame", "Time (UTC)",
                   (int)l->endpoint, "Source", arrow, (int)l->endpoint, "Destination", "As in Wireshark",
                   "Trigger", "Gap", *verdict ? "  " : "", verdict);
    else
        page_print(page, "%8s %-*s  %s %s %s\n%*s%s%-16s %10s%s%s", "Frame", l->dates ? 23 : 8,
                   l->dates ? "Time (UTC)" : "Time", "Source", arrow, "Destination",
                   l->dates ? INDENT : INDENT_NARROW, "", l->dates ? "As in Wireshark            " : "",
                   "Trigger", "Gap", *verdict ? "  " : "", verdict);
    page_paint(page, PAINT_NONE);
    page_print(page, "\n");
}

static void print_verdict(const struct listing *l, struct page *page, const struct listing_row *row)
{
    if (!l->params.timers)
        return;
    page_print(page, "  ");
    page_paint(page, verdict_words[row->finding.verdict].paint);
    page_print(page, "%s", verdict_names[row->finding.verdict]);
    page_paint(page, PAINT_NONE);
}

/* A line below the reuse: where its frame is found, and the network that it belongs to. */
static void print_place(const struct listing *l, struct page *page, const struct listing_row *row)
{
    const unsigned width = page->style.width ? page->style.width : 160;
    char realm[REALM_WORDS_MAX];
    const size_t length = realm_words(realm, row->key_parts, &row->reuse.previous.keyed.realm);
    if (!l->params.with_origin && !length)
        return;
    page_paint(page, PAINT_DIM);
    page_print(page, "%*s%s", INDENT, "", realm);
    if (l->params.with_origin) {
        page_print(page, "%sframe %" PRIu64 " of ", length ? ", " : "", row->origin.frame);
        page_name(page, row->origin.file,
                  MAX(width, 60u + (unsigned)length) - INDENT - 20 - (unsigned)length);
    }
    page_paint(page, PAINT_NONE);
    page_print(page, "\n");
}

static void print_row(struct listing *l, struct page *page, const struct listing_row *row)
{
    const struct reuse *r = &row->reuse;
    const struct conversation *c = &r->previous.c;
    const void *addresses = listing_addresses(row);
    char source[PAGE_ENDPOINT_MAX], destination[PAGE_ENDPOINT_MAX], time[PAGE_TIME_MAX], gap[PAGE_GAP_MAX];
    page_endpoint(source, row->family, addresses, r->flow, conversation_port(c, r->flow));
    page_endpoint(destination, row->family, addresses, !r->flow, conversation_port(c, !r->flow));
    fit_endpoint(l, MAX(strlen(source), strlen(destination)));
    page_time(time, r->time, r->decimals, l->decimals);
    page_gap(gap, listing_gap(row));
    if (l->wide)
        page_print(page, "%9" PRIu64 "  %-26s  ", r->frame, time);
    else
        page_print(page, "%8" PRIu64 " %-*s  ", r->frame, l->dates ? 23 : 8, time + (l->dates ? 0 : 11));
    page_endpoint_column(page, source, l->endpoint);
    page_print(page, " %s ", page_arrow(page));
    page_endpoint_column(page, destination, MIN(l->endpoint, l->wide ? 99u : (unsigned)strlen(destination)));
    page_print(page, l->wide ? "  " : "\n%*s", l->dates ? INDENT : INDENT_NARROW, "");
    if (l->dates) { /* a narrow window has no room for it */
        page_paint(page, PAINT_DIM);
        page_print(page, "%s", mark);
        page_paint(page, PAINT_NONE);
        page_print(page, "  ");
    }
    page_print(page, "%-16s%*s%10s", trigger_names[r->trigger], l->wide ? 2 : 1, "", gap);
    print_verdict(l, page, row);
    page_print(page, "\n");
    print_place(l, page, row);
}

static int listing_arrange(void *state, const struct text *rows, struct text *out)
{
    struct listing *l = state;
    struct page page = {.style = l->params.style, .text = out};
    const struct listing_row *row = (const void *)rows->bytes;
    for (size_t n = rows->length / sizeof *row; n; n--, row++) {
        if (digest_add(&l->digest, row, l->params.timers))
            return -1;
        if (!l->begun && !l->params.details)
            print_header(l, &page);
        l->begun = true;
        if (l->params.details)
            story_print(&page, row, l->params.timers);
        else
            print_row(l, &page, row);
    }
    return page.failed ? -1 : 0;
}

static int listing_finish(void *state, struct text *out)
{
    struct listing *l = state;
    struct page page = {.style = l->params.style, .text = out};
    if (l->params.digest)
        digest_print(&l->digest, &page, l->params.timers, !l->params.details);
    return page.failed ? -1 : 0;
}

const struct row_format listing_format = {
    .suffix = "",
    .reuse = listing_reuse,
    .arrange = listing_arrange,
    .finish = listing_finish,
};
