/* Loading what was undecided: waiting rows get new tickets, in their order, and episodes go on watching their
 * conversations. */
#include "engine/list.h"
#include "engine/pipeline/load.h"

#include <stdlib.h>

static void load_finding(struct saved_reader *r, struct finding *f)
{
    uint8_t b[14];
    saved_get(r, b, sizeof b);
    *f = (struct finding){.verdict = b[0],
                          .close = b[1],
                          .closer = b[2],
                          .acceptable = b[3],
                          .origin = b[4],
                          .answer = b[5],
                          .outcome = b[6],
                          .certainty = b[7],
                          .decimals = b[8],
                          .knows_distance = b[9],
                          .same_isn = b[10],
                          .joins = b[11],
                          .gave_way = b[12],
                          .from_previous = b[13]};
    f->isn_distance = (int32_t)saved_get32(r);
    f->attempt = saved_get32(r);
    f->syn_retries = saved_get32(r);
    f->undercuts = saved_get64(r);
    f->answer_delay = (int64_t)saved_get64(r);
    f->episode_delay = (int64_t)saved_get64(r);
    r->failed |= f->verdict >= VERDICT_WORDS || f->close > CLOSES || f->closer >= CLOSERS ||
                 f->acceptable >= ACCEPTABLES || f->origin >= ORIGINS || f->answer >= ANSWERS ||
                 f->outcome >= EPISODE_OUTCOMES || f->decimals > 9;
}

static void load_reuse(const struct pipeline *p, struct saved_reader *r, struct reuse *to, uint8_t *family)
{
    uint8_t b[5];
    saved_get(r, b, sizeof b);
    *family = b[0];
    *to = (struct reuse){.trigger = b[1], .flow = b[2], .decimals = b[3], .opens = b[4]};
    to->flags = (uint16_t)saved_get32(r);
    to->time = (int64_t)saved_get64(r);
    to->frame = saved_get64(r);
    to->stream = saved_get64(r);
    to->previous_stream = saved_get64(r);
    to->isn = saved_get32(r);
    to->previous_isn = saved_get32(r);
    r->failed |= !load_is_family(p, *family) || to->trigger >= TRIGGERS || to->flow > 1 || to->decimals > 9;
    if (!r->failed)
        saved_get(r, &to->previous, conversation_size(*family));
    r->failed |= !r->failed && conversation_family(&to->previous, *family) >= ADDRESS_FAMILIES;
}

/* *attempts is NULL if the row does not end an episode. 0 or -1. */
static int load_attempts(struct saved_reader *r, struct episode_attempts **attempts)
{
    enum { ATTEMPT_BYTES = 10 };
    *attempts = NULL;
    const uint32_t count = saved_get32(r);
    r->failed |= count > (size_t)(r->end - r->at) / ATTEMPT_BYTES;
    if (!count || r->failed)
        return 0;
    struct episode_attempts *a = malloc(sizeof *a + count * sizeof *a->attempt);
    if (!a)
        return -1;
    *a = (struct episode_attempts){.count = count};
    a->first_frame = saved_get64(r);
    a->first_time = (int64_t)saved_get64(r);
    a->decimals = saved_get32(r);
    r->failed |= a->decimals > 9;
    for (uint32_t i = 0; i < count; i++) {
        struct episode_attempt *at = &a->attempt[i];
        *at = (struct episode_attempt){.frame = saved_get64(r)};
        at->answer = saved_get8(r);
        at->close = saved_get8(r);
        r->failed |= at->answer >= ANSWERS || at->close > CLOSES;
    }
    *attempts = a;
    return 0;
}

/* The file that an origin names, mostly the same as that of the row before. NULL when memory is short, or the
 * reader has failed. */
static const char *load_name(struct pipeline *p, struct saved_reader *r)
{
    char *name = saved_get_text(r);
    if (!name)
        return NULL;
    if (p->name_count && !strcmp(p->names[p->name_count - 1], name)) {
        free(name);
        return p->names[p->name_count - 1];
    }
    if (list_reserve(&p->names, &p->name_capacity, (uint64_t)p->name_count + 1, sizeof *p->names)) {
        free(name);
        return NULL;
    }
    return p->names[p->name_count++] = name;
}

static int load_row(struct pipeline *p, struct saved_reader *r)
{
    struct reuse reuse;
    struct origin origin = {0};
    uint8_t family;
    uint32_t tag;
    load_reuse(p, r, &reuse, &family);
    if (!r->failed && p->params.sink->wants_origin) {
        origin.file = load_name(p, r);
        origin.frame = saved_get64(r);
        if (!origin.file && !r->failed)
            return -1;
    }
    const bool complete = saved_get8(r);
    if (r->failed)
        return 0;
    const unsigned list = load_list_of(p, &reuse.previous, family, &tag);
    reuse.ticket = p->workers[list / FAMILIES].shard.episodes[family].tickets++;
    struct waiting_row *row = waiting_add(&p->waiting, &reuse, list);
    if (!row)
        return -1;
    row->origin = origin;
    row->complete = complete;
    if (!complete)
        return 0;
    load_finding(r, &row->finding);
    row->episode = saved_get64(r);
    return load_attempts(r, &row->attempts);
}

int load_waiting(struct pipeline *p, struct saved_reader *r)
{
    while (!saved_is_done(r))
        if (load_row(p, r))
            return -1;
    return 0;
}

/* The attempts of an episode of this list. 0 or -1. */
static int load_episode_attempts(struct pipeline *p, struct saved_reader *r, unsigned list, uint32_t episode)
{
    struct waiting *wait = &p->waiting;
    struct episodes *e = &p->workers[list / FAMILIES].shard.episodes[list % FAMILIES];
    const uint32_t count = saved_get32(r);
    r->failed |= !count;
    for (uint32_t i = 0; i < count && !r->failed; i++) {
        struct attempt attempt = {0};
        const uint64_t number = wait->first + saved_get64(r);
        load_finding(r, &attempt.finding);
        r->failed |= number >= wait->end || waiting_row_at(wait, number)->complete ||
                     waiting_row_at(wait, number)->list != list;
        if (r->failed)
            return 0;
        attempt.ticket = waiting_row_at(wait, number)->reuse.ticket;
        if (episodes_restore_attempt(e, episode, &attempt))
            return -1;
    }
    return 0;
}

static int load_episode(struct pipeline *p, struct saved_reader *r)
{
    struct episode x = {0};
    uint8_t b[3];
    const uint64_t stream = saved_get64(r), row = p->waiting.first + saved_get64(r);
    const struct saved_place *place = load_find(p->loading, stream);
    x.begin = (int64_t)saved_get64(r);
    x.due = (int64_t)saved_get64(r);
    x.syn_time = (int64_t)saved_get64(r);
    x.last_syn = (int64_t)saved_get64(r);
    x.attempts = saved_get32(r);
    x.isn = saved_get32(r);
    x.payload = saved_get32(r);
    x.recycled = saved_get32(r);
    saved_get(r, b, sizeof b);
    x.decimals = b[0];
    x.knows_recycled = b[1];
    x.flow = b[2];
    /* The conversation that it watched may be forgotten. */
    r->failed |= (!place && stream != NO_STREAM) || row >= p->waiting.end || x.flow > 1 || x.decimals > 9;
    if (r->failed)
        return 0;
    const unsigned list = waiting_row_at(&p->waiting, row)->list;
    r->failed |= place && place->list != list;
    x.record = place ? place->record : RECORD_NONE;
    struct shard *s = &p->workers[list / FAMILIES].shard;
    const uint32_t episode = r->failed ? 0 : episodes_restore(&s->episodes[list % FAMILIES], &x);
    if (!episode)
        return r->failed ? 0 : -1;
    if (place && histories_set_episode(&s->histories[list % FAMILIES], place->record, episode))
        return -1;
    return load_episode_attempts(p, r, list, episode);
}

int load_episodes(struct pipeline *p, struct saved_reader *r)
{
    r->failed |= !p->params.verdicts.wanted;
    while (!saved_is_done(r))
        if (load_episode(p, r))
            return -1;
    return 0;
}
