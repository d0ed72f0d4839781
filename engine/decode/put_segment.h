/* A segment that was decoded in another run goes to its shard in this one. */
#ifndef TCPREUSE_PUT_SEGMENT_H
#define TCPREUSE_PUT_SEGMENT_H

#include "engine/decode/decoder.h"

/* Adds a copy, with the hash that this decoder's key gives its tuple. Memory is short: d->failed. */
void decode_put_segment(struct decoder *d, const struct segment *s, enum family family);

#endif
