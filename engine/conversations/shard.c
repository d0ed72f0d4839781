/* The shard's interface: creating and freeing a shard, draining a batch, and forgetting conversations.
 * shard_passes.h says how segments go through the table; its variants are instantiated here. shard_rules.h
 * says what a segment does to a conversation. */
#include "engine/conversations/shard.h"
#include "engine/conversations/shard_rules.h"

#include <assert.h>

int shard_init(struct shard *s, unsigned index, enum rules rules, bool keep_records, bool mark_segments)
{
    *s = (struct shard){
        .index = index, .rules = rules, .keep_records = keep_records, .mark_segments = mark_segments};
    for (unsigned i = 0; i < ARRAY_LEN(s->port_word_added) / 2; i++) {
        const struct segment segment = {
            .flags = (uint16_t)(i >> 1), .payload = !(i & 1), .bits = SEGMENT_LENGTH_KNOWN};
        const uint8_t has = rules_completeness(rules, 0, &segment, false, false);
        s->port_word_added[i] = s->port_word_added[i + 64] =
            port_word_of((struct port_word){.flags = has << STATE_COMPLETENESS_SHIFT});
    }
    const struct segment syn = {.flags = TCP_SYN, .bits = SEGMENT_LENGTH_KNOWN};
    s->syn_completeness = rules_completeness(rules, 0, &syn, true, true);
    for (int f = 0; f < ADDRESS_FAMILIES; f++)
        if (table_init(&s->table[f], f))
            return -1;
    return 0;
}

int shard_key(struct shard *s)
{
    assert(s->rules != RULES_4_0);
    s->keyed = true;
    return table_init(&s->table[FAMILY_KEYED], FAMILY_KEYED);
}

void shard_free(struct shard *s)
{
    for (int f = 0; f < FAMILIES; f++) {
        table_free(&s->table[f]);
        idle_list_free(&s->idle[f]);
        announced_free(&s->announced[f]);
        copy_filter_free(&s->seen[f]);
        histories_free(&s->histories[f]);
        record_chunks_free(&s->ways[f]);
        episodes_free(&s->episodes[f]);
    }
}

void shard_give_verdicts(struct shard *s, const struct verdict_params *params)
{
    s->verdicts = *params;
    s->clock = INT64_MIN;
    for (int f = 0; f < FAMILIES; f++)
        s->episodes[f].params = &s->verdicts;
    for (unsigned i = 0; params->wanted && i < ARRAY_LEN(s->port_word_added); i++) {
        const unsigned flags = i >> 1;
        if (!(flags & TCP_RST))
            s->port_word_added[i] |= port_word_of((struct port_word){
                .flags = (uint16_t)(STATE_SENT << (i >= 64) | (rules_is_synack(flags) ? STATE_SYNACK : 0)),
                .bits = flags & TCP_ACK ? conversation_acked_bit(i >= 64) : 0});
    }
}

void shard_follow_ftp(struct shard *s, const struct hash_key *key)
{
    s->follows_ftp = true;
    for (int f = 0; f < FAMILIES; f++)
        s->announced[f].key = key;
}

void shard_count_ways(struct shard *s)
{
    assert(s->mark_segments);
    s->counts_ways = true;
    for (int f = 0; f < FAMILIES; f++)
        s->histories[f].keeps_answers = true;
}

void shard_forget(struct shard *s, uint64_t most, int64_t idle_time, bool by_frames, bool note_ended)
{
    s->forgets = most || idle_time || by_frames;
    s->most = most;
    s->idle_time = idle_time;
    for (int f = 0; f < FAMILIES; f++)
        s->idle[f].timed = idle_time != 0;
    s->note_ended = note_ended;
}

/* Forgets, at the end of a batch, all conversations that have been idle for too long. Neither the idle clock nor
 * frame numbers go back, so none of them is behind the first one that has not. 0 or -1. */
static int forget_idle(struct drain drains[FAMILIES], const struct batch *batch)
{
    struct shard *const s = drains[0].shard;
    const uint64_t last_frame = batch->first_frame + batch->frames - 1;
    for (int f = 0; f < FAMILIES; f++)
        for (uint32_t record; (record = s->idle[f].oldest) != RECORD_NONE; s->expired++) {
            const struct conversation *c = table_record(&s->table[f], record, f);
            if (!drain_is_expired(&drains[f], c, record, batch->end_clock, last_frame))
                break;
            if (drain_expire(&drains[f], record, UINT32_MAX, batch->end_clock))
                return -1;
        }
    return 0;
}

/* Forgets, at the end of a batch, the conversations beyond `most`, longest idle first. 0 or -1. */
static int forget_surplus(struct drain drains[FAMILIES], const struct batch *batch)
{
    struct shard *const s = drains[0].shard;
    for (;;) {
        const struct conversation *oldest = NULL;
        int oldest_family = 0;
        uint64_t tuples = 0;
        for (int f = 0; f < FAMILIES; f++) {
            const uint32_t record = s->idle[f].oldest;
            const struct conversation *c = record ? table_record(&s->table[f], record, f) : NULL;
            tuples += s->table[f].used;
            if (!c || (oldest && conversation_last_frame(oldest) <= conversation_last_frame(c)))
                continue;
            oldest = c;
            oldest_family = f;
        }
        if (!oldest || tuples <= s->most)
            return 0;
        s->displaced++;
        if (drain_expire(&drains[oldest_family], s->idle[oldest_family].oldest, UINT32_MAX, batch->end_clock))
            return -1;
    }
}

#define VERDICTS      false
#define VARIANT(name) name
#include "engine/conversations/shard_variants.h"

#define VERDICTS      true
#define VARIANT(name) name##_verdicts
#include "engine/conversations/shard_variants.h"

typedef int passes_function(struct drain *, const struct batch *, size_t list);

/* The variant for a shard. Where it forgets, only the slow path depends on the generation. */
static passes_function *shard_passes(const struct shard *s, enum family family)
{
    enum { LATER, GENERATION_40, FORGETTING, VARIANTS };
    _Static_assert(FAMILY_IPV4 == 0 && FAMILY_IPV6 == 1 && FAMILY_KEYED == 2 && FAMILIES == 3,
                   "each family has its passes, in this order");
    static passes_function *const passes[VARIANTS][2][2][FAMILIES] = {
        [LATER] = {{{passes4_later, passes6_later, keyed_later},
                    {passes4_later_marking, passes6_later_marking, keyed_later_marking}},
                   {{passes4_later_verdicts, passes6_later_verdicts, keyed_later_verdicts},
                    {passes4_later_marking_verdicts, passes6_later_marking_verdicts,
                     keyed_later_marking_verdicts}}},
        [GENERATION_40] = {{{passes4_40, passes6_40}, {passes4_40_marking, passes6_40_marking}},
                           {{passes4_40_verdicts, passes6_40_verdicts},
                            {passes4_40_marking_verdicts, passes6_40_marking_verdicts}}},
        [FORGETTING] = {{{passes4_forget, passes6_forget, keyed_forget},
                         {passes4_forget_marking, passes6_forget_marking, keyed_forget_marking}},
                        {{passes4_forget_verdicts, passes6_forget_verdicts, keyed_forget_verdicts},
                         {passes4_forget_marking_verdicts, passes6_forget_marking_verdicts,
                          keyed_forget_marking_verdicts}}},
    };
    const unsigned variant = s->forgets ? FORGETTING : s->rules == RULES_4_0 ? GENERATION_40 : LATER;
    return passes[variant][s->verdicts.wanted][s->mark_segments][family];
}

/* Before the batch is drained. 0, or -1 when memory is short. */
static int drop_copies(struct shard *s, struct batch *batch, unsigned shards)
{
    for (int f = 0; f < FAMILIES; f++)
        for (unsigned i = 0; i < batch->lanes_used; i++) {
            struct lane *lane = &batch->lane[i];
            if (copy_filter_drop(&s->seen[f], &lane->lists[(size_t)f * shards + s->index], (enum family)f,
                                 &lane->packet_ids, s->copy_window, &s->copies))
                return -1;
        }
    return 0;
}

/* Behind the passes, for all segments of a batch. 0, or -1 when memory is short. */
static int count_ways(struct shard *s, const struct batch *batch, unsigned shards)
{
    struct shard_result *const result = &batch->result[s->index];
    for (int f = 0; f < FAMILIES; f++) {
        struct record_chunks *const ways = &s->ways[f];
        if (f == FAMILY_KEYED && !s->keyed)
            continue;
        if (ways_begin(ways, s->table[f].records, &result->created[f]))
            return -1;
        for (unsigned i = 0; i < batch->lanes_used; i++)
            ways_count(ways, &batch->lane[i].lists[(size_t)f * shards + s->index], (enum family)f);
        for (uint32_t i = 0; i < result->ended[f].count; i++) {
            struct ended *const e = &result->ended[f].items[i];
            e->ways = *ways_of(ways, e->record);
        }
    }
    return 0;
}

static void begin_idle_clock(struct drain *d, const struct batch *batch)
{
    const struct idle_clock_list *list = &batch->clocks;
    d->idle_clock = list->items;
    d->last_idle_clock = list->items + list->count - 1;
    d->idle_clock_end = list->count > 1 ? list->items[1].position : UINT32_MAX;
}

int shard_drain(struct shard *s, struct batch *batch, unsigned shards)
{
    struct shard_result *result = &batch->result[s->index];
    struct drain drains[FAMILIES];
    s->batch = batch->number;
    if (unlikely(s->copy_window) && drop_copies(s, batch, shards))
        return -1;
    for (int f = 0; f < FAMILIES; f++) {
        result->created[f].count = 0;
        result->reused[f].count = 0;
        result->ended[f].count = 0;
        result->found[f].count = 0;
        drains[f] = (struct drain){.shard = s,
                                   .table = &s->table[f],
                                   .result = result,
                                   .first_frame = batch->first_frame,
                                   .family = (enum family)f,
                                   .announcements = &batch->announcements};
        if (f == FAMILY_KEYED && !s->keyed)
            continue;
        if (s->verdicts.wanted)
            drain_begin_clock(&drains[f], batch);
        if (s->idle_time)
            begin_idle_clock(&drains[f], batch);
        const size_t list = (size_t)f * shards + s->index;
        if (shard_passes(s, (enum family)f)(&drains[f], batch, list))
            return -1;
        if (s->follows_ftp && drain_finish_announcements(&drains[f]))
            return -1;
    }
    if (s->verdicts.wanted && drain_close_episodes(drains))
        return -1;
    if (s->forgets && forget_idle(drains, batch))
        return -1;
    if (s->most && forget_surplus(drains, batch))
        return -1;
    return s->counts_ways ? count_ways(s, batch, shards) : 0;
}

int shard_finish(struct shard *s, struct found_list found[FAMILIES])
{
    int result = 0;
    for (int f = 0; f < FAMILIES; f++)
        result |= episodes_finish(&s->episodes[f], &found[f]);
    return result;
}
