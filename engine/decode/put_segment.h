/* Adds segments that another run decoded. */
#ifndef TCPREUSE_PUT_SEGMENT_H
#define TCPREUSE_PUT_SEGMENT_H

#include "engine/decode/decoder.h"

/* Adds a copy of a segment to its shard's list, with the hash that this decoder's key gives the tuple. Sets
 * d->failed when memory is short. */
void decode_put_segment(struct decoder *d, const struct segment *s, enum family family);

#endif
