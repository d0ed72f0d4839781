/* Packets that a capture has more than once: mirror ports that show both directions of a router, a bridge and
 * its members, two taps. A copy has the addresses, ports, IP id, numbers, flags and payload length of a packet
 * shortly before it. What is outside of the IP packet may differ, and its time to live;
 * but not what belongs to the key of conversations (realm.h).
 *
 * The IP id is no part of a segment. Decoders keep it beside the segments, and only where somebody looks for
 * copies. */
#ifndef TCPREUSE_COPIES_H
#define TCPREUSE_COPIES_H

#include "engine/conversations/segment.h"

#include <stdbool.h>

/* Of the segment at a position in its lane. */
struct packet_id {
    uint32_t position;
    uint16_t id;    /* of the IP header; 0 where that has none */
    int64_t latest; /* the latest time of the lane's segments up to this one; ns */
};

/* Those of a lane, by position. Zeroed, it is empty. Written by the worker that decodes; but the last two by
 * settling, before BATCH_SETTLED (release). Read by all shards when they drain. */
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

/* The packets that may still be repeated, of one shard and family: those of the last window before the latest
 * segment of all. So it decides the same in any number of shards, and memory is bounded by the window. Zeroed,
 * it is empty. Used by the shard's owner alone. */
struct copy_filter {
    struct seen_packet *ring; /* number n is ring[n & (capacity - 1)] */
    uint64_t *newest;         /* by hash: the number of the last packet + 1; a ring of as many */
    uint64_t first, end;      /* numbers of those that are kept; they count from 1 */
    uint32_t capacity;
};

/* Takes a lane's segments of the shard and family through the filter, and removes those that are copies, which
 * *dropped counts. Copies, too, count as seen. window: ns. Segments without an id (of datagrams that were put
 * together from fragments) stay. In capture order. 0, or -1 when memory is short. */
int copy_filter_drop(struct copy_filter *f, struct segment_list *list, enum family family,
                     const struct packet_id_list *ids, int64_t window, uint64_t *dropped);
void copy_filter_free(struct copy_filter *f);

#endif
