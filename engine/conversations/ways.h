/* What went each way in a conversation: frames and payload bytes of each endpoint. Only where a report of
 * conversations is wanted. The passes (shard_passes.h) know nothing of it: they leave its record in each segment, as
 * for a report of packets, and a walk behind them counts.
 *
 * Numbered like the records of a table. One thread uses an array at a time. */
#ifndef TCPREUSE_WAYS_H
#define TCPREUSE_WAYS_H

#include "engine/conversations/record_chunks.h"
#include "engine/conversations/segment.h"

struct creation_list;

/* By the endpoint that sent them. A segment quoted in an ICMP error counts for the endpoint whose it is. */
struct ways {
    uint64_t frames[2];
    uint64_t payload[2]; /* bytes, as often as they were sent; of a segment of unknown length none */
};
_Static_assert(sizeof(struct ways) == CACHE_LINE / 2, "memory a conversation");

ALWAYS_INLINE struct ways *ways_of(const struct record_chunks *ways, uint32_t record)
{
    return record_chunks_at(ways, record, sizeof(struct ways));
}

/* Before the segments of a batch: room for all records up to the last one; those that begin in it start at 0, since
 * they may have been another conversation's. 0, or -1 when memory is short. */
int ways_begin(struct record_chunks *ways, uint32_t last_record, const struct creation_list *created);
/* Adds segments, each of which names its record. */
void ways_count(struct record_chunks *ways, const struct segment_list *list, enum family family);

#endif
