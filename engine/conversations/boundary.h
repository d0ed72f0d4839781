/* Boundaries: the segments that open or close a connection, which are those with SYN, FIN or RST. Verdicts
 * (verdict.h) need more of them than a segment holds. A decoder that is asked to notes it in a list of the lane.
 *
 * The list also is the clock of the verdicts: the latest time stamp of all boundaries up to a position of the
 * capture. It is the same however the capture is cut into batches, and whichever shard asks. */
#ifndef TCPREUSE_BOUNDARY_H
#define TCPREUSE_BOUNDARY_H

#include "engine/conversations/segment.h"

#define TCP_BOUNDARY (TCP_SYN | TCP_FIN | TCP_RST)

enum boundary_bits {
    BOUNDARY_TIMESTAMP = 1, /* there is a TSval */
    BOUNDARY_CUT = 2,       /* the capture holds only part of the header */
    BOUNDARY_IP_ID = 4,     /* there is an IP identification */
};

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

/* Adds the boundary that the segment is. tcp: its header, of which `captured` bytes are there. ip_id: negative
 * if there is none. 0, or -1 when memory is short. */
int boundary_add(struct boundary_list *list, const struct segment *s, const uint8_t *tcp, uint32_t captured,
                 int32_t ip_id);

#endif
