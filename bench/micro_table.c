/* A shard's table: the whole drain of a segment, and bare lookups in groups of several sizes, with
 * conversations that fit the second-level cache, the third, and none. */
#include "bench/micro.h"
#include "engine/conversations/shard.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST = 2048 };

struct table_run {
    struct shard shard;
    struct batch batch;
    struct shard_result result;
    struct segment_list *lists; /* one a drain */
    uint32_t list_count, next;
    struct segment_list *lane_lists; /* the lane's, by family */
    uint32_t group;
    uint64_t drained;
    bool failed;
};

/* Addresses are the number of the tuple, so that a record tells whose it is. */
static void fill_segment(struct segment4 *s, uint32_t tuple, uint32_t position, unsigned flags)
{
    *s = (struct segment4){
        .s = {.hash = (uint32_t)micro_mix(tuple) | 1,
              .position = position << 8,
              .time = position,
              .seq = tuple,
              .ack = 5,
              .payload = flags & TCP_SYN ? 0 : 10,
              .wire = 64,
              .port = {1000, 80},
              .flags = (uint16_t)(6 << 12 | flags),
              .bits = SEGMENT_LENGTH_KNOWN},
        .address = {tuple, ~tuple},
    };
}

static struct segment4 *segment_of(const struct segment_list *list, uint32_t i)
{
    return (struct segment4 *)segment_list_at(list, i, FAMILY_IPV4);
}

static void drain(struct table_run *r, struct segment_list *list)
{
    r->lane_lists[FAMILY_IPV4] = *list;
    r->batch.lane[0].first_frame = r->batch.first_frame = r->drained + 1;
    r->failed |= shard_drain(&r->shard, &r->batch, 1) != 0;
    r->drained += segment_list_count(list, FAMILY_IPV4);
}

static void drain_next(void *argument)
{
    struct table_run *r = argument;
    drain(r, &r->lists[r->next]);
    r->next = (r->next + 1) % r->list_count;
}

static uint64_t frames_of_all(const struct table *t, bool *whole)
{
    uint64_t frames = 0;
    for (uint32_t n = 1; n <= t->records; n++) {
        const struct conversation4 *c = table_record(t, n, FAMILY_IPV4);
        frames += conversation_frames(&c->c);
        *whole &= c->address[0] == ~c->address[1];
    }
    return frames;
}

/* One list: fetch all buckets of a group, find all records and fetch them, look at all. */
static uint32_t look_up(const struct table *t, const struct segment_list *list, uint32_t group)
{
    enum { GROUP_MAX = 256 };
    uint32_t found[GROUP_MAX], right = 0;
    const uint32_t count = segment_list_count(list, FAMILY_IPV4);
    for (uint32_t at = 0; at < count; at += group) {
        uint32_t n = MIN(group, count - at);
        for (uint32_t i = 0; i < n; i++)
            __builtin_prefetch(table_bucket(t, segment_of(list, at + i)->s.hash));
        for (uint32_t i = 0; i < n; i++) {
            uint32_t hash = segment_of(list, at + i)->s.hash;
            const struct bucket *b = table_bucket(t, hash);
            unsigned match = bucket_match(b, hash);
            while (!match && b->tag[BUCKET_SLOTS - 1]) {
                b = table_next_bucket(t, b);
                match = bucket_match(b, hash);
            }
            found[i] = match ? b->record[first_slot(match)] : 1;
            __builtin_prefetch(table_record(t, found[i], FAMILY_IPV4));
        }
        for (uint32_t i = 0; i < n; i++) {
            const struct conversation4 *c = table_record(t, found[i], FAMILY_IPV4);
            right += c->address[0] == segment_of(list, at + i)->address[0];
        }
    }
    return right;
}

static void look_up_next(void *argument)
{
    struct table_run *r = argument;
    micro_keep(look_up(&r->shard.table[FAMILY_IPV4], &r->lists[r->next], r->group));
    r->next = (r->next + 1) % r->list_count;
}

static void check_lookups(const struct table_run *r)
{
    uint64_t right = 0;
    for (uint32_t i = 0; i < r->list_count; i++)
        right += look_up(&r->shard.table[FAMILY_IPV4], &r->lists[i], 32);
    /* Another tuple with an equal hash may stand before the right one: of 4 million few have such. */
    micro_check((double)right > 0.998 * r->list_count * LIST, "lookups find their records");
}

static void open_run(struct table_run *r, uint32_t tuples)
{
    r->lists = calloc(r->list_count, sizeof *r->lists);
    r->lane_lists = calloc(FAMILIES, sizeof *r->lane_lists);
    micro_check(r->lists && r->lane_lists && !shard_init(&r->shard, 0, RULES_4_4, false, false), "memory");
    r->batch.lanes_used = 1;
    r->batch.lane[0].lists = r->lane_lists;
    r->batch.result = &r->result;
    for (uint32_t i = 0; i < r->list_count; i++) {
        struct segment_list *list = &r->lists[i];
        list->items = calloc(LIST, sizeof(struct segment4));
        micro_check(list->items != NULL, "memory");
        list->end = list->limit = list->items + LIST * sizeof(struct segment4);
    }
    /* Each tuple's handshake, through the first list; then segments of tuples at random. */
    for (uint32_t first = 0; first < tuples; first += LIST)
        for (unsigned side = 0; side < 2; side++) {
            struct segment_list *list = &r->lists[0];
            const uint32_t count = MIN((uint32_t)LIST, tuples - first);
            list->end = list->items + count * sizeof(struct segment4);
            for (uint32_t i = 0; i < count; i++) {
                fill_segment(segment_of(list, i), first + i, i, side ? TCP_SYN | TCP_ACK : TCP_SYN);
                segment_of(list, i)->s.bits |= side ? SEGMENT_FLOW : 0;
            }
            drain(r, list);
        }
    for (uint32_t k = 0; k < r->list_count; k++) {
        r->lists[k].end = r->lists[k].limit;
        for (uint32_t i = 0; i < LIST; i++)
            fill_segment(segment_of(&r->lists[k], i), (uint32_t)(micro_mix(k * LIST + i) % tuples), i,
                         TCP_ACK);
    }
    for (uint32_t i = 0; i < r->list_count; i++)
        drain_next(r);
    bool whole = true;
    const struct table *t = &r->shard.table[FAMILY_IPV4];
    micro_check(!r->failed && t->used == tuples && t->records == tuples, "one conversation a tuple");
    micro_check(frames_of_all(t, &whole) == r->drained && whole, "each segment found its conversation");
}

static void close_run(struct table_run *r)
{
    for (uint32_t i = 0; i < r->list_count; i++)
        free(r->lists[i].items);
    free(r->lists);
    free(r->lane_lists);
    for (int f = 0; f < FAMILIES; f++) {
        free(r->result.created[f].items);
        free(r->result.reused[f].items);
    }
    shard_free(&r->shard);
}

static void time_table(uint32_t tuples, uint32_t lists)
{
    static struct table_run run;
    char what[64];
    run = (struct table_run){.list_count = lists};
    open_run(&run, tuples);
    snprintf(what, sizeof what, "a segment drained, %u conversations", tuples);
    micro_time("table", what, LIST, drain_next, &run);
    check_lookups(&run);
    for (run.group = 1; run.group <= 256; run.group *= run.group < 8 ? 8 : 2) {
        snprintf(what, sizeof what, "a bare lookup, %u conversations, groups of %u", tuples, run.group);
        micro_time("table", what, LIST, look_up_next, &run);
    }
    close_run(&run);
}

void micro_table(void)
{
    time_table(1000, 16);
    time_table(100000, 64);
    time_table(micro_short ? 400000 : 4000000, micro_short ? 128 : 512);
}
