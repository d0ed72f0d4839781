/* The parts of settling that few frames need. Both by the holder of settling, for a lane that is proven and
 * whose counts are in the totals. */
#ifndef TCPREUSE_SETTLE_H
#define TCPREUSE_SETTLE_H

#include "engine/pipeline/state.h"

/* Reassembles the lane's fragments, and adds the segments of completed datagrams to its lists. */
void settle_fragments(struct pipeline *p, struct lane *lane);

/* Lists in the batch what the lane's FTP control connections announce. */
void settle_ftp(struct pipeline *p, struct batch *b, struct lane *lane);

#endif
