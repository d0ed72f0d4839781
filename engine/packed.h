/* Batches as bytes, for whoever keeps them (engine/pipeline/pack.h): what it has to know of them. */
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
    uint32_t input; /* of its frames, and whether it: as in struct origin; 0 where mixed */
    uint8_t continues;
    uint8_t first, restarts_time, mixed; /* as in struct batch */
    uint8_t unused[4];
};
_Static_assert(sizeof(struct packed_batch) == 40, "no padding");

/* Where a frame comes from, as in struct origin. */
struct packed_origin {
    uint64_t frame;
    uint32_t input, continues;
};
_Static_assert(sizeof(struct packed_origin) == 16, "no padding");

/* A number for how builds lay out what they pack. */
uint64_t packed_layout(void);

#endif
