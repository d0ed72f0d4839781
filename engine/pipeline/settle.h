/* The parts of settling that few frames need. For the holder of settling, after the lane is proven and its counts
 * have been added to the totals. */
#ifndef TCPREUSE_SETTLE_H
#define TCPREUSE_SETTLE_H

#include "engine/pipeline/state.h"

/* Reassembles the lane's fragments, and adds the segments of completed datagrams to its lists. */
void settle_fragments(struct pipeline *p, struct lane *lane);

/* Lists in the batch what the lane's FTP control connections announce. */
void settle_ftp(struct pipeline *p, struct batch *b, struct lane *lane);

#endif
