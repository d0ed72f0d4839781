/* Where the frames of a small file begin to overlap with the next file of a set. */
#ifndef TCPREUSE_LATE_H
#define TCPREUSE_LATE_H

#include "io/capture.h"

/* Sets c->late_at where the file, all of which is in memory, has a frame later than limit, as far as its last
 * frames tell. Before c is shared. */
void late_find(struct capture *c, int64_t limit);

#endif
