/* The sink that collects what the page shows, and hands all rows on. Formatting is for all threads, in no order, so what
 * is collected is the same in any order: counts, and the first rows of an order. */
#include "io/html/html_collected.h"
#include "io/reports/outer_sink.h"

#include <pthread.h>
#include <stdlib.h>

struct html {
    struct outer_sink outer;
    pthread_mutex_t lock; /* guards collected until the run has ended */
    struct html_collected collected;
};

/* Clients for which the connections that are open are counted over time. */
enum { OPEN_CLIENTS = 6 };

bool html_available(void)
{
    return true;
}

const char *html_library(void)
{
    return html_library_version;
}

/* As engine/sink.h has addresses in a conversation: IPv4 in host order. */
static struct html_address address_of(const union conversation_any *c, enum family family, unsigned side)
{
    struct html_address a = {.family = (uint8_t)family};
    if (family == FAMILY_IPV6)
        memcpy(a.bytes, c->v6.address[side], sizeof a.bytes);
    for (unsigned i = 0; family == FAMILY_IPV4 && i < 4; i++)
        a.bytes[i] = (uint8_t)(c->v4.address[side] >> 8 * (3 - i));
    return a;
}

/* The endpoint that is the client of the new connection. */
static unsigned client_of(const struct reuse *r)
{
    return r->trigger >= TRIGGER_SYNACK_ISN ? !r->flow : r->flow;
}

static void fill_row(struct html_row *to, const struct reuse_row *row, unsigned key_parts)
{
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    const unsigned client = client_of(r);
    *to = (struct html_row){
        .frame = r->frame,
        .segment = (uint8_t)r->position,
        .stream = r->stream,
        .previous_stream = r->previous_stream,
        .first_frame = conversation_first_frame(c),
        .last_frame = conversation_last_frame(c),
        .frames = conversation_frames(c),
        .bytes = conversation_bytes(c),
        .time = r->time,
        .gap = time_between(c->last_time, r->time),
        .decimals = (uint8_t)MAX(conversation_decimals(c), r->decimals),
        .trigger = r->trigger,
        .client_port = conversation_port(c, client),
        .server_port = conversation_port(c, !client),
        .client = address_of(&r->previous, row->family, client),
        .server = address_of(&r->previous, row->family, !client),
        .origin = row->origin,
        .episode = r->stream,
        .verdict = VERDICT_WORDS,
        .answer_delay = -1,
        .episode_delay = -1,
    };
    if (key_parts)
        to->realm = r->previous.keyed.realm;
    if (!row->finding)
        return;
    const struct finding *f = row->finding;
    to->episode = row->episode;
    to->verdict = f->verdict;
    to->close = f->close;
    to->closer = f->closer;
    to->acceptable = f->acceptable;
    to->isn_origin = f->origin;
    to->answer = f->answer;
    to->outcome = f->outcome;
    to->certainty = f->certainty;
    to->undercuts = f->undercuts;
    to->attempt = f->attempt;
    to->syn_retries = f->syn_retries;
    to->answer_delay = f->answer_delay;
    to->episode_delay = f->episode_delay;
    to->decimals = MAX(to->decimals, f->decimals);
}

/* 0, or -1 when memory is short. */
static int collect_reuse(struct html *h, const struct reuse_row *row)
{
    struct html_collected *c = &h->collected;
    const struct reuse *r = row->reuse;
    const unsigned verdict = row->finding ? row->finding->verdict : VERDICT_WORDS;
    const int64_t delay = row->finding ? row->finding->answer_delay : -1;
    struct html_row key; /* as much of the row as by_frame() reads */
    key.frame = r->frame;
    key.segment = (uint8_t)r->position;
    int result = 0;
    pthread_mutex_lock(&h->lock);
    html_times_add(&c->times, r->time, verdict);
    html_gaps_add(&c->gaps, time_between(r->previous.c.last_time, r->time), verdict);
    if (delay >= 0)
        html_gaps_add(&c->delays, delay, verdict);
    else
        c->unanswered++;
    /* Of a million reuses most are beyond the table. */
    if (html_kept_wants(&c->rows, &key)) {
        struct html_row *to = html_kept_place(&c->rows);
        if (to)
            fill_row(to, row, h->outer.sink.key_parts);
        else
            result = -1;
    }
    pthread_mutex_unlock(&h->lock);
    return result;
}

static int format_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    struct html *h = (struct html *)sink;
    if (collect_reuse(h, row))
        return -1;
    return outer_sink_reuse(sink, text, row);
}

static int format_episode(struct sink *sink, struct text *text, const struct episode_row *row)
{
    struct html *h = (struct html *)sink;
    struct html_collected *c = &h->collected;
    const unsigned client = client_of(row->reuse);
    struct html_episode kept = {
        .episode = row->episode,
        .first_frame = row->attempts->first_frame,
        .first_time = row->attempts->first_time,
        .delay = row->delay,
        .attempts = row->attempts->count,
        .outcome = (uint8_t)row->outcome,
        .decimals = (uint8_t)row->attempts->decimals,
        .client_port = conversation_port(&row->reuse->previous.c, client),
        .server_port = conversation_port(&row->reuse->previous.c, !client),
        .client = address_of(&row->reuse->previous, row->family, client),
        .server = address_of(&row->reuse->previous, row->family, !client),
    };
    if (sink->key_parts)
        kept.realm = row->reuse->previous.keyed.realm;
    pthread_mutex_lock(&h->lock);
    c->episode_count++;
    c->attempts += kept.attempts;
    c->by_outcome[kept.outcome]++;
    const int result = html_kept_add(&c->episodes, &kept);
    pthread_mutex_unlock(&h->lock);
    if (result)
        return -1;
    return outer_sink_episode(sink, text, row);
}

/* The worst come first, and one thread at a time. */
static int format_endpoint(struct sink *sink, struct text *text, const struct endpoint_row *row)
{
    struct html *h = (struct html *)sink;
    struct html_ranking *ranking = row->is_server ? &h->collected.servers : &h->collected.clients;
    ranking->all++;
    if (row->reuses && ranking->count < HTML_ENDPOINTS_MAX) {
        struct html_endpoint *e = &ranking->worst[ranking->count++];
        *e = (struct html_endpoint){.row = *row, .address.family = (uint8_t)row->family};
        memcpy(e->address.bytes, row->address, row->family == FAMILY_IPV4 ? 4 : 16);
        e->has_open = !row->is_server && ranking->count <= OPEN_CLIENTS;
        if (e->has_open)
            html_open_count(&e->open, row->begun, row->ended, row->conversations);
    }
    return outer_sink_endpoint(sink, text, row);
}

static const struct sink_ops ops = {
    .format_reuse = format_reuse,
    .format_episode = format_episode,
    .format_packets = outer_sink_packets,
    .format_conversation = outer_sink_conversation,
    .format_endpoint = format_endpoint,
    .write = outer_sink_write,
};

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_frame(const void *a, const void *b)
{
    const struct html_row *x = a, *y = b;
    return x->frame != y->frame ? compare(x->frame, y->frame) : compare(x->segment, y->segment);
}

static int by_attempts(const void *a, const void *b)
{
    const struct html_episode *x = a, *y = b;
    return x->attempts != y->attempts ? compare(y->attempts, x->attempts) : compare(x->episode, y->episode);
}

struct html *html_create(const struct html_params *params)
{
    struct html *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    outer_sink_init(&h->outer, params->inner, &ops);
    h->collected.timers = params->inner->timers;
    h->collected.key_parts = params->inner->key_parts;
    h->collected.endpoints = params->endpoints && params->inner->timers;
    h->outer.sink.wants[REPORT_REUSE] = true;
    h->outer.sink.wants[REPORT_EPISODES] |= params->inner->timers != NULL;
    if (!params->inner->wants[REPORT_ENDPOINTS])
        h->outer.sink.worst_endpoints = HTML_ENDPOINTS_MAX;
    h->outer.sink.wants[REPORT_ENDPOINTS] |= h->collected.endpoints;
    h->collected.rows =
        (struct html_kept){.size = sizeof(struct html_row), .compare = by_frame, .max = HTML_ROWS_MAX};
    h->collected.episodes = (struct html_kept){
        .size = sizeof(struct html_episode), .compare = by_attempts, .max = HTML_EPISODES_MAX};
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

struct sink *html_sink(struct html *h, struct sink *reports)
{
    return h ? &h->outer.sink : reports;
}

struct html_collected *html_collected_of(struct html *h)
{
    return &h->collected;
}

void html_destroy(struct html *h)
{
    if (!h)
        return;
    pthread_mutex_destroy(&h->lock);
    html_kept_free(&h->collected.rows);
    html_kept_free(&h->collected.episodes);
    free(h);
}
