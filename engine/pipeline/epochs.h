/* Forgetting by how many conversations have begun since (--expire auto). Which conversations are forgotten must not depend on
 * batches and threads, though a shard knows only its own conversations.
 *
 * Frames are divided into epochs of equal length. A conversation whose last frame is in an epoch expires once more than a
 * given number of others have begun after that epoch. Numbering counts them. At the end of each epoch it determines which
 * epochs will have expired two epochs later, so shards need not wait for it while fewer frames than that are under way. */
#ifndef TCPREUSE_EPOCHS_H
#define TCPREUSE_EPOCHS_H

#include "engine/util.h"

#include <stdatomic.h>

/* Results that are kept: shards read only those of the last few epochs. */
enum { EPOCHS_SHOWN = 64 };

struct epochs {
    uint64_t most;  /* conversations that begin until one expires; 0: none ever does */
    unsigned shift; /* right shift from a frame's index to its epoch */
    /* Holders of numbering only. */
    struct {
        uint64_t *items; /* by epoch: conversations that have begun before it */
        uint32_t count, capacity;
    } begun;
    uint32_t oldest; /* epoch that has not expired */
    /* By epoch: the last frame of the epochs that have expired in it. Written by the holder of numbering, before known. */
    _Atomic uint64_t over[EPOCHS_SHOWN];
    /* The last epoch that `over` covers. Written by the holder of numbering (release), read by draining (acquire). */
    _Atomic uint64_t known;
};

/* 0, or -1 when memory is short; call epochs_free() in either case. */
int epochs_init(struct epochs *e, uint64_t most);
void epochs_free(struct epochs *e);

/* Which conversations have expired in a batch: those whose last frame is at most `before`, up to frame `change`; those
 * whose last frame is at most `behind`, after it. 0: none. */
struct epochs_over {
    uint64_t before, behind, change;
};
/* For a batch of frames first to last. False: it is not known yet. Any thread. */
bool epochs_over(const struct epochs *e, uint64_t first, uint64_t last, struct epochs_over *over);

/* The last frame of the next epoch to end, if it is at most `last`, the batch's last frame; otherwise 0. By the holder of
 * numbering, batch by batch. */
ALWAYS_INLINE uint64_t epochs_next_end(const struct epochs *e, uint64_t last)
{
    const uint64_t end = (uint64_t)e->begun.count << e->shift;
    return e->most && end <= last ? end : 0;
}
/* Ends that epoch; begun: conversations that have begun up to its last frame. 0, or -1 when memory is short. */
int epochs_end(struct epochs *e, uint64_t begun);

#endif
