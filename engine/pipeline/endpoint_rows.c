/* The rows of endpoints.csv. Numbering notes reuses as their findings become complete. Once all batches and findings
 * are written, one worker groups them with the conversations that the shards have kept, and writes the rows. */
#include "engine/list.h"
#include "engine/pipeline/steps.h"

#include <stdlib.h>

int endpoint_rows_note_reuse(struct pipeline *p, const struct waiting_row *row)
{
    if (!p->params.sink->wants[REPORT_ENDPOINTS])
        return 0;
    const struct reuse *r = &row->reuse;
    struct endpoint_reuse *to = LIST_ADD(&p->endpoint_reuses);
    if (!to)
        return -1;
    *to = (struct endpoint_reuse){
        .stream = r->stream,
        .gap = time_between(r->previous.c.last_time, r->time),
        .trigger = r->trigger,
        .verdict = row->finding.verdict,
        .decimals = (uint8_t)MAX(conversation_decimals(&r->previous.c), r->decimals),
    };
    return 0;
}

static int add_conversations(struct pipeline *p, struct endpoints *e)
{
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const enum family family = i % FAMILIES;
        const struct shard *s = &p->workers[i / FAMILIES].shard;
        const struct table *t = &s->table[family];
        for (uint64_t r = 1; r <= t->records; r++) {
            const uint32_t record = (uint32_t)r;
            const union conversation_any *c = table_record(t, record, family);
            const struct history h = histories_read_beginning(&s->histories[family], record, &c->c);
            if (endpoints_add_conversation(e, stream_map_get(&p->streams[i], record), c, &h,
                                           conversation_family(c, family)))
                return -1;
        }
    }
    return 0;
}

static int write_rows(struct pipeline *p, struct endpoints *e)
{
    enum { ROWS_AT_A_TIME = 4096 };
    struct sink *sink = p->params.sink;
    struct text text = {0};
    int result = 0;
    for (uint32_t i = 0; i < e->count && !result && !pipeline_has_failed(p); i++) {
        struct endpoint_row row;
        endpoints_row(e, i, &row);
        result = sink->ops->format_endpoint(sink, &text, &row);
        if (!result && (i + 1) % ROWS_AT_A_TIME == 0)
            pipeline_write_text(p, REPORT_ENDPOINTS, &text);
    }
    if (!result)
        pipeline_write_text(p, REPORT_ENDPOINTS, &text);
    free(text.bytes);
    return result;
}

static int report(struct pipeline *p)
{
    struct endpoints e;
    const struct endpoint_reuse_list *reuses = &p->endpoint_reuses;
    int result = endpoints_init(&e, p->totals.conversations, p->params.port_range, &p->key);
    if (!result)
        result = add_conversations(p, &e);
    if (!result)
        result = endpoints_group(&e, reuses->items, reuses->count, p->params.sink->worst_endpoints);
    if (!result)
        result = write_rows(p, &e);
    endpoints_free(&e);
    return result;
}

bool endpoint_rows_step(struct worker *w, bool *done)
{
    struct pipeline *p = w->pipeline;
    *done = atomic_load_explicit(&p->endpoints_written, memory_order_acquire);
    if (*done || !turn_take(&p->write_turn))
        return false;
    if (!atomic_load_explicit(&p->endpoints_written, memory_order_relaxed)) {
        if (report(p))
            pipeline_fail(p, PIPELINE_MEMORY);
        atomic_store_explicit(&p->endpoints_written, true, memory_order_release);
    }
    turn_give_back(&p->write_turn);
    step_clock_lap(&w->clock, STEP_FORMAT);
    return true;
}
