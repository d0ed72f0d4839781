/* Finds where records go on behind damage. resync.h says what is believed. */
#include "io/formats/resync.h"

enum {
    /* Chains that are looked at beside the first one: so many, so that bytes that are made for it take no longer than
     * others by more than this factor. */
    RIVALS = 64,
    /* A record that more bytes do not complete is longer than the longest of most link types: it is none. */
    CUT_MAX = RECORD_LENGTH_MAX + 4096,
};

struct search {
    const struct capture *capture;
    const struct window *window;
    const void *context;
    bool whole;
};

/* How far a chain reaches. */
enum reach { REACH_FAR, REACH_BREAKS, REACH_UNKNOWN };

bool resync_is_possible(const struct capture *c)
{
    return c->format && c->format->find && c->records_end == UINT64_MAX;
}

void trust_begin(struct trust *t, uint64_t at, bool trusted)
{
    *t = (struct trust){.unbroken = trusted, .end = trusted ? at : 0};
}

void trust_records(struct trust *t, const struct capture *c, const struct window *window, uint64_t from,
                   uint64_t to)
{
    for (uint64_t at = from; at < to;) {
        const uint8_t *p = window_at(window, at);
        const uint64_t left = window->end - at, length = c->format->record_length(c, NULL, p, left);
        uint64_t plausible = c->format->follow(c, &t->chain, p, left);
        if (plausible != length) {
            *t = (struct trust){.end = t->end};
            plausible = c->format->follow(c, &t->chain, p, left);
        }
        if (plausible != length)
            t->chain = (struct chained){0};
        t->count = plausible == length ? t->count + 1 : 0;
        if (!length || length > left)
            return;
        at += length;
        if (t->unbroken || t->count >= TRUST_CHAIN)
            t->end = at;
    }
}

uint64_t trust_search_from(const struct trust *t, uint64_t fault)
{
    return t->end && t->end <= fault && fault - t->end <= RESYNC_BACK ? t->end : fault;
}

static uint64_t find(const struct search *s, uint64_t from, uint64_t to)
{
    const struct record_reader reader = {.position = from, .limit = to, .context = s->context};
    return from < to ? s->capture->format->find(s->capture, s->window, &reader) : UINT64_MAX;
}

static uint64_t follow(const struct search *s, struct chained *chain, uint64_t at)
{
    return s->capture->format->follow(s->capture, chain, window_at(s->window, at), s->window->end - at);
}

/* A place that may be the one. */
struct candidate {
    uint64_t at, end; /* its chain breaks there, or is known to hold up to there */
    enum reach reach;
    struct chained first, last; /* records of the chain, for their times */
};

static struct candidate look_at(const struct search *s, uint64_t at)
{
    struct candidate c = {.at = at, .end = at, .reach = REACH_FAR};
    struct chained chain = {.context = s->context, .notes_time = true};
    while (c.end - at < RESYNC_SPAN) {
        uint64_t length = c.end < s->window->end ? follow(s, &chain, c.end) : CHAIN_CUT;
        if (length == CHAIN_CUT && s->window->end - c.end > CUT_MAX)
            length = CHAIN_BREAKS;
        if (length == CHAIN_CUT && s->whole)
            break;
        if (length == CHAIN_CUT || length == CHAIN_BREAKS) {
            c.reach = length == CHAIN_CUT ? REACH_UNKNOWN : REACH_BREAKS;
            break;
        }
        c.end += length;
        c.last = chain;
        if (!c.first.timed)
            c.first = chain;
    }
    return c;
}

/* Does a record of the chain begin at place? *at: one that does, before it; is moved there. */
static bool has_record(const struct search *s, struct chained *chain, uint64_t *at, uint64_t place)
{
    while (*at < place) {
        const uint64_t length = follow(s, chain, *at);
        if (length == CHAIN_CUT || length == CHAIN_BREAKS)
            return false;
        *at += length;
    }
    return *at == place;
}

/* Is it, rather than the place that was taken until now, where records go on? */
static bool is_better(const struct candidate *c, const struct candidate *until_now)
{
    if (c->at <= until_now->end)
        return c->reach != REACH_BREAKS || c->end > until_now->end;
    struct chained last = until_now->last;
    return c->reach != REACH_BREAKS && last.timed && c->first.timed && !chain_time(&last, c->first.seconds);
}

enum resync resync_find(const struct capture *c, const struct window *window, const void *context,
                        uint64_t from, uint64_t to, bool whole, uint64_t *place)
{
    const struct search s = {c, window, context, whole};
    const uint64_t first = find(&s, from, MIN(to, window->end));
    if (first == UINT64_MAX)
        return RESYNC_NONE;
    struct candidate best = look_at(&s, first);
    struct chained own = {.context = context};
    uint64_t own_at = first, at = first;
    for (unsigned rivals = 0; best.reach == REACH_BREAKS && rivals < RIVALS;) {
        at = find(&s, at + 1, MIN(best.end + RESYNC_SPAN, window->end));
        if (at == UINT64_MAX)
            break;
        if (has_record(&s, &own, &own_at, at))
            continue;
        const struct candidate other = look_at(&s, at);
        rivals++;
        if (is_better(&other, &best)) {
            best = other;
            own_at = at;
            own = (struct chained){.context = context};
        }
    }
    *place = best.at;
    return best.reach == REACH_UNKNOWN ? RESYNC_MORE : RESYNC_FOUND;
}
