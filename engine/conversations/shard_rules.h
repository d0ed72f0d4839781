/* What a segment does to the conversations of a shard: it begins one, adds to one, or reuses the ports of
 * one.
 *
 * Inline is what the passes (shard_passes.h) need for nearly all segments, with the family as a constant. The
 * slow path in shard_rules.c takes any segment, and is the only place that asks the rules about reuse. All of
 * this belongs to the shard's owner: one thread. */
#ifndef TCPREUSE_SHARD_RULES_H
#define TCPREUSE_SHARD_RULES_H

#include "engine/conversations/shard.h"
#include "engine/list.h"

/* Strays that are remembered until no segment waits: mostly all. Others are met again. */
enum { STRAYS_MAX = 64 };

/* The drain of one batch's segments of one family. */
struct drain {
    struct shard *shard;
    struct table *table; /* the family's */
    struct shard_result *result;
    uint64_t first_frame; /* of the batch */
    enum family family;
    bool out_of_memory; /* the conversation of a segment could not be created */
    /* What FTP announces in the batch, and how many of these the shard has taken in. */
    const struct announcement_list *announcements;
    uint32_t announcements_seen;
    /* Where conversations expire by time: the idle clock from here on, up to a position, and what is behind that. */
    const struct idle_clock_change *idle_clock, *last_idle_clock;
    uint32_t idle_clock_end;
    /* Where verdicts are wanted: how far the clock of the boundaries has come. */
    const struct batch *batch;
    const struct lane *lane; /* that has the boundary which was looked up last */
    struct lane_clock {
        int64_t before; /* clock before the lane */
        uint32_t last
            [2]; /* its boundary that was looked up last, of a segment that begins a conversation, and of another */
    } lane_clock[LANES], *clock; /* clock: of `lane` */
    int64_t end_clock;           /* behind the last one */
    /* Tuples found, or put, outside their home bucket: see table_move_home(). */
    uint32_t stray_count;
    struct stray {
        uint32_t hash, record;
    } strays[STRAYS_MAX];
};

/* A segment, and the conversation that it most likely belongs to. */
struct candidate {
    struct conversation *conversation; /* one without a tuple if none was found */
    struct segment *segment;
    uint64_t frame;  /* the segment's */
    uint32_t record; /* the conversation's; RECORD_NONE if none was found */
};
_Static_assert(sizeof(struct candidate) == 32, "two of them fill a cache line");

/* The slow path: any segment, whose candidate may be wrong, superseded or missing. 0, or -1 when memory is
 * short. */
int drain_update(struct drain *d, const struct candidate *candidate);
/* The rules for the first segment of a conversation that conversation_begin() has made, unless FTP has
 * announced it. 0 or -1. */
int drain_apply_first(struct drain *d, struct conversation *c, uint32_t record, struct segment *s,
                      uint64_t frame);
/* Ends a conversation whose time is up, with all of its segments before position, and forgets it. clock: how far the idle clock
 * has come. 0 or -1. */
int drain_expire(struct drain *d, uint32_t record, uint32_t position, uint64_t clock);
/* A segment ends before this sequence number: moves the endpoint's next number up to it, if it is not there
 * yet. Without a branch, which would be unpredictable. */
ALWAYS_INLINE void conversation_move_next(struct conversation *c, unsigned endpoint, uint32_t end)
{
    const int32_t ahead = (int32_t)(end - c->next[endpoint]);
    c->next[endpoint] += (uint32_t)MAX(ahead, 0);
}

/* shard_boundaries.c, where verdicts are wanted. At the beginning of a batch. */
void drain_begin_clock(struct drain *d, const struct batch *batch);
ALWAYS_INLINE struct histories *drain_histories(const struct drain *d)
{
    return &d->shard->histories[d->family];
}
/* The boundary that a segment with such flags is, before it is marked; NULL if it was not noted. begins: a
 * conversation: those begin some tens of segments ahead of the others (shard_passes.h). */
const struct boundary *drain_boundary_of(struct drain *d, const struct segment *s, uint64_t frame,
                                         bool begins);
/* The clock at a segment, and not before the segment's own time. b: its boundary, if it is one. */
int64_t drain_clock_at(struct drain *d, const struct segment *s, uint64_t frame, const struct boundary *b);
/* The history of a conversation that conversation_begin() has just made; the record has room for one. 0 or -1. */
int drain_begin_history(struct drain *d, struct conversation *c, uint32_t record, const struct segment *s,
                        uint64_t frame);
/* On the fast path: a FIN or RST; the latter, or one with a time stamp. */
void drain_see_unusual_close(struct drain *d, const struct candidate *candidate);
ALWAYS_INLINE void drain_see_close(struct drain *d, const struct candidate *candidate)
{
    struct conversation *const c = candidate->conversation;
    const struct segment *const s = candidate->segment;
    if (unlikely(s->flags & TCP_RST || s->boundary & SEGMENT_BOUNDARY_STAMPED)) {
        drain_see_unusual_close(d, candidate);
        return;
    }
    history_note_fin(c, s);
    conversation_move_next(c, s->bits & SEGMENT_FLOW, s->seq + s->payload + 1);
}
/* A boundary on the slow path that is no quoted segment, before its numbers count in the conversation. 0 or -1. */
int drain_see_boundary(struct drain *d, struct conversation *c, uint32_t record, const struct segment *s,
                       const struct boundary *b);
/* shard_verdicts.c. At the end of a batch: episodes that are due are over. 0 or -1. */
int drain_close_episodes(struct drain drains[FAMILIES]);
/* For any segment on the slow path, after the rules: also shows it to the episode that watches its
 * conversation. 0 or -1. */
int drain_see_slow(struct drain *d, struct conversation *c, uint32_t record, struct segment *s,
                   uint64_t frame);
/* What is known of a reuse at once, before it changes the conversation. Ends the old conversation's episode
 * if it is due, or is not joined. 0 or -1. */
int drain_start_attempt(struct drain *d, struct conversation *c, uint32_t record, const struct segment *s,
                        uint64_t frame, bool opens, struct attempt_start *start);
/* Gives the reuse its ticket, and begins its attempt. c, record: of the conversation that it belongs to. 0 or
 * -1. */
int drain_begin_attempt(struct drain *d, struct conversation *c, uint32_t record,
                        const struct attempt_start *start, uint32_t *ticket);
/* The conversation's record will be another one's. */
void drain_forget_history(struct drain *d, uint32_t record);

/* Moves the strays into their home buckets. No segment may be under way: one that looks for its conversation
 * outside of the home bucket would be overtaken by the next one of its tuple. */
void drain_move_strays(struct drain *d);
/* At the end of the batch: takes in the rest of what FTP announced. 0 or -1. */
int drain_finish_announcements(struct drain *d);

/* Addresses and realm, of which nothing lies between. */
enum { KEYED_BYTES = 32 + sizeof(struct realm) };
_Static_assert(sizeof(struct segment_keyed) == offsetof(struct segment_keyed, address) + KEYED_BYTES &&
                   sizeof(struct conversation_keyed) ==
                       offsetof(struct conversation_keyed, address) + KEYED_BYTES,
               "compared and copied at once");

/* 0 if the conversation has the segment's addresses, and its realm. */
ALWAYS_INLINE uint64_t address_difference(const struct conversation *c, const struct segment *s,
                                          enum family family)
{
    if (family == FAMILY_IPV4)
        return load_raw64(((const struct conversation4 *)c)->address) ^
               load_raw64(((const struct segment4 *)s)->address);
    const uint8_t *have = ((const struct conversation6 *)c)->address[0];
    const uint8_t *want = ((const struct segment6 *)s)->address[0];
    uint64_t difference = 0;
    for (int i = 0; i < (family == FAMILY_IPV6 ? 32 : KEYED_BYTES); i += 8)
        difference |= load_raw64(have + i) ^ load_raw64(want + i);
    return difference;
}

/* 0 if the conversation has the segment's tuple. */
ALWAYS_INLINE uint64_t tuple_difference(const struct conversation *c, const struct segment *s,
                                        enum family family)
{
    return (load_raw32(c->port) ^ load_raw32(s->port)) | address_difference(c, s, family);
}

/* Where a segment of this frame stands in the batch: see events.h. */
ALWAYS_INLINE uint32_t drain_position(const struct drain *d, const struct segment *s, uint64_t frame)
{
    /* NOLINTNEXTLINE(analyzer-null-dereference): whoever calls has a segment */
    return (uint32_t)(frame - d->first_frame) << 8 | (s->position & 0xff);
}

/* Makes a conversation of a record, with no frames yet. Its last time and last frame are set when its first
 * segment is added. */
ALWAYS_INLINE void conversation_begin(struct conversation *c, const struct segment *s, uint64_t frame,
                                      enum family family)
{
    c->port[0] = s->port[0];
    c->port[1] = s->port[1];
    c->state = s->bits & SEGMENT_FLOW ? STATE_CLIENT_1 : 0;
    c->bits = CONVERSATION_UNKNOWN;
    conversation_set_first_frame(c, frame);
    c->first_time = s->time;
    c->isn[0] = c->isn[1] = 0;
    if (family == FAMILY_IPV4)
        memcpy(((struct conversation4 *)c)->address, ((const struct segment4 *)s)->address, 8);
    else if (family == FAMILY_IPV6)
        memcpy(((struct conversation6 *)c)->address, ((const struct segment6 *)s)->address, 32);
    else
        memcpy(((struct conversation_keyed *)c)->address, ((const struct segment_keyed *)s)->address,
               KEYED_BYTES);
}

/* What every segment adds, whatever the rules decide. */
ALWAYS_INLINE void conversation_add_segment(struct conversation *c, const struct segment *s, uint64_t frame)
{
    conversation_add_frame(c, frame, s->wire);
    c->last_time = s->time;
}

/* The idle clock at a segment, where conversations expire by time. Segments come in the order of the capture. */
ALWAYS_INLINE uint64_t drain_idle_clock(struct drain *d, const struct segment *s, uint64_t frame)
{
    if (!d->idle_clock)
        return 0;
    const uint32_t position = drain_position(d, s, frame);
    while (unlikely(position >= d->idle_clock_end)) {
        d->idle_clock++;
        d->idle_clock_end = d->idle_clock == d->last_idle_clock ? UINT32_MAX : d->idle_clock[1].position;
    }
    return idle_clock_at(&d->idle_clock->clock, s->time);
}

/* Has a conversation been idle for too long, at this clock and frame? */
ALWAYS_INLINE bool drain_is_expired(const struct drain *d, const struct conversation *c, uint32_t record,
                                    uint64_t clock, uint64_t frame)
{
    const struct shard *s = d->shard;
    return (s->idle_time && clock - s->idle[d->family].clocks[record] > (uint64_t)s->idle_time) ||
           conversation_last_frame(c) <= (frame > s->over_from ? s->over : s->over_before);
}

/* Keeps the list in capture order: a creation of the update pass may precede one that the find pass has noted
 * already. 0 or -1. */
ALWAYS_INLINE int drain_note_creation(struct drain *d, enum family family, uint32_t position, uint32_t record)
{
    struct creation_list *list = &d->result->created[family];
    struct creation *c = LIST_ADD(list);
    if (!c)
        return -1;
    for (; c > list->items && c[-1].position > position; c--)
        *c = c[-1];
    *c = (struct creation){position, record};
    return 0;
}

/* Not where conversations are forgotten: the record may be another tuple's by the time it would be moved. */
ALWAYS_INLINE void drain_note_stray(struct drain *d, uint32_t hash, uint32_t record)
{
    if (d->stray_count < STRAYS_MAX && !d->shard->forgets)
        d->strays[d->stray_count++] = (struct stray){hash, record};
}

#endif
