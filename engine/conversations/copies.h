/* Packets that a capture has more than once, as from mirror ports on both sides of a router, a bridge and its
 * members, or two taps. A copy has the addresses, ports, IP id, sequence numbers, flags and payload length of
 * a packet shortly before it. The headers around the IP packet and its time to live may differ, but not what
 * belongs to the key of conversations (realm.h).
 *
 * The IP id is no part of a segment. Decoders keep it beside the segments, and only if copies are dropped. */
#ifndef TCPREUSE_COPIES_H
#define TCPREUSE_COPIES_H

#include "engine/conversations/segment.h"

#include <stdbool.h>

/* Of the segment at a position in its lane. */
struct packet_id {
    uint32_t position;
    uint16_t id;    /* of the IP header; 0xffff for IPv6, which has none */
    int64_t latest; /* the latest time of the lane's segments up to this one; ns */
};

/* Those of a lane, by position. Zeroed, it is empty. Written by the worker that decodes, except for the last
 * two members, which settling writes before BATCH_SETTLED (release). Read by all shards while draining. */
struct packet_id_list {
    struct packet_id *items;
    uint32_t count, capacity;
    int64_t latest_before; /* of the lanes before; INT64_MIN: there are none */
    bool restarts;         /* the lane's times do not go on from the lanes before */
};

/* 0, or -1 when memory is short. */
int packet_id_list_add(struct packet_id_list *list, uint32_t position, uint16_t id, int64_t time);
/* The latest time of its segments; INT64_MIN: there are none. */
int64_t packet_id_list_latest(const struct packet_id_list *list);

/* The packets of one shard and family that may still be repeated: those within the window before the latest
 * segment of all shards. So the result does not depend on the number of shards, and the window bounds memory.
 * Zeroed, it is empty. Used by the shard's owner alone. */
struct copy_filter {
    struct seen_packet *ring; /* number n is ring[n & (capacity - 1)] */
    uint64_t *newest;         /* by hash: the number of the last packet + 1; a ring of as many */
    uint64_t first, end;      /* numbers of those that are kept; they count from 1 */
    uint32_t capacity;
};

/* Removes copies from a lane's segments of the shard and family, and adds their number to *dropped. Copies
 * count as seen, too. window: ns. Segments without an id, from reassembled datagrams, stay. In capture order.
 * 0, or -1 when memory is short. */
int copy_filter_drop(struct copy_filter *f, struct segment_list *list, enum family family,
                     const struct packet_id_list *ids, int64_t window, uint64_t *dropped);
void copy_filter_free(struct copy_filter *f);

#endif
