/* Batches as bytes, for whoever keeps them (engine/pipeline/pack.h): what it has to know of them. */
#ifndef TCPREUSE_PACKED_H
#define TCPREUSE_PACKED_H

#include <stdbool.h>
#include <stdint.h>

/* How a packed batch begins; its file's name follows. */
struct packed_batch {
    uint64_t bytes; /* of all of it, a multiple of 8 */
    uint64_t frames;
    uint64_t frames_before; /* as in struct batch */
    uint32_t lanes;
    uint32_t name_bytes;          /* of the file's name, without a 0 at its end */
    uint8_t first, restarts_time; /* as in struct batch */
    uint8_t unused[6];
};
_Static_assert(sizeof(struct packed_batch) == 40, "no padding");

/* A number for how builds lay out what they pack. */
uint64_t packed_layout(void);

#endif
