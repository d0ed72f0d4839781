/* Rows as events. A row becomes one in any thread of the run, and waits in the text of its report until it is its turn;
 * written, it goes to the queue, and from there to whoever asks for the next event. */
#include "lib/events.h"
#include "io/reports/community_id.h"
#include "io/reports/csv_finding.h"

#include <stdlib.h>

static struct tcpreuse_event *event_room(struct text *t, unsigned kind)
{
    struct tcpreuse_event *event = (void *)text_room(t, sizeof *event);
    if (!event)
        return NULL;
    t->length += sizeof *event;
    memset(event, 0, sizeof *event);
    event->kind = kind;
    return event;
}

static void put_address(uint8_t to[16], const union conversation_any *c, enum family family,
                        unsigned endpoint)
{
    if (family == FAMILY_IPV4) {
        const uint32_t address = c->v4.address[endpoint];
        for (unsigned i = 0; i < 4; i++)
            to[i] = (uint8_t)(address >> (24 - 8 * i));
    } else {
        memcpy(to, c->v6.address[endpoint], 16);
    }
}

static struct tcpreuse_realm realm_of(const struct sink *sink, const struct realm *r)
{
    struct tcpreuse_realm realm = {-1, -1, -1};
    if (sink->key_parts & KEY_VLAN && r->vlan)
        realm.vlan = r->vlan;
    if (sink->key_parts & KEY_VNI && r->network)
        realm.vni = (int32_t)(r->network - 1);
    if (sink->key_parts & KEY_INTERFACE)
        realm.interface = r->interface;
    return realm;
}

static void put_community_id(char text[32], const struct sink *sink, const union conversation_any *c,
                             enum family family)
{
    if (sink->wants_community_id)
        *community_id_put(text, sink->community_id_seed, c, family) = 0;
}

static uint8_t end_of(unsigned completeness)
{
    enum { END_RST, END_FIN, END_OPEN };
    return completeness & HAS_RST ? END_RST : completeness & HAS_FIN ? END_FIN : END_OPEN;
}

static uint8_t ip_version_of(enum family family)
{
    return family == FAMILY_IPV4 ? 4 : 6;
}

static void put_finding(struct tcpreuse_reuse *to, const struct finding *f)
{
    to->has_verdict = 1;
    to->verdict = f->verdict;
    to->previous_closed_by = f->closer;
    to->previous_close = f->close;
    to->acceptable = f->acceptable;
    to->origin = f->origin;
    to->answer = f->answer;
    to->episode_outcome = f->outcome;
    to->has_isn_distance = f->knows_distance;
    to->isn_distance = f->knows_distance ? f->isn_distance : 0;
    to->attempt = f->attempt;
    to->syn_retries = f->syn_retries;
    to->episode_delay = MAX(f->episode_delay, -1);
    to->answer_delay = MAX(f->answer_delay, -1);
    to->delay_decimals = f->decimals;
    to->undercuts = f->undercuts;
    to->certainty = f->certainty;
}

static int format_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    struct tcpreuse_event *event = event_room(text, TCPREUSE_REUSE);
    if (!event)
        return -1;
    struct tcpreuse_reuse *to = &event->reuse;
    to->frame = r->frame;
    to->time = r->time;
    to->stream = r->stream;
    to->previous_stream = r->previous_stream;
    put_address(to->src, &r->previous, row->family, r->flow);
    put_address(to->dst, &r->previous, row->family, !r->flow);
    to->src_port = conversation_port(c, r->flow);
    to->dst_port = conversation_port(c, !r->flow);
    to->ip_version = ip_version_of(row->family);
    to->trigger = r->trigger;
    to->previous_completeness = (uint8_t)conversation_completeness(c);
    to->previous_end = end_of(to->previous_completeness);
    to->isn = r->isn;
    to->previous_isn = r->previous_isn;
    to->previous_first_frame = conversation_first_frame(c);
    to->previous_last_frame = conversation_last_frame(c);
    to->previous_first_time = c->first_time;
    to->previous_last_time = c->last_time;
    to->gap = time_between(c->last_time, r->time);
    to->previous_frames = conversation_frames(c);
    to->previous_bytes = conversation_bytes(c);
    to->time_decimals = r->decimals;
    to->previous_decimals = (uint8_t)conversation_decimals(c);
    if (row->finding) {
        put_finding(to, row->finding);
        to->episode = row->episode;
    }
    put_community_id(to->community_id, sink, &r->previous, row->family);
    to->realm = realm_of(sink, &r->previous.keyed.realm);
    to->file = row->origin.file;
    to->file_frame = row->origin.frame;
    return 0;
}

static void put_history(struct tcpreuse_conversation *to, const struct conversation_row *row, unsigned client)
{
    const struct conversation *c = &row->conversation->c;
    const struct history *h = row->history;
    const enum close_kind close = history_close_kind(c, h);
    to->has_verdict = 1;
    to->client_by = (uint8_t)csv_client_by(c);
    to->handshake = (uint8_t)history_handshake(c, h);
    to->close = (uint8_t)close;
    to->closed_by = (uint8_t)history_closer(c, h, close, client);
    to->trigger = h->trigger;
    to->syn_retries = h->syn_retries;
    to->rtt = MAX(csv_rtt(row), -1);
    to->reuses = row->older;
    to->reused_by = row->newer;
}

static int format_conversation(struct sink *sink, struct text *text, const struct conversation_row *row)
{
    const struct conversation *c = &row->conversation->c;
    const unsigned client = history_client(c), known = conversation_known(c);
    struct tcpreuse_event *event = event_room(text, TCPREUSE_CONVERSATION);
    if (!event)
        return -1;
    struct tcpreuse_conversation *to = &event->conversation;
    to->stream = row->stream;
    to->first_frame = conversation_first_frame(c);
    to->last_frame = conversation_last_frame(c);
    to->first_time = row->first_time;
    to->last_time = c->last_time;
    to->duration = time_between(row->first_time, c->last_time);
    put_address(to->client, row->conversation, row->family, client);
    put_address(to->server, row->conversation, row->family, !client);
    to->client_port = conversation_port(c, client);
    to->server_port = conversation_port(c, !client);
    to->ip_version = ip_version_of(row->family);
    to->completeness = (uint8_t)conversation_completeness(c);
    to->decimals = (uint8_t)conversation_decimals(c);
    to->ended = end_of(to->completeness);
    to->frames = conversation_frames(c);
    to->bytes = conversation_bytes(c);
    to->client_frames = row->ways->frames[client];
    to->server_frames = row->ways->frames[!client];
    to->client_payload = row->ways->payload[client];
    to->server_payload = row->ways->payload[!client];
    to->has_client_isn = known >> client & 1;
    to->has_server_isn = known >> !client & 1;
    to->client_isn = to->has_client_isn ? c->isn[client] : 0;
    to->server_isn = to->has_server_isn ? c->isn[!client] : 0;
    if (row->history)
        put_history(to, row, client);
    to->ended_by = (uint8_t)row->ending;
    put_community_id(to->community_id, sink, row->conversation, row->family);
    to->realm = realm_of(sink, &row->conversation->keyed.realm);
    return 0;
}

/* Room for n more. 0 or -1. */
static int list_reserve(struct event_list *list, size_t n)
{
    size_t capacity = MAX(list->capacity, (size_t)16);
    while (capacity < list->count + n)
        capacity *= 2;
    if (capacity == list->capacity)
        return 0;
    struct tcpreuse_event *items = realloc(list->items, capacity * sizeof *items);
    if (!items)
        return -1;
    list->items = items;
    list->capacity = capacity;
    return 0;
}

/* Where the queue is full, this thread, which has the turn of writing, waits for the taker; so all others come to wait for
 * this one, and memory is bounded. A failure is one of memory: there is nothing else that could fail. */
static int write_events(struct sink *sink, enum report report, const struct text *text)
{
    struct events *e = (struct events *)sink;
    const size_t count = text->length / sizeof(struct tcpreuse_event);
    int result = 0;
    (void)report;
    pthread_mutex_lock(&e->lock);
    while (e->most && e->queue.count >= e->most && !e->abandoned)
        pthread_cond_wait(&e->changed, &e->lock);
    if (!e->abandoned && !(result = list_reserve(&e->queue, count))) {
        memcpy(e->queue.items + e->queue.count, text->bytes, text->length);
        e->queue.count += count;
    }
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return result;
}

static const struct sink_ops ops = {
    .format_reuse = format_reuse,
    .format_conversation = format_conversation,
    .write = write_events,
};

int events_init(struct events *e, const struct events_params *params)
{
    *e = (struct events){
        .sink = {.ops = &ops,
                 .wants = {[REPORT_REUSE] = params->kinds & TCPREUSE_REUSE,
                           [REPORT_CONVERSATIONS] = params->kinds & TCPREUSE_CONVERSATION},
                 .wants_origin = params->wants_origin,
                 .key_parts = params->key_parts,
                 .wants_community_id = params->wants_community_id,
                 .community_id_seed = params->community_id_seed,
                 .timers = params->timers},
        .most = params->most,
    };
    if (pthread_mutex_init(&e->lock, NULL))
        return -1;
    if (pthread_cond_init(&e->changed, NULL)) {
        pthread_mutex_destroy(&e->lock);
        return -1;
    }
    return 0;
}

void events_free(struct events *e)
{
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e->queue.items);
    free(e->taken.items);
}

/* Nothing that was taken is left. */
static void take_queue(struct events *e, bool wait)
{
    pthread_mutex_lock(&e->lock);
    while (wait && !e->queue.count && !e->ended)
        pthread_cond_wait(&e->changed, &e->lock);
    const struct event_list empty = {e->taken.items, 0, e->taken.capacity};
    e->taken = e->queue;
    e->queue = empty;
    e->next = 0;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

const struct tcpreuse_event *events_take(struct events *e, bool wait)
{
    if (e->next == e->taken.count)
        take_queue(e, wait);
    return e->next < e->taken.count ? &e->taken.items[e->next++] : NULL;
}

void events_end(struct events *e)
{
    pthread_mutex_lock(&e->lock);
    e->ended = true;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

void events_abandon(struct events *e)
{
    pthread_mutex_lock(&e->lock);
    e->abandoned = true;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
}
