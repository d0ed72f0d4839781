/* Saving a run: everything that the next frame may depend on, in an order that does not depend on the number of
 * threads. Conversations are identified by their streams, since records and shards differ in the next run. */
#include "engine/pipeline/save.h"

#include <stdlib.h>

void save_section(struct saving *s, const char *name, bool last)
{
    if (s->text.failed || s->failed || (!last && s->text.length < SECTION_BYTES))
        return;
    if (s->text.length)
        s->failed = s->to->add(s->to, name, s->text.bytes, s->text.length) != 0;
    s->text.length = 0;
}

unsigned save_parts(const struct pipeline *p)
{
    const struct sink *sink = p->params.sink;
    return (p->params.verdicts.wanted ? SAVED_VERDICTS : 0) |
           (p->workers[0].shard.keep_records ? SAVED_RECORDS : 0) | (sink->wants_origin ? SAVED_ORIGINS : 0) |
           (p->workers[0].shard.counts_ways ? SAVED_WAYS : 0) | (p->params.expire ? SAVED_CLOCKS : 0) |
           (sink->wants[REPORT_ENDPOINTS] ? SAVED_REUSES : 0) |
           (sink->wants[REPORT_EPISODES] ? SAVED_ATTEMPTS : 0);
}

static void save_order(struct saved_writer *w, const struct time_order *o)
{
    saved_put8(w, o->begun);
    saved_put64(w, (uint64_t)o->first);
    saved_put64(w, (uint64_t)o->last);
    saved_put64(w, (uint64_t)o->earliest);
    saved_put64(w, (uint64_t)o->latest);
    saved_put64(w, o->frames_back);
    saved_put64(w, o->furthest_back);
}

static uint64_t count_expired(const struct pipeline *p)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < p->params.threads; i++)
        n += p->workers[i].shard.expired;
    return n;
}

static void save_counts(struct saving *s)
{
    const struct pipeline *p = s->pipeline;
    const struct pipeline_totals *t = &p->totals;
    struct saved_writer *w = &s->text;
    saved_put32(w, save_parts(p));
    saved_put64(w, t->frames);
    saved_put64(w, p->next_frame);
    saved_put64(w, t->conversations);
    saved_put64(w, (uint64_t)p->workers[0].shard.clock);
    saved_put8(w, p->idle_clock.begun);
    saved_put64(w, p->idle_clock.ticks);
    saved_put64(w, (uint64_t)p->idle_clock.time);
    saved_put64(w, count_expired(p));
    saved_put64(w, p->announced);
    for (unsigned i = 0; i < TRIGGERS; i++)
        saved_put64(w, t->reuses[i]);
    for (unsigned i = 0; i < VERDICT_WORDS; i++)
        saved_put64(w, t->verdicts[i]);
    for (unsigned i = 0; i < OUTCOMES; i++)
        saved_put64(w, t->decoded.frames[i]);
    saved_put64(w, t->decoded.segments);
    saved_put64(w, t->decoded.segments_truncated);
    saved_put64(w, t->decoded.wire_bytes);
    saved_put64(w, t->decoded.captured_bytes);
    save_order(w, &t->decoded.order);
    saved_put32(w, t->decoded.notes.count);
    for (uint32_t i = 0; i < t->decoded.notes.count; i++) {
        const struct note *n = &t->decoded.notes.items[i];
        saved_put8(w, n->outcome);
        saved_put8(w, n->subject);
        saved_put32(w, n->value);
        saved_put64(w, n->frames);
    }
    save_section(s, SECTION_COUNTS, true);
}

static void save_fragments(struct saving *s)
{
    for (const struct datagram *g = NULL; fragment_table_save(&s->pipeline->fragment_table, &g, &s->text);)
        save_section(s, SECTION_FRAGMENTS, false);
    save_section(s, SECTION_FRAGMENTS, true);
}

static void save_l2tp(struct saving *s)
{
    for (uint32_t i = 0; l2tp_table_save(&s->pipeline->l2tp, i, &s->text); i++)
        save_section(s, SECTION_L2TP, false);
    save_section(s, SECTION_L2TP, true);
}

static void save_bluetooth(struct saving *s)
{
    for (uint32_t i = 0; bluetooth_table_save(&s->pipeline->bluetooth, i, &s->text); i++)
        save_section(s, SECTION_BLUETOOTH, false);
    save_section(s, SECTION_BLUETOOTH, true);
}

static int by_stream(const void *a, const void *b)
{
    const struct saved_place *x = a, *y = b;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

/* Where some are forgotten, others are records that nobody has any more. */
static uint32_t first_record(const struct shard *s, enum family f)
{
    return s->forgets ? s->idle[f].oldest : s->table[f].records ? 1 : RECORD_NONE;
}

static uint32_t next_record(const struct shard *s, enum family f, uint32_t record)
{
    return s->forgets                     ? s->idle[f].links[record].newer
           : record < s->table[f].records ? record + 1
                                          : RECORD_NONE;
}

/* All conversations, by stream. NULL when memory is short. */
static struct saved_place *find_places(const struct pipeline *p, uint64_t *count)
{
    *count = 0;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct shard *s = &p->workers[i / FAMILIES].shard;
        *count += s->forgets ? s->table[i % FAMILIES].used : s->table[i % FAMILIES].records;
    }
    const bool dense = *count == p->totals.conversations;
    struct saved_place *places = malloc((*count + 1) * sizeof *places), *next = places;
    if (!places)
        return NULL;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct shard *s = &p->workers[i / FAMILIES].shard;
        for (uint32_t r = first_record(s, i % FAMILIES); r; r = next_record(s, i % FAMILIES, r)) {
            const struct saved_place place = {stream_map_get(&p->streams[i], r), i, r};
            *(dense ? &places[place.stream] : next++) = place;
        }
    }
    if (!dense)
        qsort(places, *count, sizeof *places, by_stream);
    return places;
}

/* Of the conversation before; where some are forgotten, its record may be another one's. */
static uint64_t older_stream(const struct pipeline *p, const struct saved_place *at, const struct history *h)
{
    if (p->older)
        return stream_map_get(&p->older[at->list], at->record) - 1;
    if (pipeline_forgets(p) || h->older == RECORD_NONE)
        return NO_STREAM;
    return stream_map_get(&p->streams[at->list], h->older);
}

static void save_history(struct saved_writer *w, const struct history *h, uint64_t older)
{
    saved_put64(w, older);
    saved_put64(w, (uint64_t)h->first_time);
    saved_put64(w, (uint64_t)h->synack_time);
    for (unsigned i = 0; i < 2; i++) {
        saved_put32(w, h->timestamp[i]);
        saved_put32(w, h->older_isn[i]);
    }
    saved_put32(w, h->syn_timestamp);
    saved_put32(w, h->syn_ip_id | (uint32_t)h->syn_retries << 16);
    saved_put32(w, h->knows | (uint32_t)h->close << 16);
    saved_put8(w, h->trigger);
}

static void save_ways(struct saved_writer *w, const struct ways *ways)
{
    for (unsigned i = 0; i < 2; i++) {
        saved_put64(w, ways->frames[i]);
        saved_put64(w, ways->payload[i]);
    }
}

/* Where verdicts are wanted, the history has the first time, and the conversation the next sequence numbers in its place. */
static void save_conversation(struct saved_writer *w, const struct pipeline *p, const struct saved_place *at)
{
    const enum family family = at->list % FAMILIES;
    const struct shard *shard = &p->workers[at->list / FAMILIES].shard;
    union conversation_any c;
    struct history h;
    memcpy(&c, table_record(&shard->table[family], at->record, family), conversation_size(family));
    if (shard->verdicts.wanted) {
        h = histories_restore(&shard->histories[family], at->record, &c.c);
        /* Whether the history or the completeness shows it depends on the path that a SYN took, which differs between runs. */
        for (unsigned i = 0; i < 2; i++)
            h.knows |= history_saw_isn(&c.c, &h, i) ? (uint16_t)(KNOWS_ISN << i) : 0;
    }
    saved_put(w, &c, conversation_size(family));
    if (shard->idle_time)
        saved_put64(w, shard->idle[family].clocks[at->record]);
    if (shard->verdicts.wanted)
        save_history(w, &h, older_stream(p, at, &h));
}

static void save_conversations(struct saving *s)
{
    const struct pipeline *p = s->pipeline;
    uint64_t count;
    struct saved_place *places = find_places(p, &count);
    s->text.failed |= !places;
    for (uint64_t i = 0; places && i < count; i++) {
        const struct saved_place *at = &places[i];
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): find_places() fills as many as it counts */
        const enum family family = at->list % FAMILIES;
        const struct shard *shard = &p->workers[at->list / FAMILIES].shard;
        saved_put64(&s->text, at->stream);
        saved_put8(&s->text, (uint8_t)family);
        save_conversation(&s->text, p, at);
        if (shard->counts_ways)
            save_ways(&s->text, ways_of(&shard->ways[family], at->record));
        save_section(s, SECTION_CONVERSATIONS, false);
    }
    save_section(s, SECTION_CONVERSATIONS, true);
    free(places);
}

static void save_reuses(struct saving *s)
{
    const struct endpoint_reuse_list *list = &s->pipeline->endpoint_reuses;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct endpoint_reuse *r = &list->items[i];
        saved_put64(&s->text, r->stream);
        saved_put64(&s->text, (uint64_t)r->gap);
        saved_put8(&s->text, r->trigger);
        saved_put8(&s->text, r->verdict);
        saved_put8(&s->text, r->decimals);
        save_section(s, SECTION_REUSES, false);
    }
    save_section(s, SECTION_REUSES, true);
}

enum save_result pipeline_save(struct pipeline *p, struct save_target *to)
{
    struct saving s = {.pipeline = p, .to = to};
    save_counts(&s);
    save_fragments(&s);
    save_l2tp(&s);
    save_bluetooth(&s);
    save_ftp(&s);
    save_conversations(&s);
    save_waiting(&s);
    save_episodes(&s);
    save_reuses(&s);
    const bool short_of_memory = s.text.failed;
    free(s.text.bytes);
    return short_of_memory ? SAVE_MEMORY : s.failed ? SAVE_FAILED : SAVE_DONE;
}

uint64_t pipeline_waiting(const struct pipeline *p)
{
    uint64_t count = 0;
    for (uint64_t i = p->waiting.first; i < p->waiting.end; i++)
        count += !waiting_row_at(&p->waiting, i)->complete;
    return count;
}
