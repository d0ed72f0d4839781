/* Packed batches on their way from the pipeline that reads a piece to whoever takes them, in memory: a sink at one end, and
 * blocks at the other. */
#ifndef TCPREUSE_KEPT_QUEUE_H
#define TCPREUSE_KEPT_QUEUE_H

#include "io/pieces/kept.h"

struct kept_queue;

/* limit: bytes that it holds at most; the pipeline waits when it is full. NULL when memory is short. */
struct kept_queue *kept_queue_create(size_t limit);
/* For a pipeline that keeps (pipeline_params.keeps). */
struct sink *kept_queue_sink(struct kept_queue *q);
/* The pipeline has ended: what is gathered can be taken, too. */
void kept_queue_close(struct kept_queue *q);
/* Nobody takes any more: nothing waits, and what comes is lost. Any thread. */
void kept_queue_cancel(struct kept_queue *q);
/* The next block, of which the caller is the user; NULL: there is none. Any thread, one at a time. */
struct kept_block *kept_queue_take(struct kept_queue *q);
/* Is there one? Likewise. */
bool kept_queue_has_block(struct kept_queue *q);
/* Closed, and all was taken. Any thread. */
bool kept_queue_has_ended(struct kept_queue *q);
/* NULL is fine. */
void kept_queue_destroy(struct kept_queue *q);

#endif
