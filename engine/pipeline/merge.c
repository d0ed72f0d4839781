/* Steps 5 to 7: number the streams of a batch that all shards have drained, format its rows, write them.
 * Numbering and writing go in batch order; formatting is done by whoever finds a numbered batch. */
#include "engine/pipeline/state.h"

#include <stdlib.h>

char *text_room(struct text *t, size_t n)
{
    if (unlikely(t->capacity - t->length < n)) {
        size_t capacity = MAX(t->capacity * 2, t->length + n + 4096);
        char *bytes = realloc(t->bytes, capacity);
        if (!bytes)
            return NULL;
        t->bytes = bytes;
        t->capacity = capacity;
    }
    return t->bytes + t->length;
}

/* Creations of the list that stand before the position. */
static uint32_t creations_before(const struct creation_list *list, uint32_t position)
{
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (list->items[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many creations of the batch stand before position in its block of frames. Frames that create two
 * conversations (tunnels, mostly) are so rare that their blocks may cost a search of all lists. */
static __attribute__((noinline)) uint32_t rank_in_block(const struct batch *b, unsigned shards,
                                                        uint32_t position)
{
    const uint32_t frame = position >> 8, begin = frame / BLOCK_FRAMES * BLOCK_FRAMES << 8;
    uint32_t rank = 0;
    for (unsigned i = 0; i < shards * FAMILIES; i++) {
        const struct creation_list *list = &b->result[i / FAMILIES].created[i % FAMILIES];
        rank += creations_before(list, position) - creations_before(list, begin);
    }
    return rank;
}

/* How many creations of the batch stand before position. */
ALWAYS_INLINE uint64_t rank_in_batch(const struct pipeline *p, const struct batch *b, uint32_t position)
{
    const uint32_t frame = position >> 8;
    const struct frame_block *block = &p->blocks[frame / BLOCK_FRAMES];
    if (unlikely(block->several))
        return block->before + rank_in_block(b, p->params.threads, position);
    const uint64_t before = block->creating & ((UINT64_C(1) << frame % BLOCK_FRAMES) - 1);
    return block->before + (unsigned)__builtin_popcountll(before);
}

/* Gives the creations of one table their stream numbers, and the reuses the numbers of both conversations.
 * Both lists are in the order of the capture. Where finished records are not kept, a record's number changes
 * its meaning at its reuse: so the two lists go side by side. */
ALWAYS_INLINE int number_list(struct pipeline *p, const struct batch *b, struct stream_map *map,
                              const struct creation_list *created, struct reuse_list *reused)
{
    uint32_t r = 0;
    /* Each a miss to wait for, somewhere in the map: 0.6 of 1.2 ns a frame of 64 bytes, in a step that one
     * worker at a time does. */
    for (uint32_t k = 0; k < reused->count; k++)
        stream_map_fetch(map, reused->items[k].previous_record);
    for (uint32_t i = 0; i < created->count; i++) {
        const struct creation *c = &created->items[i];
        const uint64_t stream = p->totals.conversations + rank_in_batch(p, b, c->position);
        for (; r < reused->count && reused->items[r].position < c->position; r++)
            reused->items[r].stream = reused->items[r].previous_stream =
                stream_map_get(map, reused->items[r].record);
        if (r < reused->count && reused->items[r].position == c->position) {
            reused->items[r].previous_stream = stream_map_get(map, reused->items[r].previous_record);
            reused->items[r++].stream = stream;
        }
        if (stream_map_set(map, c->record, stream))
            return -1;
    }
    for (; r < reused->count; r++)
        reused->items[r].stream = reused->items[r].previous_stream =
            stream_map_get(map, reused->items[r].record);
    return 0;
}

typedef int number_function(struct pipeline *, const struct batch *, struct stream_map *,
                            const struct creation_list *, struct reuse_list *);

static int number_list_portable(struct pipeline *p, const struct batch *b, struct stream_map *map,
                                const struct creation_list *created, struct reuse_list *reused)
{
    return number_list(p, b, map, created, reused);
}

/* With an instruction that counts bits, where there is one: 39 instructions a creation instead of 63. */
#if defined(__x86_64__)
static __attribute__((target("popcnt"))) int number_list_popcnt(struct pipeline *p, const struct batch *b,
                                                                struct stream_map *map,
                                                                const struct creation_list *created,
                                                                struct reuse_list *reused)
{
    return number_list(p, b, map, created, reused);
}

static number_function *numbering(void)
{
    return __builtin_cpu_supports("popcnt") ? number_list_popcnt : number_list_portable;
}
#else
static number_function *numbering(void)
{
    return number_list_portable;
}
#endif

/* Stream numbers are ranks, so they come from counting: which frames create, in blocks, and how many
 * creations stand before each block. Merging takes 6 instructions a frame of 64 bytes so, of which one in 13
 * creates a conversation; counting by frame it took 13. */
static int number_creations(struct pipeline *p, struct batch *b, uint64_t creations)
{
    unsigned shards = p->params.threads;
    const size_t blocks = b->frames / BLOCK_FRAMES + 1;
    if (p->block_capacity < blocks) {
        struct frame_block *more = realloc(p->blocks, 2 * blocks * sizeof *more);
        if (!more)
            return -1;
        p->blocks = more;
        p->block_capacity = 2 * blocks;
    }
    memset(p->blocks, 0, blocks * sizeof *p->blocks);
    for (unsigned i = 0; i < shards * FAMILIES; i++) {
        const struct creation_list *list = &b->result[i / FAMILIES].created[i % FAMILIES];
        for (uint32_t k = 0; k < list->count; k++) {
            const uint32_t frame = list->items[k].position >> 8;
            struct frame_block *block = &p->blocks[frame / BLOCK_FRAMES];
            block->creating |= UINT64_C(1) << frame % BLOCK_FRAMES;
            block->count++;
        }
    }
    for (uint32_t k = 0, before = 0; k < blocks; k++) {
        struct frame_block *block = &p->blocks[k];
        block->before = before;
        before += block->count;
        block->several = (unsigned)__builtin_popcountll(block->creating) != block->count;
    }
    number_function *number = numbering();
    for (unsigned i = 0; i < shards * FAMILIES; i++) {
        struct shard_result *result = &b->result[i / FAMILIES];
        struct reuse_list *reused = &result->reused[i % FAMILIES];
        if (number(p, b, &p->streams[i], &result->created[i % FAMILIES], reused))
            return -1;
        for (uint32_t k = 0; k < reused->count; k++)
            p->totals.reuses[reused->items[k].trigger]++;
    }
    p->totals.conversations += creations;
    atomic_store_explicit(&p->shown_conversations, p->totals.conversations, memory_order_relaxed);
    return 0;
}

/* Numbers what the batch created. What ended in it has had its number before, or has it now: records are not
 * used again while a batch that refers to them is under way. */
static int number_batch(struct pipeline *p, struct batch *b, uint64_t *reuses, uint64_t *ended)
{
    unsigned shards = p->params.threads;
    uint64_t creations = 0;
    *ended = 0;
    for (unsigned i = 0; i < shards * FAMILIES; i++) {
        creations += b->result[i / FAMILIES].created[i % FAMILIES].count;
        *reuses += b->result[i / FAMILIES].reused[i % FAMILIES].count;
        *ended += b->result[i / FAMILIES].ended[i % FAMILIES].count;
    }
    if (creations || *reuses) {
        if (number_creations(p, b, creations))
            return -1;
    }
    for (unsigned i = 0; *ended && i < shards * FAMILIES; i++) {
        struct ended_list *list = &b->result[i / FAMILIES].ended[i % FAMILIES];
        for (uint32_t k = 0; k < list->count; k++)
            list->items[k].stream = stream_map_get(&p->streams[i], list->items[k].record);
    }
    return 0;
}

bool merge_step(struct pipeline *p)
{
    uint64_t n = atomic_load_explicit(&p->merged, memory_order_relaxed);
    struct batch *b = &p->batches[n & p->ring_mask];
    if (atomic_load_explicit(&b->drained, memory_order_relaxed) != p->params.threads ||
        atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_SETTLED || !turn_take(&p->merge_turn))
        return false;
    bool did = false;
    for (n = atomic_load_explicit(&p->merged, memory_order_relaxed);; n++) {
        b = &p->batches[n & p->ring_mask];
        /* State first: drained is only reset when the state becomes BATCH_SETTLED. The acquire of drained
         * pairs with each shard's release. */
        if (atomic_load_explicit(&b->state, memory_order_acquire) != BATCH_SETTLED || b->number != n ||
            atomic_load_explicit(&b->drained, memory_order_acquire) != p->params.threads)
            break;
        /* A shard that failed has left the batch half done, with segments that know no record. Its failure
         * was published before the batch was drained, so it is seen here. */
        if (pipeline_has_failed(p))
            break;
        uint64_t reuses = 0, ended = 0;
        if (number_batch(p, b, &reuses, &ended)) {
            pipeline_fail(p, PIPELINE_MEMORY);
            break;
        }
        if (reuses)
            atomic_fetch_add_explicit(&p->shown_reuses, reuses, memory_order_relaxed);
        bool rows =
            (reuses && p->params.sink->wants[REPORT_REUSE]) || p->params.sink->wants[REPORT_PACKETS] || ended;
        atomic_store_explicit(&b->state, rows ? BATCH_NUMBERED : BATCH_FORMATTED, memory_order_release);
        atomic_store_explicit(&p->merged, n + 1, memory_order_release);
        did = true;
    }
    turn_give_back(&p->merge_turn);
    return did;
}

/* Heads of lists that are merged by position. */
struct head {
    const uint8_t *item, *end;
    size_t size;
    enum family family;
    struct stream_map *map;
};

ALWAYS_INLINE uint32_t segment_position(const struct head *h)
{
    return ((const struct segment *)(const void *)h->item)->position;
}

ALWAYS_INLINE uint32_t reuse_position(const struct head *h)
{
    return ((const struct reuse *)(const void *)h->item)->position;
}

/* The head with the lowest position, of n > 0. */
#define LOWEST(heads, n, position)                                                                           \
    ({                                                                                                       \
        struct head *lowest_ = (heads);                                                                      \
        for (unsigned i_ = 1; i_ < (n); i_++)                                                                \
            if (position(&(heads)[i_]) < position(lowest_))                                                  \
                lowest_ = &(heads)[i_];                                                                      \
        lowest_;                                                                                             \
    })

/* Moves on; a list that is used up is replaced by the last one. */
ALWAYS_INLINE void head_advance(struct head *heads, unsigned *n, struct head *h)
{
    h->item += h->size;
    if (h->item == h->end)
        *h = heads[--*n];
}

static struct origin origin_of(const struct pipeline *p, const struct batch *b, uint64_t frame)
{
    struct source *source = p->params.source;
    return source->ops->origin(source, b, frame - b->first_frame);
}

static int format_reuses(struct pipeline *p, struct batch *b)
{
    struct sink *sink = p->params.sink;
    struct head heads[PIPELINE_THREADS * FAMILIES];
    unsigned n = 0;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct reuse_list *list = &b->result[i / FAMILIES].reused[i % FAMILIES];
        if (list->count)
            heads[n++] = (struct head){.item = (const uint8_t *)list->items,
                                       .end = (const uint8_t *)(list->items + list->count),
                                       .size = sizeof *list->items,
                                       .family = i % FAMILIES};
    }
    while (n) {
        struct head *h = LOWEST(heads, n, reuse_position);
        const struct reuse *reuse = (const void *)h->item;
        struct reuse_row row = {.reuse = reuse, .family = h->family};
        if (sink->wants_origin)
            row.origin = origin_of(p, b, reuse->frame);
        if (sink->ops->format_reuse(sink, &b->text[REPORT_REUSE], &row))
            return -1;
        head_advance(heads, &n, h);
    }
    return 0;
}

static int format_packets(struct pipeline *p, struct batch *b)
{
    enum { FETCH = 8 }; /* rows ahead; a row took 187 ns without it, and 105 with it, most of them waiting */
    struct sink *sink = p->params.sink;
    struct head heads[PIPELINE_THREADS * FAMILIES];
    struct packet_row rows[PACKET_ROWS];
    unsigned count = 0;
    for (unsigned l = 0; l < b->lanes_used; l++) {
        const struct lane *lane = &b->lane[l];
        unsigned n = 0;
        for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
            enum family family = i / p->params.threads;
            const struct segment_list *list = &lane->lists[i];
            size_t size = segment_size(family);
            if (list->end != list->items)
                heads[n++] = (struct head){.item = list->items,
                                           .end = list->end,
                                           .size = size,
                                           .family = family,
                                           .map = &p->streams[i % p->params.threads * FAMILIES + family]};
        }
        while (n) {
            struct head *h = LOWEST(heads, n, segment_position);
            const struct segment *s = (const void *)h->item,
                                 *later = (const void *)(h->item + FETCH * h->size);
            if (likely((const uint8_t *)later < h->end))
                stream_map_fetch(h->map, later->record);
            struct packet_row *row = &rows[count++];
            row->frame = lane->first_frame + (s->position >> 8);
            row->stream = stream_map_get(h->map, s->record);
            row->segment = s;
            row->family = h->family;
            if (sink->wants_origin)
                row->origin = origin_of(p, b, row->frame);
            head_advance(heads, &n, h);
            if (count == PACKET_ROWS) {
                if (sink->ops->format_packets(sink, &b->text[REPORT_PACKETS], rows, count))
                    return -1;
                count = 0;
            }
        }
    }
    return sink->ops->format_packets(sink, &b->text[REPORT_PACKETS], rows, count);
}

static int by_ending(const void *a, const void *b)
{
    const struct ended *x = *(const struct ended *const *)a, *y = *(const struct ended *const *)b;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

/* Conversations that ended in the batch: in the order in which they did, those of its end by stream. */
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
    qsort(all, count, sizeof(const struct ended *), by_ending);
    for (n = 0; n < count && !result; n++) {
        struct conversation_row row = {all[n]->stream, all[n]->ending, &all[n]->conversation, all[n]->family};
        result = sink->ops->format_conversation(sink, &b->text[REPORT_CONVERSATIONS], &row);
    }
    free(all);
    return result;
}

bool format_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    uint64_t end = atomic_load_explicit(&p->merged, memory_order_acquire);
    for (uint64_t n = atomic_load_explicit(&p->written, memory_order_relaxed); n < end; n++) {
        struct batch *b = &p->batches[n & p->ring_mask];
        unsigned numbered = BATCH_NUMBERED;
        if (atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_NUMBERED ||
            !atomic_compare_exchange_strong_explicit(&b->state, &numbered, BATCH_FORMATTING,
                                                     memory_order_acquire, memory_order_relaxed))
            continue;
        if ((p->params.sink->wants[REPORT_REUSE] && format_reuses(p, b)) ||
            (p->params.sink->wants[REPORT_PACKETS] && format_packets(p, b)) || format_ended(p, b))
            pipeline_fail(p, PIPELINE_MEMORY);
        if (p->params.sink->wants[REPORT_PACKETS])
            take_lists(w, b, 0, p->params.threads);
        atomic_store_explicit(&b->state, BATCH_FORMATTED, memory_order_release);
        return true;
    }
    return false;
}

/* Rows, unless something has failed: what formatting or draining could not finish is no part of a report, and
 * neither is what comes after it. Their failure is seen here, since it was published before the batch's state
 * was. */
static void write_text(struct pipeline *p, enum report report, struct text *text)
{
    struct sink *sink = p->params.sink;
    if (text->length && !pipeline_has_failed(p) && sink->ops->write(sink, report, text))
        pipeline_fail(p, PIPELINE_WRITE);
    text->length = 0;
}

static void write_batch(struct pipeline *p, struct batch *b)
{
    for (int r = 0; r < REPORTS; r++)
        write_text(p, (enum report)r, &b->text[r]);
    if (p->params.source->ops->release)
        p->params.source->ops->release(p->params.source, b);
}

bool write_step(struct pipeline *p)
{
    uint64_t n = atomic_load_explicit(&p->written, memory_order_relaxed);
    struct batch *b = &p->batches[n & p->ring_mask];
    if (atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_FORMATTED ||
        !turn_take(&p->write_turn))
        return false;
    bool did = false;
    for (n = atomic_load_explicit(&p->written, memory_order_relaxed);; n++) {
        b = &p->batches[n & p->ring_mask];
        if (atomic_load_explicit(&b->state, memory_order_acquire) != BATCH_FORMATTED || b->number != n)
            break;
        write_batch(p, b);
        atomic_store_explicit(&b->state, BATCH_FREE, memory_order_relaxed);
        atomic_store_explicit(&p->written, n + 1, memory_order_release);
        did = true;
    }
    turn_give_back(&p->write_turn);
    return did;
}

/* conversations.csv: all shards' records lie nearly in the order of their stream numbers, no further than
 * RECORDS_AHEAD from their place in it. So a piece of the report is a range of each table, found by
 * bisection, but for some records at its ends; and pieces are formatted in parallel. */
enum { ROWS_CHUNK = 4096 };

/* No further than RECORDS_AHEAD from the first one of this stream or a later one. */
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

static int format_rows(struct pipeline *p, struct text *text, uint64_t first, uint64_t end)
{
    struct conversation_row rows[ROWS_CHUNK];
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
                rows[stream - first] = (struct conversation_row){
                    stream, ENDING_RUN, table_record(t, (uint32_t)r, family), family};
        }
    }
    for (uint64_t i = 0; i < end - first; i++)
        if (p->params.sink->ops->format_conversation(p->params.sink, text, &rows[i]))
            return -1;
    return 0;
}

/* Where conversations were forgotten, records lie in no order. */
static bool forgets(const struct pipeline *p)
{
    return p->params.max_conversations || p->params.expire;
}

static int by_stream(const void *a, const void *b)
{
    const struct conversation_row *x = a, *y = b;
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
            p->rows[n++] = (struct conversation_row){stream_map_get(&p->streams[i], r), ENDING_RUN,
                                                     table_record(&s->table[family], r, family), family};
    }
    qsort(p->rows, n, sizeof *p->rows, by_stream);
    return 0;
}

static int format_sorted_rows(struct pipeline *p, struct text *text, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i < end; i++)
        if (p->params.sink->ops->format_conversation(p->params.sink, text, &p->rows[i]))
            return -1;
    return 0;
}

bool rows_step(struct worker *w, bool *done)
{
    struct pipeline *p = w->pipeline;
    const bool sorted = forgets(p);
    if (sorted && !atomic_load_explicit(&p->rows_sorted, memory_order_acquire)) {
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
    uint64_t count = sorted ? p->row_count : p->totals.conversations,
             chunks = (count + ROWS_CHUNK - 1) / ROWS_CHUNK;
    uint64_t claimed = atomic_load_explicit(&p->rows_claimed, memory_order_relaxed);
    uint64_t written = atomic_load_explicit(&p->rows_written, memory_order_acquire);
    bool did = false;
    *done = written == chunks;
    if (claimed < chunks && claimed - written <= p->ring_mask &&
        atomic_compare_exchange_strong_explicit(&p->rows_claimed, &claimed, claimed + 1, memory_order_relaxed,
                                                memory_order_relaxed)) {
        struct row_chunk *c = &p->chunks[claimed & p->ring_mask];
        if ((sorted ? format_sorted_rows : format_rows)(p, &c->text, claimed * ROWS_CHUNK,
                                                        MIN((claimed + 1) * ROWS_CHUNK, count)))
            pipeline_fail(p, PIPELINE_MEMORY);
        atomic_store_explicit(&c->ready, true, memory_order_release);
        step_clock_lap(&w->clock, STEP_FORMAT);
        did = true;
    }
    if (turn_take(&p->write_turn)) {
        bool wrote = false;
        for (written = atomic_load_explicit(&p->rows_written, memory_order_relaxed); written < chunks;
             written++) {
            struct row_chunk *c = &p->chunks[written & p->ring_mask];
            if (!atomic_load_explicit(&c->ready, memory_order_acquire))
                break;
            write_text(p, REPORT_CONVERSATIONS, &c->text);
            atomic_store_explicit(&c->ready, false, memory_order_relaxed);
            atomic_store_explicit(&p->rows_written, written + 1, memory_order_release);
            wrote = true;
        }
        turn_give_back(&p->write_turn);
        if (wrote)
            step_clock_lap(&w->clock, STEP_WRITE);
        did |= wrote;
    }
    return did;
}
