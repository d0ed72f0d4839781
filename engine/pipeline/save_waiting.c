/* Saving what is undecided: waiting rows, with their findings so far, and the episodes that they wait for. Tickets
 * count within a shard, so an episode's attempts are identified by their rows. */
#include "engine/pipeline/save.h"

#include <stdlib.h>

static void save_finding(struct saved_writer *w, const struct finding *f)
{
    const uint8_t bytes[] = {f->verdict,  f->close,   f->closer,    f->acceptable,   f->origin,
                             f->answer,   f->outcome, f->certainty, f->decimals,     f->knows_distance,
                             f->same_isn, f->joins,   f->gave_way,  f->from_previous};
    saved_put(w, bytes, sizeof bytes);
    saved_put32(w, (uint32_t)f->isn_distance);
    saved_put32(w, f->attempt);
    saved_put32(w, f->syn_retries);
    saved_put64(w, f->undercuts);
    saved_put64(w, (uint64_t)f->answer_delay);
    saved_put64(w, (uint64_t)f->episode_delay);
}

static void save_reuse(struct saved_writer *w, const struct reuse *r, enum family family)
{
    const uint8_t bytes[] = {(uint8_t)family, r->trigger, r->flow, r->decimals, r->opens};
    saved_put(w, bytes, sizeof bytes);
    saved_put32(w, r->flags);
    saved_put64(w, (uint64_t)r->time);
    saved_put64(w, r->frame);
    saved_put64(w, r->stream);
    saved_put64(w, r->previous_stream);
    saved_put32(w, r->isn);
    saved_put32(w, r->previous_isn);
    saved_put(w, &r->previous, conversation_size(family));
}

static void save_attempts(struct saved_writer *w, const struct episode_attempts *a)
{
    saved_put32(w, a ? a->count : 0);
    if (!a)
        return;
    saved_put64(w, a->first_frame);
    saved_put64(w, (uint64_t)a->first_time);
    saved_put32(w, a->decimals);
    for (uint32_t i = 0; i < a->count; i++) {
        saved_put64(w, a->attempt[i].frame);
        saved_put8(w, a->attempt[i].answer);
        saved_put8(w, a->attempt[i].close);
    }
}

void save_waiting(struct saving *s)
{
    const struct waiting *wait = &s->pipeline->waiting;
    for (uint64_t i = wait->first; i < wait->end; i++) {
        const struct waiting_row *row = waiting_row_at(wait, i);
        struct saved_writer *w = &s->text;
        save_reuse(w, &row->reuse, row->list % FAMILIES);
        if (s->pipeline->params.sink->wants_origin) {
            saved_put_text(w, row->origin.file ? row->origin.file : "");
            saved_put64(w, row->origin.frame);
        }
        saved_put8(w, row->complete);
        if (row->complete) {
            save_finding(w, &row->finding);
            saved_put64(w, row->episode);
            save_attempts(w, row->attempts);
        }
        save_section(s, SECTION_WAITING, false);
    }
    save_section(s, SECTION_WAITING, true);
}

/* An open episode of a list. Its attempts are identified by their rows. */
static void save_episode(struct saving *s, const struct episodes *e, const struct episode *x, unsigned list)
{
    const struct waiting *wait = &s->pipeline->waiting;
    struct saved_writer *w = &s->text;
    saved_put64(w, x->record == RECORD_NONE ? NO_STREAM
                                            : stream_map_get(&s->pipeline->streams[list], x->record));
    saved_put64(w, waiting_row_of(wait, list, e->attempts[x->first].ticket)->number - wait->first);
    saved_put64(w, (uint64_t)x->begin);
    saved_put64(w, (uint64_t)x->due);
    saved_put64(w, (uint64_t)x->syn_time);
    saved_put64(w, (uint64_t)x->last_syn);
    saved_put32(w, x->attempts);
    saved_put32(w, x->isn);
    saved_put32(w, x->payload);
    saved_put32(w, x->recycled);
    const uint8_t bytes[] = {x->decimals, x->knows_recycled, x->flow};
    saved_put(w, bytes, sizeof bytes);
    uint32_t count = 0;
    for (uint32_t at = x->first; at; at = e->attempts[at].next)
        count++;
    saved_put32(w, count);
    for (uint32_t at = x->first; at; at = e->attempts[at].next) {
        saved_put64(w, waiting_row_of(wait, list, e->attempts[at].ticket)->number - wait->first);
        save_finding(w, &e->attempts[at].finding);
    }
    save_section(s, SECTION_EPISODES, false);
}

/* The open episode that begins with the row, or NULL. */
static const struct episode *episode_of_row(const struct pipeline *p, const struct waiting_row *row,
                                            const uint32_t *first)
{
    const struct episodes *e = &p->workers[row->list / FAMILIES].shard.episodes[row->list % FAMILIES];
    const uint32_t number = first[row->number - p->waiting.first];
    return number ? &e->items[number] : NULL;
}

/* In the order of their first rows, which does not depend on shards. */
void save_episodes(struct saving *s)
{
    const struct pipeline *p = s->pipeline;
    const struct waiting *wait = &p->waiting;
    uint32_t *first = calloc(wait->end - wait->first + 1, sizeof *first);
    s->text.failed |= !first;
    for (unsigned i = 0; first && i < p->params.threads * FAMILIES; i++) {
        const struct episodes *e = &p->workers[i / FAMILIES].shard.episodes[i % FAMILIES];
        for (uint32_t k = 1; k < e->count; k++)
            if (e->items[k].used)
                first[waiting_row_of(wait, i, episode_first_ticket(e, k))->number - wait->first] = k;
    }
    for (uint64_t i = wait->first; first && i < wait->end; i++) {
        const struct waiting_row *row = waiting_row_at(wait, i);
        const struct episode *x = episode_of_row(p, row, first);
        if (x)
            save_episode(s, &p->workers[row->list / FAMILIES].shard.episodes[row->list % FAMILIES], x,
                         row->list);
    }
    save_section(s, SECTION_EPISODES, true);
    free(first);
}
