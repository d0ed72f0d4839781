/* The rows of conversations.csv, once all batches are written. The report is cut into pieces: any worker formats a
 * piece, and one at a time writes them in order.
 *
 * A shard's records lie nearly in the order of their stream numbers, no further than RECORDS_AHEAD from their place
 * in it. So a piece of the report is a range of each table, found by bisection, with some records more at both ends.
 * Where conversations were forgotten, records are unordered: one worker sorts the remaining ones first. */
#include "engine/pipeline/steps.h"

#include <stdlib.h>

enum { CHUNK_ROWS = 4096 };

/* A record no further than RECORDS_AHEAD from the first one whose stream is at least this one. */
static uint32_t first_record_near(const struct stream_map *map, uint32_t records, uint64_t stream)
{
    uint32_t low = 1, high = records + 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (stream_map_get(map, middle) < stream)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t stream_of(const struct stream_map *map, uint32_t record)
{
    return record == RECORD_NONE ? NO_STREAM : stream_map_get(map, record);
}

/* Where verdicts are wanted, what a row tells of is put together. */
struct told {
    union conversation_any conversation;
    struct history history;
};

static int format_row(struct pipeline *p, struct text *text, const struct row_place *at)
{
    const enum family family = at->list % FAMILIES;
    const struct shard *const s = &p->workers[at->list / FAMILIES].shard;
    const struct stream_map *const map = &p->streams[at->list], *const older =
                                                                    p->older ? &p->older[at->list] : NULL;
    const uint32_t record = at->record;
    const union conversation_any *const c = table_record(&s->table[family], record, family);
    struct told told;
    struct conversation_row row = {.stream = at->stream,
                                   .ending = ENDING_RUN,
                                   .first_time = c->c.first_time,
                                   .ways = ways_of(&s->ways[family], record),
                                   .older = NO_STREAM,
                                   .newer = NO_STREAM,
                                   .conversation = c,
                                   .family = conversation_family(c, family)};
    if (s->verdicts.wanted) {
        memcpy(&told.conversation, c, conversation_size(family));
        told.history = histories_restore(&s->histories[family], record, &told.conversation.c);
        row.conversation = &told.conversation;
        row.history = &told.history;
        row.first_time = told.history.first_time;
        /* Where conversations are forgotten, these records may have been reused; the remaining conversations are the last
         * of their tuples. */
        row.older = older ? stream_map_get(older, record) - 1 : stream_of(map, told.history.older);
        row.newer = older ? NO_STREAM : stream_of(map, told.history.newer);
    }
    return p->params.sink->ops->format_conversation(p->params.sink, text, &row);
}

/* The rows of streams first to end - 1. */
static int format_rows(struct pipeline *p, struct text *text, uint64_t first, uint64_t end)
{
    struct row_place rows[CHUNK_ROWS];
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        enum family family = i % FAMILIES;
        const struct table *t = &p->workers[i / FAMILIES].shard.table[family];
        const struct stream_map *map = &p->streams[i];
        uint64_t r = first_record_near(map, t->records, first),
                 last = first_record_near(map, t->records, end);
        r -= MIN(r - 1, (uint64_t)2 * RECORDS_AHEAD);
        last = MIN(last + 2 * RECORDS_AHEAD, (uint64_t)t->records);
        for (; r <= last; r++) {
            uint64_t stream = stream_map_get(map, (uint32_t)r);
            if (stream >= first && stream < end)
                rows[stream - first] = (struct row_place){stream, i, (uint32_t)r};
        }
    }
    for (uint64_t i = 0; i < end - first; i++)
        if (format_row(p, text, &rows[i]))
            return -1;
    return 0;
}

static int by_stream(const void *a, const void *b)
{
    const struct row_place *x = a, *y = b;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

static int sort_rows(struct pipeline *p)
{
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++)
        p->row_count += p->workers[i / FAMILIES].shard.table[i % FAMILIES].used;
    p->rows = malloc((p->row_count + 1) * sizeof *p->rows);
    if (!p->rows)
        return -1;
    uint64_t n = 0;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        enum family family = i % FAMILIES;
        const struct shard *s = &p->workers[i / FAMILIES].shard;
        for (uint32_t r = s->idle[family].oldest; r; r = s->idle[family].links[r].newer)
            p->rows[n++] = (struct row_place){stream_map_get(&p->streams[i], r), i, r};
    }
    qsort(p->rows, n, sizeof *p->rows, by_stream);
    return 0;
}

static bool sort_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    if (!turn_take(&p->write_turn))
        return false;
    if (!atomic_load_explicit(&p->rows_sorted, memory_order_relaxed) && sort_rows(p))
        pipeline_fail(p, PIPELINE_MEMORY);
    else
        atomic_store_explicit(&p->rows_sorted, true, memory_order_release);
    turn_give_back(&p->write_turn);
    step_clock_lap(&w->clock, STEP_FORMAT);
    return true;
}

/* Rows first to end - 1 of those that are sorted. */
static int format_sorted_rows(struct pipeline *p, struct text *text, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i < end; i++)
        if (format_row(p, text, &p->rows[i]))
            return -1;
    return 0;
}

static uint64_t row_count(const struct pipeline *p)
{
    return pipeline_forgets(p) ? p->row_count : p->totals.conversations;
}

static uint64_t chunk_count(const struct pipeline *p)
{
    return (row_count(p) + CHUNK_ROWS - 1) / CHUNK_ROWS;
}

/* Formats the next piece, if there is one and its place in the ring is free. */
static bool format_chunk(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    uint64_t n = atomic_load_explicit(&p->rows_claimed, memory_order_relaxed);
    if (n >= chunk_count(p) ||
        n - atomic_load_explicit(&p->rows_written, memory_order_acquire) > p->ring_mask)
        return false;
    if (!atomic_compare_exchange_strong_explicit(&p->rows_claimed, &n, n + 1, memory_order_relaxed,
                                                 memory_order_relaxed))
        return false;
    struct row_chunk *c = &p->chunks[n & p->ring_mask];
    const uint64_t first = n * CHUNK_ROWS, end = MIN(first + CHUNK_ROWS, row_count(p));
    if ((pipeline_forgets(p) ? format_sorted_rows : format_rows)(p, &c->text, first, end))
        pipeline_fail(p, PIPELINE_MEMORY);
    atomic_store_explicit(&c->ready, true, memory_order_release);
    step_clock_lap(&w->clock, STEP_FORMAT);
    return true;
}

/* Writes all pieces that are ready and next. */
static bool write_chunks(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    const uint64_t chunks = chunk_count(p);
    bool did = false;
    if (!turn_take(&p->write_turn))
        return false;
    for (uint64_t n = atomic_load_explicit(&p->rows_written, memory_order_relaxed); n < chunks; n++) {
        struct row_chunk *c = &p->chunks[n & p->ring_mask];
        if (!atomic_load_explicit(&c->ready, memory_order_acquire))
            break;
        pipeline_write_text(p, REPORT_CONVERSATIONS, &c->text);
        atomic_store_explicit(&c->ready, false, memory_order_relaxed);
        atomic_store_explicit(&p->rows_written, n + 1, memory_order_release);
        did = true;
    }
    turn_give_back(&p->write_turn);
    if (did)
        step_clock_lap(&w->clock, STEP_WRITE);
    return did;
}

bool conversation_rows_step(struct worker *w, bool *done)
{
    struct pipeline *p = w->pipeline;
    if (pipeline_forgets(p) && !atomic_load_explicit(&p->rows_sorted, memory_order_acquire))
        return sort_step(w);
    *done = atomic_load_explicit(&p->rows_written, memory_order_acquire) == chunk_count(p);
    bool did = format_chunk(w);
    did |= write_chunks(w);
    return did;
}
