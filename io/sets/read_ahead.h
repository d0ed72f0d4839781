/* Keeps storage busy: reads what is not in the page cache of a mapped file before decoding needs it. */
#ifndef TCPREUSE_READ_AHEAD_H
#define TCPREUSE_READ_AHEAD_H

#include "io/capture.h"

struct read_ahead;

/* NULL when memory is short. For one thread at a time. */
struct read_ahead *read_ahead_create(void);
/* Waits for what is being read. NULL is allowed. */
void read_ahead_destroy(struct read_ahead *r);

/* Another capture, or another place: the next region begins at offset. */
void read_ahead_begin(struct read_ahead *r, uint64_t offset);
/* The next region begins at offset, the last one ends at end. Requests what lies ahead and is cold. Never
 * waits. Without a thread nothing is read ahead, and decoding waits for its pages itself. */
void read_ahead_to(struct read_ahead *r, struct capture *c, uint64_t offset, uint64_t end);

#endif
