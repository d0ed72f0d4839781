/* What decode_batch.c and side_by_side.c share. Only they include this. */
#ifndef TCPREUSE_DECODE_JOB_H
#define TCPREUSE_DECODE_JOB_H

#include "engine/pipeline/state.h"

enum decode_mode {
    DECODE_ALL_LANES,  /* of the batch, each from where it begins or is guessed to begin */
    DECODE_LANE_AGAIN, /* one lane, from a known boundary on: its lists and counts start afresh */
    DECODE_LANE_ON,    /* one lane, from its position on: what it has stays */
};

/* What is decoded under the source's guard. */
struct decode_job {
    struct pipeline *pipeline;
    struct batch *batch;
    struct decoder *decoder;
    struct walk *walk;
    enum decode_mode mode;
    bool one_by_one;           /* lanes one after the other, not a turn of each */
    bool check_ignored;        /* skip ignored frames: the lane's first_frame is known */
    struct lane *lane;         /* in both modes of one lane */
    uint64_t start;            /* DECODE_LANE_AGAIN: the boundary */
    const void *start_context; /* DECODE_LANE_ON: what the lane was read with at its start */
};

/* The decoder's lists and counts are the lane's from now on. */
ALWAYS_INLINE void decode_enter_lane(struct decoder *d, struct lane *lane)
{
    d->lists = lane->lists;
    d->counts = &lane->counts;
    d->fragments = &lane->fragments;
    d->ftp = &lane->ftp;
    d->packet_ids = &lane->packet_ids;
    d->boundaries = &lane->boundaries;
}

/* Describes the run at the lane's position. False: no run begins there, or each frame has to be checked before it
 * is decoded. */
bool decode_begin_run(const struct decode_job *job, const struct lane *lane, struct record_run *run);

/* side_by_side.c: decodes the runs at all lanes' positions, if there are any whose layout offers it, until
 * one of them breaks or all are at their ends. */
void decode_runs_side_by_side(const struct decode_job *job);

#endif
