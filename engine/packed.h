/* Packed batches (engine/pipeline/pack.h): what code that stores or sends their bytes has to know. */
#ifndef TCPREUSE_PACKED_H
#define TCPREUSE_PACKED_H

#include <stdbool.h>
#include <stdint.h>

/* How a packed batch begins. Where it is mixed, a packed_origin for each of its frames follows. */
struct packed_batch {
    uint64_t bytes; /* of all of it, a multiple of 8 */
    uint64_t frames;
    uint64_t frames_before; /* as in struct batch */
    uint32_t lanes;
    uint32_t input;                      /* of its frames, as in struct origin; 0 where mixed */
    uint8_t continues;                   /* likewise */
    uint8_t first, restarts_time, mixed; /* as in struct batch */
    uint32_t
        shards; /* segments lie by shard, of so many, with hashes; 0: in the order of the capture, without */
};
_Static_assert(sizeof(struct packed_batch) == 40, "no padding");

/* Where a frame comes from, as in struct origin. */
struct packed_origin {
    uint64_t frame;
    uint32_t input, continues;
};
_Static_assert(sizeof(struct packed_origin) == 16, "no padding");

/* Identifies the layout of this build's packed batches: builds that differ in it cannot read each other's. */
uint64_t packed_layout(void);

#endif
