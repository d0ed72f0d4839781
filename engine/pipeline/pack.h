/* Settled batches, packed into bytes and unpacked again: runs that read a piece of the input write them, and the run
 * that combines the pieces drains them.
 *
 * A packed batch holds what decoding left: segments, boundaries, counts, and fragments and segments of FTP control
 * connections as they are in their frames. What depends on earlier frames is done after unpacking: frame numbers,
 * reassembly, what FTP announces, the lists of the shards.
 *
 * The bytes are the program's own structures, valid for the same build only. packed_layout() tells builds apart. */
#ifndef TCPREUSE_PACK_H
#define TCPREUSE_PACK_H

#include "engine/packed.h"
#include "engine/pipeline/state.h"

/* Appends a settled batch to its text of REPORT_REUSE. 0, or -1 when memory is short. */
int pack_batch(struct pipeline *p, struct batch *b);
/* Fills a batch from the bytes in its window, by the worker that has claimed it. An error makes the pipeline fail. */
void unpack_batch(struct worker *w, struct batch *b);

#endif
