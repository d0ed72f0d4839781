/* The parts of settling that few frames, or few runs, need. For the holder of settling, after lanes are proven and their counts
 * have been added to the totals. */
#ifndef TCPREUSE_SETTLE_H
#define TCPREUSE_SETTLE_H

#include "engine/pipeline/state.h"

/* Reassembles the lane's fragments, and adds the segments of completed datagrams to its lists. */
void settle_fragments(struct pipeline *p, struct lane *lane);

/* Lists in the batch what the lane's FTP control connections announce. */
void settle_ftp(struct pipeline *p, struct batch *b, struct lane *lane);
/* The shard of the two hosts under generation 4.0, as decoders choose it. Any thread. */
unsigned settle_ftp_shard(const struct pipeline *p, const struct tuple *t);

/* Once all lanes of the batch are settled: notes in it how the idle clock goes on. in_order: none of its frames is earlier than
 * the one before it. 0, or -1 when memory is short. */
int settle_clock(struct pipeline *p, struct batch *b, bool in_order);

#endif
