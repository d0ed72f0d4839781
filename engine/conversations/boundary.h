/* Boundaries: the segments that open or close a connection, which are those with SYN, FIN or RST. Verdicts
 * (verdict.h) need more of them than a segment holds. If verdicts are wanted, decoders note it in a list of
 * the lane.
 *
 * The list also is the clock of the verdicts: the latest time stamp of all boundaries up to a position of the
 * capture. It depends neither on how the capture is cut into batches nor on the shard that asks. */
#ifndef TCPREUSE_BOUNDARY_H
#define TCPREUSE_BOUNDARY_H

#include "engine/rules.h"

#define TCP_BOUNDARY (TCP_SYN | TCP_FIN | TCP_RST)

enum boundary_bits {
    BOUNDARY_TIMESTAMP = 1, /* there is a TSval */
    BOUNDARY_CUT = 2,       /* the capture holds only part of the header */
    BOUNDARY_IP_ID = 4,     /* there is an IP identification */
};

/* What a segment has of its boundary: the lowest bits of its place in the list, and whether the shard need look there
 * for a time stamp. It does not of a SYN/ACK's. */
enum { SEGMENT_BOUNDARY_PLACE = 127, SEGMENT_BOUNDARY_STAMPED = 128 };

struct boundary {
    int64_t clock;      /* the latest time stamp of the lane's boundaries so far, this one included; ns */
    uint32_t position;  /* the segment's, in the lane */
    uint32_t timestamp; /* TSval; RFC 7323, 3.2 */
    uint16_t ip_id;     /* RFC 791, 3.1 */
    uint8_t bits;       /* enum boundary_bits */
};

/* Of one lane, in the order of their positions. */
struct boundary_list {
    struct boundary *items;
    uint32_t count, capacity;
};

/* Adds a segment's boundary, and stores its place in the segment, so that the
 * shard finds it without a search. tcp: the header, of which `captured` bytes are there, at least 14. ip_id:
 * negative if there is none. 0, or -1 when memory is short. */
int boundary_add(struct boundary_list *list, struct segment *s, const uint8_t *tcp, uint32_t captured,
                 int32_t ip_id);

/* The same with what was found in the header. The list must have room. */
ALWAYS_INLINE void boundary_put(struct boundary_list *list, struct segment *s, uint32_t timestamp,
                                uint16_t ip_id, unsigned bits)
{
    struct boundary *const b = &list->items[list->count];
    s->boundary =
        (uint8_t)((list->count & SEGMENT_BOUNDARY_PLACE) |
                  (bits & BOUNDARY_TIMESTAMP && !rules_is_synack(s->flags) ? SEGMENT_BOUNDARY_STAMPED : 0));
    b->clock = list->count++ ? MAX(s->time, b[-1].clock) : s->time;
    b->position = s->position;
    b->timestamp = timestamp;
    b->ip_id = ip_id;
    b->bits = (uint8_t)bits;
}

/* The same for nearly all boundaries, inline: the header is whole, and either has no room for a time stamp or
 * has it where most hosts put it, behind two NOPs or, in a SYN, behind MSS and SACK-permitted (RFC 9293, 3.2;
 * RFC 2018, 2; RFC 7323, appendix A). False, and nothing done, for others. */
ALWAYS_INLINE bool boundary_add_usual(struct boundary_list *list, struct segment *s, const uint8_t *tcp,
                                      uint32_t captured, uint16_t ip_id)
{
    enum { BEFORE_OPTIONS = 20, TIMESTAMPS = 10 };
    const uint8_t *const options = tcp + BEFORE_OPTIONS;
    const uint32_t header = (tcp[12] >> 4) * 4u;
    unsigned bits = BOUNDARY_IP_ID;
    uint32_t timestamp = 0;
    if (unlikely(list->count == list->capacity || captured < header))
        return false;
    if (header >= BEFORE_OPTIONS + TIMESTAMPS) {
        const uint32_t first = load_be32(options);
        if (first == 0x0101080a && header >= BEFORE_OPTIONS + 2 + TIMESTAMPS)
            timestamp = load_be32(options + 4);
        else if (first >> 16 == 0x0204 && header >= BEFORE_OPTIONS + 6 + TIMESTAMPS &&
                 load_be32(options + 4) == 0x0402080a)
            timestamp = load_be32(options + 8);
        else
            return false;
        bits |= BOUNDARY_TIMESTAMP;
    }
    boundary_put(list, s, timestamp, ip_id, bits);
    return true;
}

/* How many of the list's boundaries are at this position or before it. */
uint32_t boundary_count_up_to(const struct boundary_list *list, uint32_t position);

#endif
