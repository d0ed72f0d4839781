/* Segments, which are what decoding keeps of TCP headers, and the lists that take them from the worker that
 * decodes to the shard that owns their tuples. */
#ifndef TCPREUSE_SEGMENT_H
#define TCPREUSE_SEGMENT_H

#include "engine/conversations/realm.h"

/* TCP flags (RFC 9293, 3.1; RFC 3540 and RFC 9768 for the highest). */
enum {
    TCP_FIN = 0x001,
    TCP_SYN = 0x002,
    TCP_RST = 0x004,
    TCP_PSH = 0x008,
    TCP_ACK = 0x010,
};

enum segment_bits {
    SEGMENT_FLOW = 1,         /* sent by endpoint 1 of the canonical tuple, not by endpoint 0 */
    SEGMENT_QUOTED = 2,       /* quoted in an ICMP or ICMPv6 error */
    SEGMENT_LENGTH_KNOWN = 4, /* else payload is 0 because the length is unknown */
    SEGMENT_SHORT_OFFSET = 8, /* data offset below 5 */
    SEGMENT_REUSE = 16,       /* set by the shard: this segment is a reuse */
};

/* In the canonical tuple the lower (address, port) is endpoint 0. Ports and IPv4 addresses are in host order,
 * IPv6 addresses in network order.
 *
 * Written by the worker that decodes. When the batch is settled (BATCH_SETTLED, release), the shard's owner
 * reads it, and writes record, completeness and SEGMENT_REUSE, which formatting reads (BATCH_NUMBERED,
 * release). */
struct segment {
    union {
        uint32_t hash;   /* from the decoder: tag in the shard's table, never 0 */
        uint32_t record; /* from the shard: the conversation that received the segment */
    };
    uint32_t position; /* frame's index in the lane << 8 | the segment's number in its frame */
    int64_t time;      /* ns */
    uint32_t seq, ack;
    uint32_t payload; /* segment length: bytes behind the header */
    uint32_t wire;    /* frame's length on the wire */
    uint16_t port[2];
    uint16_t flags; /* bits 0 to 11: TCP flags; 12 to 15: decimals of the time stamp */
    uint8_t bits;   /* enum segment_bits */
    union {
        uint8_t boundary;     /* from the decoder, of a boundary that is noted: see boundary.h */
        uint8_t completeness; /* from the shard: the conversation's, before this segment */
    };
};

struct segment4 {
    struct segment s;
    uint32_t address[2];
};

struct segment6 {
    struct segment s;
    uint8_t address[2][16];
};

/* Where the key of conversations is more than the tuple: a segment of either family. Its addresses are placed
 * as in a segment4 or a segment6; bytes that its family does not use are zero. */
struct segment_keyed {
    struct segment s;
    uint8_t address[2][16];
    struct realm realm;
};

_Static_assert(sizeof(struct segment) == 40, "grows every batch");
_Static_assert(sizeof(struct segment4) == 48, "grows every batch");
_Static_assert(sizeof(struct segment6) == 72, "grows every batch");

#define SEGMENT_FLAGS(s)    ((s)->flags & 0x0fff)
#define SEGMENT_DECIMALS(s) ((unsigned)(s)->flags >> 12)
/* Frames of a lane, and of a batch, are fewer: a position has 24 bits for the frame. */
#define LANE_FRAMES_MAX (1u << 24)

/* The families of lists and tables. Where the key is more than the tuple, all segments go to those of
 * FAMILY_KEYED, with addresses of either other family. */
enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_KEYED, FAMILIES, ADDRESS_FAMILIES = FAMILY_KEYED };
_Static_assert(FAMILY_IPV4 < ADDRESS_FAMILIES && FAMILY_IPV6 < ADDRESS_FAMILIES &&
                   ADDRESS_FAMILIES == FAMILIES - 1,
               "the families of addresses are the first ones");

ALWAYS_INLINE size_t segment_size(enum family f)
{
    return f == FAMILY_IPV4   ? sizeof(struct segment4)
           : f == FAMILY_IPV6 ? sizeof(struct segment6)
                              : sizeof(struct segment_keyed);
}

ALWAYS_INLINE const struct realm *segment_realm(const struct segment *s)
{
    return &((const struct segment_keyed *)s)->realm;
}

/* The family of the addresses of a segment in a list of family f. */
ALWAYS_INLINE enum family segment_family(const struct segment *s, enum family f)
{
    return likely(f != FAMILY_KEYED) ? f : (enum family)segment_realm(s)->family;
}

/* Segments of one lane, shard and family, in capture order. Zeroed, it is empty; one that is cleared keeps
 * its memory. Unlike other lists (engine/list.h), it takes over memory from a list that was read before. */
struct segment_list {
    uint8_t *items;
    uint8_t *end;   /* of the segments; a pointer and no count, so that adding takes fewer instructions */
    uint8_t *limit; /* of the memory */
};

/* A stack of memory from lists that its owner read last, for the lists that the owner fills next: it is still
 * in the owner's caches. Memory that another worker read last has to be fetched from that worker's caches
 * line by line. Where the two share no cache, as the processors of some virtual machines, 3 M frames of 64
 * bytes with two threads took 132 ms of processor time with this stack and 176 without; where they share one,
 * 115 and 113. One thread at a time. */
struct spare_lists {
    struct segment_list *lists[FAMILIES];
    uint32_t count[FAMILIES];
    uint32_t most;  /* lists of each family; memory of further ones is freed */
    uint32_t first; /* segments that a new list has room for */
};

/* 0, or -1 when memory is short; then there is nothing to free. */
int spare_lists_init(struct spare_lists *s, uint32_t most, uint32_t first);
void spare_lists_free(struct spare_lists *s);
/* Takes the memory of a list that nobody will read any more; the list is empty then. */
void spare_lists_give(struct spare_lists *s, struct segment_list *list, enum family f);

/* Makes room for more segments. spare: where a list without memory may take some; NULL: nowhere. 0, or -1
 * when memory is short. */
int segment_list_grow(struct segment_list *list, struct spare_lists *spare, enum family f);

ALWAYS_INLINE struct segment *segment_list_at(const struct segment_list *l, uint32_t i, enum family f)
{
    return (struct segment *)(void *)(l->items + (size_t)i * segment_size(f));
}

ALWAYS_INLINE uint32_t segment_list_count(const struct segment_list *l, enum family f)
{
    return (uint32_t)((size_t)(l->end - l->items) / segment_size(f));
}

/* A new last segment, whose content is undefined; NULL when memory is short. spare: as above. */
ALWAYS_INLINE struct segment *segment_list_add(struct segment_list *l, struct spare_lists *spare,
                                               enum family f)
{
    if (unlikely(l->end == l->limit) && segment_list_grow(l, spare, f))
        return NULL;
    struct segment *s = (struct segment *)(void *)l->end;
    if (!s)
        __builtin_unreachable(); /* spares the caller's check a branch */
    l->end += segment_size(f);
    return s;
}

/* Adds segments, as bytes. spare: as above. 0, or -1 when memory is short. */
int segment_list_append(struct segment_list *list, const void *segments, size_t bytes,
                        struct spare_lists *spare, enum family f);

ALWAYS_INLINE void segment_list_clear(struct segment_list *l)
{
    l->end = l->items;
}

#endif
