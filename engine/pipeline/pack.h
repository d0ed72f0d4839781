/* Batches as they are decoded, packed into bytes and unpacked again: what is between settling and draining, for runs
 * that read a piece of the input, and for the run that puts pieces together.
 *
 * Packed is what decoding left: segments, boundaries, counts, and fragments and segments of FTP control connections as
 * they stand in their frames. What depends on frames before comes with unpacking: frame numbers, datagrams that are
 * put together, what FTP announces, the lists of the shards.
 *
 * The bytes are those of the program's own structures: for the same build only. pack_layout() tells builds apart. */
#ifndef TCPREUSE_PACK_H
#define TCPREUSE_PACK_H

#include "engine/packed.h"
#include "engine/pipeline/state.h"

/* Appends a batch that is settled, to its text of reuses. 0, or -1 when memory is short. */
int pack_batch(struct pipeline *p, struct batch *b);
/* Fills a batch from the bytes in its window, by the worker that has claimed it. A failure makes the pipeline fail. */
void unpack_batch(struct worker *w, struct batch *b);

#endif
