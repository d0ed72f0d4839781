/* Whether a set of files is read one after the other or merged frame by frame, and how it changes from one to
 * the other. set_switch.c explains and draws it. */
#ifndef TCPREUSE_SET_SWITCH_H
#define TCPREUSE_SET_SWITCH_H

#include "engine/source.h"
#include "io/sets/cursor.h"

struct set_source;

enum switch_state {
    SWITCH_SEQUENCE, /* one file after the other, in regions or chunks (set_sequence.c) */
    SWITCH_DRAINING, /* no claims, until all that was claimed is settled */
    SWITCH_MERGING,  /* frame by frame, from whichever file has the earliest (set_merging.c) */
};

/* Where an input goes on behind a batch. */
struct switch_place {
    bool is_known;
    uint64_t position;   /* of the next record */
    const void *context; /* to read it with */
    uint64_t frames;     /* of the input before it */
};

struct set_switch {
    /* Written and read by the claimer, the holder of the pipeline's claim turn; the turn orders claimers. */
    enum switch_state state;
    uint64_t claimed; /* batches */
    uint64_t epoch;   /* stamped on batches; catches up with accepted_epoch when merging begins */

    /* Written by the settler, the holder of the settle turn, which orders settlers. The claimer polls late
     * and settled. It reads the other fields, and resets late and what belongs to it, only when settled
     * (release, acquire) has reached claimed: then no settler is at work, nor will be before the next claim.
     */
    _Atomic uint64_t settled;  /* batches */
    _Atomic bool late;         /* a late frame was reported: start, next_input; relaxed, settled orders it */
    struct switch_place place; /* behind the last settled batch */
    uint64_t accepted_epoch;   /* batches of other epochs are rejected */
    struct cursor_start start; /* of the late frame; holds its uses until merging begins */
    size_t next_input;         /* the first input that had not begun when the late frame was claimed */
    struct chunk *rejected_first, *rejected_last; /* chunks of rejected batches, in order, each with a use */
};

/* merges: it begins with a merge, to which all inputs come. */
void switch_init(struct set_switch *sw, bool merges);

/* For claimers. */

/* The source's claim: as the state says. */
enum claim switch_claim(struct set_source *s, struct batch *b);
/* Counts a batch that is being claimed, and stamps it with the epoch. */
void switch_stamp(struct set_switch *sw, struct batch *b);
/* Everything that was claimed is settled, and no frame was late: the last batches are final. */
bool switch_is_settled_in_time(const struct set_switch *sw);
/* sequence -> draining */
void switch_drain(struct set_switch *sw);
/* merging -> sequence */
void switch_end_merging(struct set_switch *sw);

/* For settlers: the source's operations of the same names. */
void switch_late(struct set_switch *sw, struct batch *b, const struct lane *lane);
bool switch_accept(struct set_switch *sw, struct batch *b);
void switch_settled(struct set_switch *sw, const struct batch *b);

/* Drops what it still holds. When no other thread uses it any more. */
void switch_close(struct set_switch *sw);

#endif
