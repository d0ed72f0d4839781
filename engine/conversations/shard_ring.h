/* What all variants of the passes (shard_passes.h) share: their distances, the ring of candidates, and where
 * they are in the batch's lists. */
#ifndef TCPREUSE_SHARD_RING_H
#define TCPREUSE_SHARD_RING_H

#include "engine/conversations/shard_rules.h"

#include <assert.h>

enum {
    FETCH_DISTANCE = 32, /* segments from fetch to find. With 8: 1.2 of the time; 16 and 48: no difference */
    CANDIDATES_MIN = 16, /* waiting for update, while there are segments to be found */
    CANDIDATES_REFILL = 48,        /* found at a time while update stands still */
    RING_SIZE = 128,               /* candidates; a power of two */
    STEPS_MAX = RING_SIZE / 2 - 1, /* of all passes together, before the ring is looked at again */
};
_Static_assert((int)RECORDS_AHEAD >= CANDIDATES_REFILL + 3 * RING_SIZE / 2,
               "while a candidate waits, CANDIDATES_REFILL + RING_SIZE / 2 more are found; RING_SIZE more if "
               "it returns");

/* A ring lies at an even multiple of its size: a pointer wraps by losing the bit of that size. */
enum { RING_BYTES = RING_SIZE * sizeof(struct candidate) };
_Static_assert((RING_BYTES & (RING_BYTES - 1)) == 0, "a power of two");

ALWAYS_INLINE struct candidate *ring_next(struct candidate *c)
{
    return (struct candidate *)((uintptr_t)(c + 1) & ~(uintptr_t)RING_BYTES);
}

/* The conversation of a candidate without one. It accepts no segment. */
static const union conversation_any no_conversation = {.c.bits = CONVERSATION_SUPERSEDED};

/* Where a pass is in the batch's lists for the shard, one lane after the other. */
struct segment_cursor {
    const struct lane *lane, *lanes_end;
    size_t list; /* in a lane's lists */
    uint8_t *at; /* in the lane's list */
    uint64_t left;
};

/* To the first segment from this lane on. */
ALWAYS_INLINE void segment_cursor_enter(struct segment_cursor *c, enum family family)
{
    for (; c->lane < c->lanes_end; c->lane++) {
        const struct segment_list *list = &c->lane->lists[c->list];
        c->at = list->items;
        c->left = segment_list_count(list, family);
        if (c->left)
            return;
    }
}

/* To `at`, n segments further in the same list. */
ALWAYS_INLINE void segment_cursor_advance(struct segment_cursor *c, uint8_t *at, uint64_t n,
                                          enum family family)
{
    c->at = at;
    c->left -= n;
    if (!c->left) {
        c->lane++;
        segment_cursor_enter(c, family);
    }
}

enum stages { FETCH = 1, FIND = 2, UPDATE = 4 };

struct passes {
    struct segment_cursor fetch, find;
    struct candidate *in, *out; /* of the ring: where the next one is put, and taken */
    uint32_t waiting;           /* candidates in the ring */
};

/* Prefetches into the second-level cache, of which more misses can be under way than of the first: 200,000
 * conversations, one thread, 0.43 s instead of 0.48. */
ALWAYS_INLINE void prefetch_line(const void *line)
{
    __builtin_prefetch(line, 0, 2);
}

ALWAYS_INLINE void candidate_set(struct candidate *c, const struct table *t, uint32_t record,
                                 enum family family)
{
    c->record = record;
    c->conversation = table_record(t, record, family);
    /* A record of more than a line lies in two or three. */
    const uint8_t *const at = (const uint8_t *)c->conversation;
    const size_t size = conversation_size(family);
    prefetch_line(at);
    if (size > CACHE_LINE + 8)
        prefetch_line(at + CACHE_LINE);
    if (size > CACHE_LINE)
        prefetch_line(at + size - 1);
}

/* For shard.port_word_added. A payload of unknown length is 0. */
ALWAYS_INLINE unsigned port_word_added_index(const struct segment *s, bool verdicts)
{
    const unsigned flags = s->flags & 31, flow = verdicts ? s->bits & SEGMENT_FLOW : 0;
    return flow * 64 + flags + flags + (s->payload == 0);
}

/* What the fast paths compare of a segment's port word and its conversation's: ports, decimals, and bits that
 * only one of the two has, so that the other's are 0. bits: more of those. */
ALWAYS_INLINE uint64_t port_word_compared(uint8_t bits)
{
    return port_word_of((struct port_word){
        .port = {0xffff, 0xffff},
        .flags = STATE_DECIMALS | TCP_SYN,
        .bits = (uint8_t)(CONVERSATION_SUPERSEDED | CONVERSATION_UNKNOWN | SEGMENT_SHORT_OFFSET | bits)});
}

/* A SYN and nothing else, as nearly all conversations begin. */
ALWAYS_INLINE bool is_plain_syn(const struct segment *s)
{
    return (s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN && s->payload == 0 &&
           !(s->bits & (SEGMENT_QUOTED | SEGMENT_SHORT_OFFSET));
}

#endif
