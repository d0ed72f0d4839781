/* Where batches of frames come from. io/ implements this for files, streams and ports. */
#ifndef TCPREUSE_SOURCE_H
#define TCPREUSE_SOURCE_H

#include "engine/batch.h"
#include "engine/record_run.h"

enum claim {
    CLAIM_BATCH, /* the batch is filled: input, first, lanes_used, and of each lane begin, limit and exact */
    CLAIM_NOTHING, /* nothing at the moment; ask again later */
    CLAIM_END,     /* there will be no more */
};

struct source;

/* Where a frame comes from. */
struct origin {
    const char *file; /* owned by the source, as long as it lives */
    uint64_t frame;   /* number in the file, from 1; where it continues: from where the source begins in it */
    /* For packing batches; set by sources of pieces only. */
    uint32_t input; /* the file's number */
    bool continues; /* the source begins inside this file */
};

struct source_ops {
    /* Called on each worker's thread, when it begins and when it ends. NULL: nothing to do. */
    void (*worker_begin)(struct source *, unsigned worker);
    void (*worker_end)(struct source *, unsigned worker);
    /* For sources of which every worker has a part of its own (the queues of ports): gathers the frames that
     * have arrived in this worker's part. True when claim may have something for this worker. finish: the run is
     * ending; take what is there and wait for nothing. Takes no turn: each worker calls it as often as it can,
     * so that nothing overflows while another one claims. NULL: claim does it all. */
    bool (*poll)(struct source *, unsigned worker, bool finish);
    /* Fills the batch with the next run of records: what batch.h says the source sets. What it does not set has
     * its default: no input, first false, no time limit, zeros. One thread at a time. A source with poll takes
     * what batch->worker has gathered. It, and one with ends_itself, is called until it returns CLAIM_END even
     * after a stop; others are not called once the run is stopped, and none once the memory budget is exceeded. */
    enum claim (*claim)(struct source *, struct batch *);
    /* Guesses the first record boundary at or behind the reader's position, which is the lane's begin, and sets
     * lane->start to it, or to UINT64_MAX. Any thread. Not called for exact lanes. */
    void (*guess)(struct source *, const struct batch *, struct lane *);
    /* Moves each of the walk's readers that is LANE_OPEN by up to WALK_FRAMES records from its position on. They
     * are readers of the batch's lanes. At a record that begins at or behind the reader's limit it becomes
     * LANE_DONE, at one that cannot be read LANE_FAULT, at one that changes how others are read LANE_CHANGE.
     * Frame data stays valid until the batch is released. Any thread, one a batch. */
    void (*walk)(struct source *, struct batch *, struct walk *);
    /* For lanes that are LANE_OPEN: the run of the lane's records that begins at its position. Whoever decodes
     * some of them moves position behind them, and walk goes on from there. False: there is no run. A run may
     * turn out to be empty. Any thread. NULL: there never is one. */
    bool (*run)(struct source *, const struct batch *, const struct lane *, struct record_run *);
    /* The batch is decoded, by the worker that claimed it. Its frames are needed once more only where
     * settling decodes lanes again: those that are not exact, and those with frames to be ignored. NULL:
     * nothing to do. */
    void (*decoded)(struct source *, struct batch *);
    /* Runs work(argument). If memory of the input vanishes meanwhile (a mapped file is truncated), ends it early
     * and returns false; the source knows the input's new end then. NULL: the input cannot vanish. */
    bool (*guard)(struct source *, struct batch *, void (*work)(void *), void *argument);
    /* The lane is LANE_CHANGE and proven up to position: reads what is there, sets its reader's context and
     * moves it behind that; or makes it LANE_FAULT. Later lanes are expected to have the same
     * context, and are decoded again when they were decoded with another one. In batch order, one thread at a
     * time; once more for the same place when the input became shorter meanwhile. NULL: lanes are never
     * LANE_CHANGE. */
    void (*change)(struct source *, struct batch *, struct lane *);
    /* The lane is LANE_LATE and proven: the frame at its position is later than the batch's time_limit. The
     * source goes on from this frame, and accepts nothing that was claimed behind it. In batch order, one thread
     * at a time. NULL: there are no time limits. */
    void (*late)(struct source *, struct batch *, struct lane *);
    /* Is the batch's input still wanted? Before it is settled, in batch order, one thread at a time. NULL: it
     * is. */
    bool (*accept)(struct source *, struct batch *);
    /* The batch is settled: the calls for it have all been made. As accept. */
    void (*settled)(struct source *, struct batch *);
    /* Does work ahead, such as decompressing: true if there was any. idle: the worker has nothing else to do, so
     * work that is needed later is welcome, too. Any thread, several at a time. NULL: there never is any. */
    bool (*prepare)(struct source *, bool idle);
    /* File and number in it of the frame with this index in a settled batch. Any thread. NULL: there are no
     * files. */
    struct origin (*origin)(struct source *, const struct batch *, uint64_t index);
    /* The lane is LANE_FAULT and proven: finds where records go on, reports the gap, and makes its reader LANE_OPEN there,
     * which may be behind the lane. False: they do not go on, and fault follows. Called like change, possibly once more
     * for the same place. NULL: faults end the input. */
    bool (*resync)(struct source *, struct batch *, struct lane *);
    /* The lane's chain broke, and everything before it is proven: words the problem and keeps it for the
     * summary. In batch order, one thread at a time. */
    void (*fault)(struct source *, const struct batch *, const struct lane *);
    /* The batch's frames are not needed any more. One thread at a time, in batch order, each claimed batch
     * once, also when the pipeline fails. NULL: nothing to do. */
    void (*release)(struct source *, struct batch *);
};

struct source {
    const struct source_ops *ops;
    /* A stop is also told to the source itself, and claim is called until it returns CLAIM_END. Implied by poll. */
    bool ends_itself;
    /* Claim may say CLAIM_NOTHING for as long as nobody stops the run: interfaces, ports, directories that are
     * followed. */
    bool endless;
    /* Batches are packed (engine/packed.h): their windows are their bytes, and claim sets what of them is known:
     * first, restarts_time, frames_before, mixed. No operation but claim, origin and release is called. */
    bool packed;
};

#endif
