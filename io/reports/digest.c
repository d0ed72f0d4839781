/* Counts the reuses of a listing, and says what they come to. */
#include "io/reports/digest.h"
#include "io/reports/names.h"
#include "io/reports/verdict_words.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

/* Endpoints that are counted, at most: 64 bytes and a node of a tree each. */
enum { RANKED_MAX = 1 << 20 };
/* Those that are shown. */
enum { WORST = 5 };

struct ranked {
    struct endpoint {
        uint8_t address[16];
        uint16_t port; /* 0: of any */
        uint16_t family;
    } endpoint;
    uint32_t order; /* of appearance */
    uint64_t reuses, hurt;
};

static int by_endpoint(const void *a, const void *b)
{
    return memcmp(&((const struct ranked *)a)->endpoint, &((const struct ranked *)b)->endpoint,
                  sizeof(struct endpoint));
}

static struct endpoint endpoint_of(const struct listing_row *row, unsigned side, bool with_port)
{
    struct endpoint e = {.family = (uint16_t)row->family};
    const size_t size = row->family == FAMILY_IPV4 ? sizeof(uint32_t) : 16;
    memcpy(e.address, (const uint8_t *)listing_addresses(row) + side * size, size);
    if (with_port)
        e.port = conversation_port(&row->reuse.previous.c, side);
    return e;
}

static int rank(struct ranking *ranking, struct endpoint endpoint, bool hurts)
{
    struct ranked key = {.endpoint = endpoint};
    struct ranked **found = tfind(&key, &ranking->tree, by_endpoint);
    if (!found && ranking->count == RANKED_MAX) {
        ranking->full = true;
        return 0;
    }
    if (!found) {
        struct ranked *new = malloc(sizeof *new);
        if (!new)
            return -1;
        *new = key;
        found = tsearch(new, &ranking->tree, by_endpoint);
        if (!found) {
            free(new);
            return -1;
        }
        new->order = ranking->count++;
    }
    (*found)->reuses++;
    (*found)->hurt += hurts;
    return 0;
}

int digest_add(struct digest *d, const struct listing_row *row, bool has_finding)
{
    const enum verdict verdict = has_finding ? row->finding.verdict : VERDICT_UNKNOWN;
    const unsigned client = listing_client(row);
    const bool hurts = verdict_words[verdict].hurts;
    d->reuses++;
    d->verdicts[verdict]++;
    d->hurt += hurts;
    return rank(&d->clients, endpoint_of(row, client, false), hurts) ||
                   rank(&d->servers, endpoint_of(row, !client, true), hurts)
               ? -1
               : 0;
}

void digest_free(struct digest *d)
{
    tdestroy(d->clients.tree, free);
    tdestroy(d->servers.tree, free);
    *d = (struct digest){0};
}

static bool is_worse(const struct ranked *a, const struct ranked *b)
{
    if (a->hurt != b->hurt)
        return a->hurt > b->hurt;
    return a->reuses != b->reuses ? a->reuses > b->reuses : a->order < b->order;
}

struct worst {
    const struct ranked *items[WORST];
    unsigned count;
};

static void consider(const void *node, VISIT visit, void *closure)
{
    struct worst *w = closure;
    const struct ranked *r = *(const struct ranked *const *)node;
    if (visit != postorder && visit != leaf)
        return;
    unsigned i = w->count;
    while (i && is_worse(r, w->items[i - 1]))
        i--;
    if (i == WORST)
        return;
    w->count = MIN(w->count + 1, (unsigned)WORST);
    memmove(&w->items[i + 1], &w->items[i], (w->count - 1 - i) * sizeof(const struct ranked *));
    w->items[i] = r;
}

static const char *name_ranked(char text[PAGE_ENDPOINT_MAX], const struct ranked *r)
{
    uint32_t v4;
    memcpy(&v4, r->endpoint.address, sizeof v4);
    const enum family family = r->endpoint.family;
    return page_endpoint(text, family, family == FAMILY_IPV4 ? (const void *)&v4 : r->endpoint.address, 0,
                         r->endpoint.port);
}

static void print_ranking(const struct ranking *ranking, struct page *page, const char *what, bool any_hurt)
{
    struct worst worst = {.count = 0};
    char number[PAGE_GAP_MAX], name[PAGE_ENDPOINT_MAX];
    twalk_r(ranking->tree, consider, &worst);
    page_paint(page, PAINT_BOLD);
    page_print(page, "%s%s", what, any_hurt ? ", those with most trouble first" : " with most reuses");
    page_paint(page, PAINT_NONE);
    page_print(page, " (%u of %s%s)\n", worst.count, ranking->full ? "more than " : "",
               page_number(number, ranking->count));
    unsigned columns = 0;
    for (unsigned i = 0; i < worst.count; i++)
        columns = MAX(columns, (unsigned)strlen(name_ranked(name, worst.items[i])));
    /* What follows the name takes 46 columns, or in a narrow window 34. */
    const bool narrow = page->style.width && page->style.width < 78;
    if (page->style.width)
        columns = MIN(columns, MAX(page->style.width, 50u) - (narrow ? 36 : 48));
    for (unsigned i = 0; i < worst.count; i++) {
        const struct ranked *r = worst.items[i];
        page_print(page, "  ");
        page_endpoint_column(page, name_ranked(name, r), columns);
        page_print(page, "%8s reuse%s", page_number(number, r->reuses), r->reuses == 1 ? "" : "s");
        if (r->hurt)
            page_print(page, ", %s%s %s", r->reuses == 1 ? " " : "", page_number(number, r->hurt),
                       narrow ? "in trouble" : "refused, held up or lost");
        page_print(page, "\n");
    }
}

static void print_verdicts(const struct digest *d, struct page *page)
{
    for (unsigned round = 0; round < 2; round++) /* what hurts comes first */
        for (unsigned v = 0; v < VERDICT_WORDS; v++) {
            const struct verdict_words *w = &verdict_words[v];
            char number[PAGE_GAP_MAX], sentences[640];
            if (!d->verdicts[v] || w->hurts == round)
                continue;
            page_print(page, "%8s  ", page_number(number, d->verdicts[v]));
            page_paint(page, w->paint);
            page_print(page, "%-14s", verdict_names[v]);
            page_paint(page, PAINT_NONE);
            page_print(page, "  ");
            snprintf(sentences, sizeof sentences, "%c%s. %s", w->meaning[0] - 'a' + 'A', w->meaning + 1,
                     w->next);
            page_wrap(page, 26, sentences);
        }
}

const char *digest_sentence(char text[DIGEST_SENTENCE_MAX], uint64_t reuses, uint64_t hurts,
                            bool has_findings)
{
    char number[PAGE_GAP_MAX], hurt[PAGE_GAP_MAX];
    const char *plural = reuses == 1 ? "" : "s";
    page_number(number, reuses);
    page_number(hurt, hurts);
    if (!reuses)
        snprintf(text, DIGEST_SENTENCE_MAX, "No TCP ports were reused.");
    else if (!has_findings)
        snprintf(text, DIGEST_SENTENCE_MAX, "%s reuse%s of TCP ports.", number, plural);
    else if (!hurts)
        snprintf(text, DIGEST_SENTENCE_MAX,
                 "%s reuse%s of TCP ports; none of the new connections was refused, held up or lost for it.",
                 number, plural);
    else
        snprintf(text, DIGEST_SENTENCE_MAX,
                 "%s reuse%s of TCP ports; %s of the new connections %s refused, held up or lost.", number,
                 plural, hurt, hurts == 1 ? "was" : "were");
    return text;
}

void digest_print(const struct digest *d, struct page *page, bool has_findings, bool hint)
{
    char sentence[DIGEST_SENTENCE_MAX];
    digest_sentence(sentence, d->reuses, d->hurt, has_findings);
    if (!d->reuses) {
        page_print(page, "%s\n\n", sentence);
        return;
    }
    page_print(page, "\n");
    page_paint(page, PAINT_BOLD);
    page_wrap(page, 0, sentence);
    page_paint(page, PAINT_NONE);
    page_print(page, "\n");
    if (has_findings) {
        print_verdicts(d, page);
        page_print(page, "\n");
    }
    print_ranking(&d->clients, page, "Clients", d->hurt);
    page_print(page, "\n");
    print_ranking(&d->servers, page, "Servers", d->hurt);
    page_print(page, "\n");
    if (hint)
        page_print(page, "-V tells each of them in words.\n\n");
}
