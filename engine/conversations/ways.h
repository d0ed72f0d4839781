/* The frames and payload bytes that each endpoint of a conversation sent. Only where a report of
 * conversations is wanted. The passes (shard_passes.h) do not count them: they leave the record in each
 * segment, as for a report of packets, and a second walk over the segments counts.
 *
 * Numbered like the records of a table. One thread uses an array at a time. */
#ifndef TCPREUSE_WAYS_H
#define TCPREUSE_WAYS_H

#include "engine/conversations/record_chunks.h"
#include "engine/conversations/segment.h"

struct creation_list;

/* By the endpoint that sent them. A segment quoted in an ICMP error counts for its original sender. */
struct ways {
    uint64_t frames[2];
    uint64_t payload[2]; /* bytes, with retransmissions; 0 for a segment of unknown length */
};
_Static_assert(sizeof(struct ways) == CACHE_LINE / 2, "memory a conversation");

ALWAYS_INLINE struct ways *ways_of(const struct record_chunks *ways, uint32_t record)
{
    return record_chunks_at(ways, record, sizeof(struct ways));
}

/* Before ways_count(), for each batch: makes room for all records up to the last one, and clears those
 * created in the batch, which may be reused. 0, or -1 when memory is short. */
int ways_begin(struct record_chunks *ways, uint32_t last_record, const struct creation_list *created);
/* Adds segments, each of which names its record. */
void ways_count(struct record_chunks *ways, const struct segment_list *list, enum family family);

#endif
