/* Number, one worker at a time and in batch order: assigns stream numbers to the conversations that a batch creates, and
 * resolves those that its reuses and ended conversations refer to.
 *
 * A stream number is a rank, the number of creations before it. So it is counted: a bit for each frame that creates, in
 * blocks of 64, and the number of creations before each block. This takes 6 instructions a frame of 64 bytes where one
 * in 13 creates a conversation; counting by frame took 13. */
#include "engine/pipeline/steps.h"

#include <stdlib.h>

enum { BLOCK_FRAMES = 64 };

struct frame_block {
    uint64_t creating; /* bit i: frame i of the block creates conversations */
    uint32_t before;   /* creations in the blocks before */
    uint32_t count;    /* creations in this one */
    bool several;      /* some frame creates more than one */
};

/* Creations of the list before the position. */
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

/* Creations before position in its block of frames. Frames that create two conversations, mostly in tunnels, are rare
 * enough that their blocks may cost a search of all lists. */
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

/* Creations of the batch before position. */
ALWAYS_INLINE uint64_t rank_in_batch(const struct pipeline *p, const struct batch *b, uint32_t position)
{
    const uint32_t frame = position >> 8;
    const struct frame_block *block = &p->blocks[frame / BLOCK_FRAMES];
    if (unlikely(block->several))
        return block->before + rank_in_block(b, p->params.threads, position);
    const uint64_t before = block->creating & ((UINT64_C(1) << frame % BLOCK_FRAMES) - 1);
    return block->before + (unsigned)__builtin_popcountll(before);
}

/* Numbers the creations of one table, and both conversations of its reuses. Both lists are in capture order. Where
 * finished records are not kept, a reuse gives its record a new stream, so the two lists are walked side by side. */
ALWAYS_INLINE int number_list(struct pipeline *p, const struct batch *b, struct stream_map *map,
                              const struct creation_list *created, struct reuse_list *reused)
{
    uint32_t r = 0;
    /* Each is a cache miss: without prefetching, 1.2 instead of 0.6 ns a frame of 64 bytes, in a step that one worker
     * at a time runs. */
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

typedef int number_list_function(struct pipeline *, const struct batch *, struct stream_map *,
                                 const struct creation_list *, struct reuse_list *);

static int number_list_portable(struct pipeline *p, const struct batch *b, struct stream_map *map,
                                const struct creation_list *created, struct reuse_list *reused)
{
    return number_list(p, b, map, created, reused);
}

/* With the processor's popcnt instruction, if it has one: 39 instructions a creation instead of 63. */
#if defined(__x86_64__)
static __attribute__((target("popcnt"))) int number_list_popcnt(struct pipeline *p, const struct batch *b,
                                                                struct stream_map *map,
                                                                const struct creation_list *created,
                                                                struct reuse_list *reused)
{
    return number_list(p, b, map, created, reused);
}

static number_list_function *choose_number_list(void)
{
    return __builtin_cpu_supports("popcnt") ? number_list_popcnt : number_list_portable;
}
#else
static number_list_function *choose_number_list(void)
{
    return number_list_portable;
}
#endif

static int reserve_blocks(struct pipeline *p, size_t blocks)
{
    if (p->block_capacity >= blocks)
        return 0;
    struct frame_block *more = realloc(p->blocks, 2 * blocks * sizeof *more);
    if (!more)
        return -1;
    p->blocks = more;
    p->block_capacity = 2 * blocks;
    return 0;
}

/* Fills the blocks: which frames create, and how many creations come before each block. */
static int count_creations(struct pipeline *p, const struct batch *b)
{
    const size_t blocks = b->frames / BLOCK_FRAMES + 1;
    if (reserve_blocks(p, blocks))
        return -1;
    memset(p->blocks, 0, blocks * sizeof *p->blocks);
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
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
    return 0;
}

/* Notes which conversation preceded, on its tuple, each one that the batch creates. Its record may have been reused when that is
 * needed, so its stream is kept. */
static int note_older(struct stream_map *older, const struct creation_list *created,
                      const struct reuse_list *reused)
{
    for (uint32_t i = 0; i < created->count; i++)
        if (stream_map_set(older, created->items[i].record, 0))
            return -1;
    for (uint32_t k = 0; k < reused->count; k++) {
        const struct reuse *r = &reused->items[k];
        if (r->stream != r->previous_stream && stream_map_set(older, r->record, r->previous_stream + 1))
            return -1;
    }
    return 0;
}

static int number_creations_and_reuses(struct pipeline *p, struct batch *b)
{
    number_list_function *number = choose_number_list();
    if (count_creations(p, b))
        return -1;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        struct shard_result *result = &b->result[i / FAMILIES];
        struct reuse_list *reused = &result->reused[i % FAMILIES];
        if (number(p, b, &p->streams[i], &result->created[i % FAMILIES], reused))
            return -1;
        if (p->older && note_older(&p->older[i], &result->created[i % FAMILIES], reused))
            return -1;
        for (uint32_t k = 0; k < reused->count; k++)
            p->totals.reuses[reused->items[k].trigger]++;
    }
    return 0;
}

/* Conversations that ended in the batch were numbered in an earlier batch, or in this one: records are not reused while a
 * batch that refers to them is under way. */
static void number_ended(struct pipeline *p, struct batch *b, uint64_t streams_before)
{
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        struct ended_list *list = &b->result[i / FAMILIES].ended[i % FAMILIES];
        for (uint32_t k = 0; k < list->count; k++) {
            struct ended *e = &list->items[k];
            e->stream = stream_map_get(&p->streams[i], e->record);
            e->older = e->newer = NO_STREAM;
            if (!p->older)
                continue;
            e->older = stream_map_get(&p->older[i], e->record) - 1;
            if (e->ending == ENDING_REUSE)
                e->newer = streams_before + rank_in_batch(p, b, e->position);
        }
    }
}

struct event_counts {
    uint64_t creations, reuses, ended;
};

static struct event_counts count_events(const struct pipeline *p, const struct batch *b)
{
    struct event_counts n = {0};
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++) {
        const struct shard_result *result = &b->result[i / FAMILIES];
        n.creations += result->created[i % FAMILIES].count;
        n.reuses += result->reused[i % FAMILIES].count;
        n.ended += result->ended[i % FAMILIES].count;
    }
    return n;
}

/* Ends the epochs whose last frame is in the batch. 0 or -1. */
static int count_epochs(struct pipeline *p, const struct batch *b, uint64_t creations)
{
    const uint64_t last = b->first_frame + b->frames - 1, before = p->totals.conversations - creations;
    for (uint64_t end; b->frames && (end = epochs_next_end(&p->epochs, last));) {
        const bool whole = !creations || end == last;
        const uint64_t begun =
            whole ? creations : rank_in_batch(p, b, (uint32_t)(end + 1 - b->first_frame) << 8);
        if (epochs_end(&p->epochs, before + begun))
            return -1;
    }
    return 0;
}

static int number_batch(struct pipeline *p, struct batch *b)
{
    const bool *wants = p->params.sink->wants;
    const struct event_counts n = count_events(p, b);
    if (n.creations || n.reuses) {
        if (number_creations_and_reuses(p, b))
            return -1;
        p->totals.conversations += n.creations;
        atomic_store_explicit(&p->shown_conversations, p->totals.conversations, memory_order_relaxed);
    }
    if (count_epochs(p, b, n.creations))
        return -1;
    if (n.ended)
        number_ended(p, b, p->totals.conversations - n.creations);
    if (p->params.verdicts.wanted && findings_take_in(p, b))
        return -1;
    if (n.reuses)
        atomic_fetch_add_explicit(&p->shown_reuses, n.reuses, memory_order_relaxed);
    if (n.reuses || (p->params.verdicts.wanted && b->reported.count))
        pipeline_show_found(p);
    const bool has_reuses = p->params.verdicts.wanted ? b->reported.count : n.reuses;
    const bool has_rows =
        (has_reuses && (wants[REPORT_REUSE] || wants[REPORT_EPISODES])) || wants[REPORT_PACKETS] || n.ended;
    /* Pairs with the acquire of formatting, or of writing where there is nothing to format. */
    atomic_store_explicit(&b->state, has_rows ? BATCH_NUMBERED : BATCH_FORMATTED, memory_order_release);
    return 0;
}

/* State first: drained is only reset when the state becomes BATCH_SETTLED. The acquire of drained pairs with
 * each shard's release. */
static bool is_drained(const struct pipeline *p, struct batch *b, uint64_t n)
{
    return atomic_load_explicit(&b->state, memory_order_acquire) == BATCH_SETTLED && b->number == n &&
           atomic_load_explicit(&b->drained, memory_order_acquire) == p->params.threads;
}

bool number_step(struct worker *w)
{
    struct pipeline *p = w->pipeline;
    uint64_t n = atomic_load_explicit(&p->numbered, memory_order_relaxed);
    struct batch *b = &p->batches[n & p->ring_mask];
    if (atomic_load_explicit(&b->drained, memory_order_relaxed) != p->params.threads ||
        atomic_load_explicit(&b->state, memory_order_relaxed) != BATCH_SETTLED || !turn_take(&p->number_turn))
        return false;
    bool did = false;
    for (n = atomic_load_explicit(&p->numbered, memory_order_relaxed);; n++) {
        b = &p->batches[n & p->ring_mask];
        /* A shard that failed leaves segments without a record; it does not count the batch as drained. */
        if (!is_drained(p, b, n) || !pipeline_is_batch_sound(p, n))
            break;
        if (number_batch(p, b)) {
            pipeline_fail(p, PIPELINE_MEMORY);
            pipeline_spoils(p, n);
            atomic_store_explicit(&p->torn, true, memory_order_relaxed);
            break;
        }
        atomic_store_explicit(&p->numbered, n + 1, memory_order_release);
        did = true;
    }
    turn_give_back(&p->number_turn);
    return did;
}
