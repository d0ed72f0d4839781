/* The page's file: what was made of page.html when the program was built, and between its parts the data as JSON. All
 * text that comes from captures, file names or devices goes through json.h, which lets no markup through. */
#include "io/html/html_collected.h"
#include "io/reports/digest.h"
#include "io/reports/json.h"
#include "io/reports/names.h"
#include "io/reports/realm_words.h"
#include "io/reports/story.h"
#include "io/reports/summary_counts.h"
#include "io/reports/text.h"
#include "io/reports/verdict_words.h"

#include <stdlib.h>

static void put_address(struct json *j, const struct html_address *a)
{
    char text[TEXT_ADDRESS_MAX + TEXT_BEYOND];
    *(a->family == FAMILY_IPV4 ? text_ipv4(text, load_be32(a->bytes)) : text_ipv6(text, a->bytes)) = 0;
    json_string(j, "address", text);
}

static void put_strings(struct json *j, const char *name, const char *const *strings, size_t count)
{
    json_begin_array(j, name, JSON_INLINE);
    for (size_t i = 0; i < count; i++)
        json_string(j, NULL, strings[i] ? strings[i] : "");
    json_end(j);
}

static void put_problem(struct json *j, const char *file, const char *message)
{
    json_begin_object(j, NULL, JSON_INLINE);
    json_string(j, "file", file);
    json_string(j, "message", message);
    json_end(j);
}

/* The first ones, and how many more there are. */
static void put_problems(struct json *j, const char *name, const struct problems *p, bool notes)
{
    enum { SHOWN = 20 };
    size_t count = 0;
    json_begin_array(j, name, JSON_LINES);
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].note == notes && count++ < SHOWN)
            put_problem(j, p->items[i].file ? p->items[i].file : "",
                        p->items[i].text ? p->items[i].text : "out of memory");
    count += notes ? 0 : p->lost;
    if (count > SHOWN) {
        char more[64];
        snprintf(more, sizeof more, "and %zu more, see summary.json", count - SHOWN);
        put_problem(j, "", more);
    }
    json_end(j);
}

static void put_time(struct json *j, const char *name, int64_t ns)
{
    char text[TEXT_UTC_MAX + TEXT_BEYOND];
    *text_utc(text, ns, 6) = 0;
    json_string(j, name, text);
}

/* What was read, and what was not. */
static void put_run(struct json *j, const struct summary *s, const struct html_about *about)
{
    const struct pipeline_totals *t = s->totals;
    const struct time_order *order = &t->decoded.order;
    json_begin_object(j, "run", JSON_LINES);
    json_string(j, "tcpreuse", TCPREUSE_VERSION);
    json_string(j, "rules", rules_names[s->rules]);
    put_strings(j, "inputs", about->inputs, MIN(about->input_count, (size_t)HTML_FILES_MAX));
    json_unsigned(j, "input_count", about->input_count);
    json_begin_array(j, "ports", JSON_INLINE);
    for (size_t i = 0; i < s->port_count; i++)
        json_string(j, NULL, s->ports[i].name);
    json_end(j);
    json_unsigned(j, "lost", summary_count_lost(s));
    json_unsigned(j, "bytes", s->bytes);
    json_unsigned(j, "frames", t->frames);
    json_unsigned(j, "with_tcp", t->decoded.frames[OUTCOME_WITH_TCP]);
    json_unsigned(j, "conversations", t->conversations);
    json_unsigned(j, "tuples", t->tuples);
    json_unsigned(j, "frames_back", order->frames_back);
    json_bool(j, "interrupted", t->stopped);
    json_bool(j, "complete", s->complete);
    if (order->begun) {
        put_time(j, "first_time", MIN(order->first, order->earliest));
        put_time(j, "last_time", order->frames_back ? MAX(order->latest, order->last) : order->last);
    }
    put_problems(j, "errors", s->problems, false);
    put_problems(j, "failures", s->failures, false);
    put_problems(j, "notes", s->problems, true);
    json_begin_array(j, "left_out", JSON_LINES);
    for (uint32_t i = 0; i < t->decoded.notes.count; i++) {
        char what[SUMMARY_NOTE_MAX];
        json_begin_object(j, NULL, JSON_INLINE);
        json_string(j, "why", outcome_name(t->decoded.notes.items[i].outcome));
        json_string(j, "what", summary_describe_note(&t->decoded.notes.items[i], what));
        json_unsigned(j, "frames", t->decoded.notes.items[i].frames);
        json_end(j);
    }
    json_end(j);
    if (about->rows)
        json_string(j, "rows_file", about->rows);
    if (about->no_endpoints)
        json_string(j, "no_endpoints", about->no_endpoints);
    json_end(j);
}

static void put_words(struct json *j)
{
    json_begin_object(j, "words", JSON_LINES);
    put_strings(j, "trigger", trigger_names, TRIGGERS);
    put_strings(j, "close", close_names, CLOSES);
    put_strings(j, "closer", closer_names, CLOSERS);
    put_strings(j, "answer", answer_names, ANSWERS);
    put_strings(j, "outcome", episode_outcome_names, EPISODE_OUTCOMES);
    put_strings(j, "triggers", story_words.triggers, TRIGGERS);
    put_strings(j, "closes", story_words.closes, CLOSES);
    put_strings(j, "closers", story_words.closers, CLOSERS);
    json_string(j, "keeps", story_words.keeps);
    put_strings(j, "origins", story_words.origins, ORIGINS);
    put_strings(j, "accepts", story_words.accepts, ACCEPTABLES);
    put_strings(j, "answers", story_words.answers, ANSWERS);
    put_strings(j, "outcomes", story_words.outcomes, EPISODE_OUTCOMES);
    put_strings(j, "certainties", story_words.certainties, CERTAINTIES);
    json_end(j);
}

/* Each verdict with its number and its sentences; the headline. */
static void put_verdicts(struct json *j, const struct summary *s)
{
    const struct pipeline_totals *t = s->totals;
    char sentence[DIGEST_SENTENCE_MAX];
    uint64_t hurt = 0;
    for (unsigned v = 0; v < VERDICT_WORDS; v++)
        hurt += verdict_words[v].hurts ? t->verdicts[v] : 0;
    json_string(j, "headline", digest_sentence(sentence, summary_count_reuses(s), hurt, s->verdicts));
    json_unsigned(j, "reuses", summary_count_reuses(s));
    json_unsigned(j, "hurt", hurt);
    json_bool(j, "has_verdicts", s->verdicts);
    json_begin_array(j, "verdicts", JSON_LINES);
    for (unsigned v = 0; v < VERDICT_WORDS; v++) {
        json_begin_object(j, NULL, JSON_INLINE);
        json_string(j, "name", verdict_names[v]);
        json_unsigned(j, "reuses", t->verdicts[v]);
        json_bool(j, "hurts", verdict_words[v].hurts);
        json_string(j, "meaning", verdict_words[v].meaning);
        json_string(j, "next", verdict_words[v].next);
        json_end(j);
    }
    json_end(j);
    json_begin_array(j, "by_trigger", JSON_INLINE);
    for (unsigned i = 0; i < TRIGGERS; i++)
        json_unsigned(j, NULL, t->reuses[i]);
    json_end(j);
}

/* Counts of a bin, by verdict. Nothing where all are 0. */
static void put_bin(struct json *j, unsigned number, const uint64_t bin[HTML_SERIES])
{
    uint64_t all = 0;
    for (unsigned s = 0; s < HTML_SERIES; s++)
        all += bin[s];
    if (!all)
        return;
    json_begin_array(j, NULL, JSON_INLINE);
    json_unsigned(j, NULL, number);
    for (unsigned s = 0; s < HTML_SERIES; s++)
        json_unsigned(j, NULL, bin[s]);
    json_end(j);
}

static double seconds(int64_t ns)
{
    return (double)ns * 1e-9;
}

/* Where a bin of time begins, which may be beyond 64 bits of nanoseconds. */
static double begin_of(int64_t bin, unsigned width)
{
    return (double)bin * seconds(html_width(width));
}

static void put_gaps(struct json *j, const char *name, const struct html_gaps *g)
{
    json_begin_array(j, name, JSON_LINES);
    for (unsigned i = 0; i < HTML_GAP_BINS; i++)
        put_bin(j, i, g->bin[i]);
    json_end(j);
}

static void put_charts(struct json *j, const struct html_collected *c)
{
    json_begin_object(j, "times", JSON_LINES);
    json_real(j, "width", seconds(html_width(c->times.width)), 3);
    json_real(j, "first", begin_of(c->times.first, c->times.width), 3);
    json_begin_array(j, "bins", JSON_LINES);
    for (unsigned i = 0; i < c->times.count; i++)
        put_bin(j, i, c->times.bin[i]);
    json_end(j);
    json_end(j);
    json_begin_array(j, "edges", JSON_INLINE);
    for (unsigned i = 0; i < HTML_EDGES; i++)
        json_real(j, NULL, seconds(html_edges()[i]), 9);
    json_end(j);
    put_gaps(j, "gaps", &c->gaps);
    put_gaps(j, "delays", &c->delays);
    json_unsigned(j, "without_delay", c->unanswered);
}

static void put_timers(struct json *j, const struct timers *timers)
{
    json_begin_array(j, "timers", JSON_LINES);
    for (unsigned i = 0; timers && i < timers->count; i++) {
        json_begin_object(j, NULL, JSON_INLINE);
        json_string(j, "name", timers->timer[i].name);
        json_real(j, "seconds", seconds(timers->timer[i].ns), 9);
        json_bool(j, "idle", timers->timer[i].kind & TIMER_IDLE);
        json_end(j);
    }
    json_end(j);
    /* Timers that count at all after each way to close. */
    json_begin_array(j, "timers_of_close", JSON_LINES);
    for (unsigned k = 0; timers && k < CLOSES; k++) {
        const uint64_t all =
            verdict_undercuts(timers, (enum close_kind)k, k == CLOSE_OPEN ? INT64_MAX : INT64_MIN);
        json_begin_array(j, NULL, JSON_INLINE);
        for (unsigned i = 0; i < timers->count; i++)
            if (all >> i & 1)
                json_unsigned(j, NULL, i);
        json_end(j);
    }
    json_end(j);
}

static void put_open(struct json *j, const struct html_open *o)
{
    json_begin_object(j, "open", JSON_INLINE);
    json_real(j, "width", seconds(html_width(o->width)), 3);
    json_real(j, "first", begin_of(o->first, o->width), 3);
    json_begin_array(j, "most", JSON_INLINE);
    for (unsigned i = 0; i < o->count; i++)
        json_unsigned(j, NULL, o->most[i]);
    json_end(j);
    json_end(j);
}

static void put_ranking(struct json *j, const char *name, const struct html_ranking *ranking)
{
    json_begin_object(j, name, JSON_LINES);
    json_unsigned(j, "all", ranking->all);
    json_begin_array(j, "worst", JSON_LINES);
    for (uint32_t i = 0; i < ranking->count; i++) {
        const struct html_endpoint *e = &ranking->worst[i];
        const struct endpoint_row *r = &e->row;
        json_begin_object(j, NULL, JSON_INLINE);
        put_address(j, &e->address);
        if (r->is_server)
            json_unsigned(j, "port", r->port);
        json_unsigned(j, "conversations", r->conversations);
        json_unsigned(j, "reuses", r->reuses);
        json_unsigned(j, "failed", r->failed);
        json_unsigned(j, "delayed", r->by_verdict[VERDICT_DELAYED]);
        json_real(j, "median_gap", seconds(r->median_gap.ns), r->median_gap.decimals);
        json_unsigned(j, "most_open", r->most_open);
        json_unsigned(j, "most_new", r->most_new);
        json_unsigned(j, "ports", r->ports);
        json_unsigned(j, "range", (uint64_t)r->range.highest - r->range.lowest + 1);
        json_string(j, "order", port_order_names[r->order]);
        if (e->has_open)
            put_open(j, &e->open);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void put_episodes(struct json *j, const struct html_collected *c)
{
    json_begin_object(j, "episodes", JSON_LINES);
    json_unsigned(j, "all", c->episode_count);
    json_unsigned(j, "attempts", c->attempts);
    json_begin_array(j, "by_outcome", JSON_INLINE);
    for (unsigned i = 0; i < EPISODE_OUTCOMES; i++)
        json_unsigned(j, NULL, c->by_outcome[i]);
    json_end(j);
    json_begin_array(j, "most", JSON_LINES);
    for (uint32_t i = 0; i < c->episodes.count; i++) {
        const struct html_episode *e = c->episodes.items[i];
        json_begin_object(j, NULL, JSON_INLINE);
        json_unsigned(j, "episode", e->episode);
        json_unsigned(j, "frame", e->first_frame);
        put_time(j, "time", e->first_time);
        json_begin_object(j, "client", JSON_INLINE);
        put_address(j, &e->client);
        json_unsigned(j, "port", e->client_port);
        json_end(j);
        json_begin_object(j, "server", JSON_INLINE);
        put_address(j, &e->server);
        json_unsigned(j, "port", e->server_port);
        json_end(j);
        char realm[REALM_WORDS_MAX];
        if (realm_words(realm, c->key_parts, &e->realm))
            json_string(j, "network", realm);
        json_unsigned(j, "attempts", e->attempts);
        json_unsigned(j, "outcome", e->outcome);
        if (e->delay >= 0)
            json_real(j, "delay", seconds(e->delay), 9);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static int write_data(struct html_collected *c, const struct summary *s, const struct html_about *about,
                      FILE *to)
{
    const char **files = NULL;
    size_t count = 0;
    struct json j = {.to = to, .within_html = true};
    html_kept_sort(&c->rows);
    html_kept_sort(&c->episodes);
    summary_sort_notes(s);
    if (html_write_rows(c, to, &files, &count)) {
        free(files);
        return -1;
    }
    fwrite(html_between, 1, html_between_size, to);
    json_begin_object(&j, NULL, JSON_LINES);
    put_run(&j, s, about);
    put_verdicts(&j, s);
    json_unsigned(&j, "listed", c->rows.count);
    put_strings(&j, "files", files, count);
    put_words(&j);
    put_timers(&j, c->timers);
    put_charts(&j, c);
    put_ranking(&j, "clients", &c->clients);
    put_ranking(&j, "servers", &c->servers);
    put_episodes(&j, c);
    json_end(&j);
    free(files);
    return 0;
}

int html_write(struct html *h, const struct summary *s, const struct html_about *about, FILE *to)
{
    fwrite(html_head, 1, html_head_size, to);
    if (write_data(html_collected_of(h), s, about, to))
        return -1;
    fwrite(html_tail, 1, html_tail_size, to);
    return 0;
}
