/* Format, any worker: the sink formats what a numbered batch has to report. Rows of reuses and packets are in capture
 * order; conversations are reported here only where some are forgotten. */
#include "engine/pipeline/pack.h"
#include "engine/pipeline/position_merge.h"
#include "engine/pipeline/steps.h"

#include <stdlib.h>

static struct origin origin_of(const struct pipeline *p, const struct batch *b, uint64_t frame)
{
    struct source *source = p->params.source;
    return source->ops->origin(source, b, frame - b->first_frame);
}

/* Rows whose findings are complete, in capture order. */
static int format_reported(struct pipeline *p, struct batch *b)
{
    int result = 0;
    for (uint32_t i = 0; i < b->reported.count; i++) {
        struct waiting_row *row = &b->reported.items[i];
        struct origin origin = row->origin;
        if (p->params.sink->wants_origin && !origin.file)
            origin = origin_of(p, b, row->reuse.frame);
        if (!result)
            result = findings_format(p, b->text, row, &origin);
        free(row->attempts);
        row->attempts = NULL;
    }
    return result;
}

static int format_reuses(struct pipeline *p, struct batch *b)
{
    struct sink *sink = p->params.sink;
    struct position_merge merge;
    merge.count = 0; /* the lists are 30 KB, not to be cleared */
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct reuse_list *reused = &b->result[i / FAMILIES].reused[i % FAMILIES];
        if (!reused->count) /* it may have no items, and adding to NULL is undefined */
            continue;
        const struct position_list list = {.item = (const uint8_t *)reused->items,
                                           .end = (const uint8_t *)(reused->items + reused->count),
                                           .size = sizeof *reused->items,
                                           .family = i % FAMILIES};
        position_merge_add(&merge, &list);
    }
    struct position_list *first;
    while ((first = position_merge_first(&merge, offsetof(struct reuse, position)))) {
        const struct reuse *reuse = (const void *)first->item;
        struct reuse_row row = {.reuse = reuse,
                                .family = conversation_family(&reuse->previous, first->family)};
        if (sink->wants_origin)
            row.origin = origin_of(p, b, reuse->frame);
        if (sink->ops->format_reuse(sink, &b->text[REPORT_REUSE], &row))
            return -1;
        position_merge_advance(&merge, first);
    }
    return 0;
}

/* Rows of packets, collected for one call of the sink. */
struct packet_rows {
    struct pipeline *pipeline;
    struct batch *batch;
    unsigned count;
    struct packet_row row[PACKET_ROWS];
};

static int format_packet_rows(struct packet_rows *rows)
{
    struct sink *sink = rows->pipeline->params.sink;
    const unsigned count = rows->count;
    rows->count = 0;
    return sink->ops->format_packets(sink, &rows->batch->text[REPORT_PACKETS], rows->row, count);
}

static void begin_lane_merge(const struct pipeline *p, const struct lane *lane, struct position_merge *merge)
{
    const unsigned threads = p->params.threads;
    merge->count = 0;
    for (unsigned i = 0; i < threads * FAMILIES; i++) {
        const enum family family = i / threads;
        const struct position_list list = {.item = lane->lists[i].items,
                                           .end = lane->lists[i].end,
                                           .size = segment_size(family),
                                           .family = family,
                                           .streams = &p->streams[i % threads * FAMILIES + family]};
        position_merge_add(merge, &list);
    }
}

static int format_lane_packets(struct packet_rows *rows, const struct lane *lane)
{
    /* The stream number is prefetched this many rows ahead: a row takes 105 ns with it and 187 without. */
    enum { FETCH = 8 };
    const struct pipeline *p = rows->pipeline;
    const bool wants_origin = p->params.sink->wants_origin;
    struct position_merge merge;
    struct position_list *first;
    begin_lane_merge(p, lane, &merge);
    while ((first = position_merge_first(&merge, offsetof(struct segment, position)))) {
        const struct segment *s = (const void *)first->item,
                             *later = (const void *)(first->item + FETCH * first->size);
        if (likely((const uint8_t *)later < first->end))
            stream_map_fetch(first->streams, later->record);
        struct packet_row *row = &rows->row[rows->count++];
        row->frame = lane->first_frame + (s->position >> 8);
        row->stream = stream_map_get(first->streams, s->record);
        row->segment = s;
        row->family = segment_family(s, first->family);
        if (wants_origin)
            row->origin = origin_of(p, rows->batch, row->frame);
        position_merge_advance(&merge, first);
        if (rows->count == PACKET_ROWS && format_packet_rows(rows))
            return -1;
    }
    return 0;
}

static int format_packets(struct pipeline *p, struct batch *b)
{
    struct packet_rows rows;
    rows.pipeline = p;
    rows.batch = b;
    rows.count = 0;
    for (unsigned i = 0; i < b->lanes_used; i++)
        if (format_lane_packets(&rows, &b->lane[i]))
            return -1;
    return format_packet_rows(&rows);
}

/* Where conversations expire by time, a batch has all that are over before its end, though they may be found long after, and
 * none else: so the order has to be by when they are over, and does not depend on batches then. */
static int by_end(const void *a, const void *b)
{
    const struct ended *x = *(const struct ended *const *)a, *y = *(const struct ended *const *)b;
    if (x->over != y->over)
        return x->over < y->over ? -1 : 1;
    if (x->over && x->ending != y->ending)
        return x->ending == ENDING_EXPIRED ? -1 : 1;
    if (x->over && x->ending == ENDING_EXPIRED)
        return (x->stream > y->stream) - (x->stream < y->stream);
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

/* Conversations that ended in the batch, in that order. All that ended at its end have one position, and are ordered by
 * stream. */
static int format_ended(struct pipeline *p, struct batch *b)
{
    struct sink *sink = p->params.sink;
    size_t count = 0, n = 0;
    int result = 0;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++)
        count += b->result[i / FAMILIES].ended[i % FAMILIES].count;
    if (!count)
        return 0;
    const struct ended **all = malloc(count * sizeof(const struct ended *));
    if (!all)
        return -1;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct ended_list *list = &b->result[i / FAMILIES].ended[i % FAMILIES];
        for (uint32_t k = 0; k < list->count; k++)
            all[n++] = &list->items[k];
    }
    qsort(all, count, sizeof(const struct ended *), by_end);
    for (n = 0; n < count && !result; n++) {
        const struct ended *e = all[n];
        const bool verdicts = p->params.verdicts.wanted;
        struct conversation_row row = {.stream = e->stream,
                                       .ending = e->ending,
                                       .first_time =
                                           verdicts ? e->history.first_time : e->conversation.c.first_time,
                                       .history = verdicts ? &e->history : NULL,
                                       .ways = &e->ways,
                                       .older = e->older,
                                       .newer = e->newer,
                                       .conversation = &e->conversation,
                                       .family = conversation_family(&e->conversation, e->family)};
        result = sink->ops->format_conversation(sink, &b->text[REPORT_CONVERSATIONS], &row);
    }
    free(all);
    return result;
}

static int format_batch(struct pipeline *p, struct batch *b)
{
    const bool *wants = p->params.sink->wants;
    if (p->params.keeps)
        return pack_batch(p, b);
    if (p->params.verdicts.wanted ? format_reported(p, b) : wants[REPORT_REUSE] && format_reuses(p, b))
        return -1;
    if (wants[REPORT_PACKETS] && format_packets(p, b))
        return -1;
    return format_ended(p, b);
}

bool format_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    const uint64_t end = atomic_load_explicit(&p->numbered, memory_order_acquire);
    for (uint64_t n = atomic_load_explicit(&p->written, memory_order_relaxed);
         n < end && pipeline_is_batch_sound(p, n); n++) {
        struct batch *b = &p->batches[n & p->ring_mask];
        unsigned numbered = BATCH_NUMBERED;
        if (atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_NUMBERED ||
            !atomic_compare_exchange_strong_explicit(&b->state, &numbered, BATCH_FORMATTING,
                                                     memory_order_acquire, memory_order_relaxed))
            continue;
        if (format_batch(p, b))
            pipeline_fail(p, PIPELINE_MEMORY);
        pipeline_spoils(p, n);
        if (p->params.sink->wants[REPORT_PACKETS] || p->params.keeps)
            worker_take_lists(w, b, 0, p->params.threads);
        /* Pairs with the acquire of writing. */
        atomic_store_explicit(&b->state, BATCH_FORMATTED, memory_order_release);
        return true;
    }
    return false;
}
