/* Findings, in numbering and at the end of the capture: reuses wait until their outcome, and that of all reuses before
 * them, is known. */
#include "engine/list.h"
#include "engine/pipeline/position_merge.h"
#include "engine/pipeline/steps.h"

#include <stdlib.h>

/* Adds the batch's reuses to the waiting rows, in capture order. 0 or -1. */
static int take_in_reuses(struct pipeline *p, const struct batch *b)
{
    struct position_merge merge;
    struct position_list *first;
    merge.count = 0; /* the lists are 30 KB, not to be cleared */
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct reuse_list *reused = &b->result[i / FAMILIES].reused[i % FAMILIES];
        if (!reused->count) /* it may have no items, and adding to NULL is undefined */
            continue;
        const struct position_list list = {.item = (const uint8_t *)reused->items,
                                           .end = (const uint8_t *)(reused->items + reused->count),
                                           .size = sizeof *reused->items,
                                           .list = i};
        position_merge_add(&merge, &list);
    }
    while ((first = position_merge_first(&merge, offsetof(struct reuse, position)))) {
        if (!waiting_add(&p->waiting, (const void *)first->item, first->list))
            return -1;
        position_merge_advance(&merge, first);
    }
    return 0;
}

/* The attempts of an episode with n findings, the first of which is *found. NULL when memory is short. */
static struct episode_attempts *attempts_of(const struct waiting *w, const struct found *found, uint32_t n,
                                            unsigned list)
{
    const bool from_previous = found->finding.from_previous;
    const struct reuse *first = &waiting_row_of(w, list, found->ticket)->reuse;
    struct episode_attempts *a = malloc(sizeof *a + (n + 1) * sizeof *a->attempt);
    if (!a)
        return NULL;
    *a = (struct episode_attempts){.first_frame = from_previous ? conversation_first_frame(&first->previous.c)
                                                                : first->frame,
                                   .first_time = from_previous ? first->previous.c.first_time : first->time,
                                   .decimals = first->decimals};
    if (from_previous)
        a->attempt[a->count++] = (struct episode_attempt){a->first_frame, ANSWER_NONE, found->finding.close};
    for (uint32_t k = 0; k < n; k++) {
        const struct reuse *r = &waiting_row_of(w, list, found[k].ticket)->reuse;
        a->attempt[a->count++] = (struct episode_attempt){r->frame, found[k].finding.answer, CLOSES};
        a->decimals = MAX(a->decimals, MAX(r->decimals, found[k].finding.decimals));
    }
    return a;
}

/* Completes rows. The findings of an episode are adjacent, in the order of its attempts. 0 or -1. */
static int take_in_found(struct pipeline *p, const struct found_list *found, unsigned list)
{
    const bool wants_episodes = p->params.sink->wants[REPORT_EPISODES];
    uint32_t begin = 0;
    for (uint32_t k = 0; k < found->count; k++) {
        const struct found *last = &found->items[k];
        waiting_complete(&p->waiting, last, list);
        if (last->finding.gave_way)
            continue;
        const bool is_episode = last->finding.attempt > 1 && last->finding.answer != ANSWER_NOT_ASKED;
        struct waiting_row *row = waiting_row_of(&p->waiting, list, last->ticket);
        if (wants_episodes && is_episode &&
            !(row->attempts = attempts_of(&p->waiting, &found->items[begin], k + 1 - begin, list)))
            return -1;
        begin = k + 1;
    }
    return 0;
}

/* Asks for the origins of the batch's reuses that go on waiting, so that they do not need the batch any more. */
static void keep_origins(struct pipeline *p, const struct batch *b, uint64_t first_new)
{
    struct source *source = p->params.source;
    struct waiting *w = &p->waiting;
    for (uint64_t i = MAX(first_new, w->first); p->params.sink->wants_origin && i < w->end; i++) {
        struct waiting_row *row = waiting_row_at(w, i);
        row->origin = source->ops->origin(source, b, row->reuse.frame - b->first_frame);
    }
}

/* Moves the first row to a list. 0 or -1. */
static int report_first(struct pipeline *p, const struct waiting_row *row, struct reported_list *reported)
{
    if (endpoint_rows_note_reuse(p, row))
        return -1;
    struct waiting_row *to = LIST_ADD(reported);
    if (!to)
        return -1;
    *to = *row;
    p->totals.verdicts[row->finding.verdict]++;
    waiting_remove_first(&p->waiting);
    return 0;
}

int findings_take_in(struct pipeline *p, struct batch *b)
{
    const uint64_t first_new = p->waiting.end;
    const struct waiting_row *row;
    b->reported.count = 0;
    if (take_in_reuses(p, b))
        return -1;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++)
        if (take_in_found(p, &b->result[i / FAMILIES].found[i % FAMILIES], i))
            return -1;
    while ((row = waiting_first(&p->waiting)))
        if (report_first(p, row, &b->reported))
            return -1;
    keep_origins(p, b, first_new);
    return 0;
}

int findings_format(struct pipeline *p, struct text text[REPORTS], const struct waiting_row *row,
                    const struct origin *origin)
{
    struct sink *sink = p->params.sink;
    const struct reuse_row reuse = {.reuse = &row->reuse,
                                    .family = conversation_family(&row->reuse.previous, row->list % FAMILIES),
                                    .finding = &row->finding,
                                    .episode = row->episode,
                                    .origin = *origin};
    const struct episode_row episode = {.episode = row->episode,
                                        .reuse = &row->reuse,
                                        .family = reuse.family,
                                        .outcome = row->finding.outcome,
                                        .delay = row->finding.episode_delay,
                                        .attempts = row->attempts};
    if (sink->wants[REPORT_REUSE] && sink->ops->format_reuse(sink, &text[REPORT_REUSE], &reuse))
        return -1;
    return row->attempts ? sink->ops->format_episode(sink, &text[REPORT_EPISODES], &episode) : 0;
}

/* All shards have drained all batches: episodes that are still open stay without an answer. 0 or -1. */
static int finish_shards(struct pipeline *p)
{
    int result = 0;
    for (unsigned i = 0; i < p->params.threads && !result; i++) {
        struct found_list found[FAMILIES] = {0};
        result = shard_finish(&p->workers[i].shard, found);
        for (unsigned f = 0; f < FAMILIES; f++) {
            if (!result)
                result = take_in_found(p, &found[f], i * FAMILIES + f);
            free(found[f].items);
        }
    }
    return result;
}

static int report_rest(struct pipeline *p)
{
    enum { ROWS_AT_A_TIME = 4096 };
    struct text text[REPORTS] = {0};
    const struct waiting_row *row;
    int result = finish_shards(p);
    for (unsigned n = 1; !result && (row = waiting_first(&p->waiting)); n++) {
        p->totals.verdicts[row->finding.verdict]++;
        result = findings_format(p, text, row, &row->origin) || endpoint_rows_note_reuse(p, row) ? -1 : 0;
        free(row->attempts);
        waiting_remove_first(&p->waiting);
        for (int r = 0; !result && r < REPORTS && n % ROWS_AT_A_TIME == 0; r++)
            pipeline_write_text(p, (enum report)r, &text[r]);
    }
    pipeline_show_found(p);
    for (int r = 0; r < REPORTS; r++) {
        if (!result)
            pipeline_write_text(p, (enum report)r, &text[r]);
        free(text[r].bytes);
    }
    return result;
}

bool findings_finish_step(struct worker *w, bool *done)
{
    struct pipeline *p = w->pipeline;
    *done = atomic_load_explicit(&p->findings_finished, memory_order_acquire);
    if (*done || !turn_take(&p->write_turn))
        return false;
    if (!atomic_load_explicit(&p->findings_finished, memory_order_relaxed)) {
        if (p->params.verdicts.wanted && report_rest(p))
            pipeline_fail(p, PIPELINE_MEMORY);
        atomic_store_explicit(&p->findings_finished, true, memory_order_release);
    }
    turn_give_back(&p->write_turn);
    step_clock_lap(&w->clock, STEP_WRITE);
    return true;
}
