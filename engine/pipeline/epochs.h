/* Forgetting by how many conversations have begun since (--expire auto): which those are has to be the same for any batches and
 * threads, though a shard knows only its own.
 *
 * Frames come in epochs of one length. A conversation whose last frame is in an epoch is over once more than so many others have
 * begun behind that epoch. Numbering counts them, and says at each end of an epoch which epochs are over two epochs later: so
 * a shard need not wait for it, as long as what is under way is shorter than that. */
#ifndef TCPREUSE_EPOCHS_H
#define TCPREUSE_EPOCHS_H

#include "engine/util.h"

#include <stdatomic.h>

enum { EPOCHS_SHOWN = 64 };

struct epochs {
    uint64_t most;  /* conversations that begin until one is over; 0: none ever is */
    unsigned shift; /* of a frame's number, to that of its epoch */
    /* By the holder of numbering. */
    struct {
        uint64_t *items; /* conversations that have begun before the epoch */
        uint32_t count, capacity;
    } begun;
    uint32_t oldest; /* epoch that is not over */
    /* The last frame of those that are over, by epoch. Written by the holder of numbering, before known. */
    _Atomic uint64_t over[EPOCHS_SHOWN];
    /* The last epoch for which it is known. Written by the holder of numbering (release), read by draining (acquire). */
    _Atomic uint64_t known;
};

/* 0, or -1 when memory is short; epochs_free() takes either. */
int epochs_init(struct epochs *e, uint64_t most);
void epochs_free(struct epochs *e);

/* What is over in a batch: where its last frame is so late, up to change; and behind it. */
struct epochs_over {
    uint64_t before, behind, change; /* frames; 0: nothing is */
};
/* For a batch with these frames, first to last. False: it is not known yet. By any thread. */
bool epochs_over(const struct epochs *e, uint64_t first, uint64_t last, struct epochs_over *over);

/* By the holder of numbering, batch by batch: is the end of an epoch at or before this frame, the batch's last one? Then the
 * number of its last frame; else 0. */
ALWAYS_INLINE uint64_t epochs_next_end(const struct epochs *e, uint64_t last)
{
    const uint64_t end = (uint64_t)e->begun.count << e->shift;
    return e->most && end <= last ? end : 0;
}
/* So many conversations have begun up to that frame. 0, or -1 when memory is short. */
int epochs_end(struct epochs *e, uint64_t begun);

#endif
