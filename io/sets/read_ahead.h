/* Keeps storage busy: what of a mapped file is not in the page cache is read before decoding comes to it. */
#ifndef TCPREUSE_READ_AHEAD_H
#define TCPREUSE_READ_AHEAD_H

#include "io/capture.h"

struct read_ahead;

/* NULL when memory is short. One thread at a time uses it, but for what it does itself. */
struct read_ahead *read_ahead_create(void);
/* NULL is nothing. Waits for what it is reading. */
void read_ahead_destroy(struct read_ahead *r);

/* Regions of the mapped capture from this position on are claimed next. */
void read_ahead_begin(struct read_ahead *r, uint64_t offset);
/* The next region to be claimed begins at offset, the last one ends at end. Never waits. Without memory or a
 * thread, nothing is read ahead: decoding waits for its pages itself. */
void read_ahead_to(struct read_ahead *r, struct capture *c, uint64_t offset, uint64_t end);

#endif
