/* Decoding lanes, under the source's guard: by the worker that claimed the batch, and by settling where a guess
 * was wrong. An error makes the pipeline fail. */
#ifndef TCPREUSE_DECODE_BATCH_H
#define TCPREUSE_DECODE_BATCH_H

#include "engine/pipeline/state.h"

/* Decodes all lanes, from where they begin or are guessed to begin, with the worker's decoder. */
void decode_batch(struct worker *w, struct batch *b);

/* The other two are for the holder of settling, with the pipeline's redecoder. */

/* Decodes a lane once more, from position start on; its lists and counts start afresh. */
void decode_lane_again(struct pipeline *p, struct batch *b, struct lane *lane, uint64_t start);
/* Continues a lane from its position on. start_context: the context of its first records, in case the input
 * has become shorter and the lane must start again; it then meets its changes once more. */
void decode_lane_on(struct pipeline *p, struct batch *b, struct lane *lane, const void *start_context);

/* Drops what has been decoded of the lane. */
void lane_clear(struct pipeline *p, struct lane *lane);

#endif
