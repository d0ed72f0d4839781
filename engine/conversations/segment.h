/* What the decoder leaves of a TCP header, and the lists in which it travels from the decoding worker to the
 * shard that owns its tuple. */
#ifndef TCPREUSE_SEGMENT_H
#define TCPREUSE_SEGMENT_H

#include "engine/util.h"

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
    SEGMENT_LENGTH_KNOWN = 4, /* payload is the segment length, not 0 for want of knowledge */
    SEGMENT_SHORT_OFFSET = 8, /* data offset below 5 */
    SEGMENT_REUSE = 16,       /* set by the shard: this segment was decided to be a reuse */
};

/* The canonical tuple has the lower (address, port) as endpoint 0. Ports are in host order, IPv4 addresses
 * in host order, IPv6 addresses as they lie in the packet.
 * Written by the decoding worker, then owned by the shard's worker, which leaves record, completeness and
 * SEGMENT_REUSE for the reports. */
struct segment {
    union {
        uint32_t hash;   /* from the decoder: tag in the shard's table, never 0 */
        uint32_t record; /* from the shard: the conversation that received the segment */
    };
    uint32_t position; /* frame's index in the lane << 8 | number of the segment in its frame */
    int64_t time;
    uint32_t seq, ack;
    uint32_t payload; /* segment length in bytes, without the header */
    uint32_t wire;    /* frame's length on the wire */
    uint16_t port[2];
    uint16_t flags;       /* 12 TCP flags; above them the decimals of the time stamp */
    uint8_t bits;         /* enum segment_bits */
    uint8_t completeness; /* set by the shard: the conversation's, before this segment */
};

struct segment4 {
    struct segment s;
    uint32_t address[2];
};

struct segment6 {
    struct segment s;
    uint8_t address[2][16];
};

_Static_assert(sizeof(struct segment) == 40, "grows every batch");
_Static_assert(sizeof(struct segment4) == 48, "grows every batch");
_Static_assert(sizeof(struct segment6) == 72, "grows every batch");

#define SEGMENT_FLAGS(s)    ((s)->flags & 0x0fff)
#define SEGMENT_DECIMALS(s) ((unsigned)(s)->flags >> 12)
/* A lane's positions have 24 bits for the frame: no lane may hold more frames. */
#define LANE_FRAMES_MAX (1u << 24)

enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILIES };

ALWAYS_INLINE size_t segment_size(enum family f)
{
    return f == FAMILY_IPV4 ? sizeof(struct segment4) : sizeof(struct segment6);
}

/* Segments of one lane, shard and family, in capture order. Memory is kept when the list is emptied. All NULL
 * is an empty list. */
struct segment_list {
    uint8_t *items;
    uint8_t *end;   /* of the segments: a pointer and not their number, so that adding one is short */
    uint8_t *limit; /* of the memory */
};

/* Memory of lists that its owner was the last to read, for the lists that it fills next: it lies in the
 * owner's caches then, the last memory given uppermost. A worker that filled again what another one had read
 * had to take each line back from it. Where the two had no cache in common, as the two processors of a
 * virtual machine from time to time, 3 M frames of 64 bytes with two threads took 176 ms of processor time
 * so, and take 132; where they have one, 113 and 115. */
struct spare_lists {
    struct segment_list *lists[FAMILIES];
    uint32_t count[FAMILIES];
    uint32_t most;  /* of each family; what is given beyond is freed */
    uint32_t first; /* segments that a new list has room for */
};

/* 0, or -1 when memory is short; then there is nothing to free. */
int spare_lists_init(struct spare_lists *s, uint32_t most, uint32_t first);
void spare_lists_free(struct spare_lists *s);
/* Takes the memory of a list that nobody will read any more. */
void spare_lists_give(struct spare_lists *s, struct segment_list *list, enum family f);

/* Room for more. spare: what a list without memory may take; NULL: nothing. 0, or -1 when memory is short. */
int segment_list_grow(struct segment_list *list, struct spare_lists *spare, enum family f);

ALWAYS_INLINE struct segment *segment_list_at(const struct segment_list *l, uint32_t i, enum family f)
{
    return (struct segment *)(void *)(l->items + (size_t)i * segment_size(f));
}

ALWAYS_INLINE uint32_t segment_list_count(const struct segment_list *l, enum family f)
{
    return (uint32_t)((size_t)(l->end - l->items) / segment_size(f));
}

/* The one behind the last, whose content is undefined; NULL when memory is short. spare: as above. */
ALWAYS_INLINE struct segment *segment_list_add(struct segment_list *l, struct spare_lists *spare,
                                               enum family f)
{
    if (unlikely(l->end == l->limit) && segment_list_grow(l, spare, f))
        return NULL;
    struct segment *s = (struct segment *)(void *)l->end;
    if (!s)
        __builtin_unreachable(); /* what the caller looks at */
    l->end += segment_size(f);
    return s;
}

ALWAYS_INLINE void segment_list_clear(struct segment_list *l)
{
    l->end = l->items;
}

#endif
