/* How a lane is packed, for pack.c and unpack.c: this header, then its notes, where segments lie by
 * shard their numbers ([family * shards + shard], a uint32_t each), segments of each family, boundaries,
 * packet ids, segments of FTP control connections, and fragments, each padded to a multiple of 8 bytes. */
#ifndef TCPREUSE_PACK_LANE_H
#define TCPREUSE_PACK_LANE_H

#include "engine/batch.h"

struct packed_lane {
    uint64_t frames;
    uint64_t outcome[OUTCOMES];
    uint64_t segments, segments_truncated, wire_bytes, captured_bytes;
    struct time_order order;
    uint32_t notes;
    uint32_t count[FAMILIES]; /* segments */
    uint32_t boundaries, packet_ids, ftp;
    uint32_t unused;
    uint64_t fragment_bytes;
};

ALWAYS_INLINE size_t packed_size(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

#endif
