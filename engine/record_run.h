/* Runs: consecutive records of one kind, as most records of a file are.
 *
 * A source says where a run begins and how far it reaches (source.h). The engine walks and decodes it without
 * asking the source again. Only the capture format knows the layout of a record: its functions reach the engine
 * through a table, which engine/decode/run_template.h generates for the format. */
#ifndef TCPREUSE_RECORD_RUN_H
#define TCPREUSE_RECORD_RUN_H

#include "engine/util.h"

struct decoder;
struct run_decoder;

/* The run is its holder's. Its bytes are the source's, like those of a frame. */
struct record_run {
    const uint8_t *at;    /* the next record */
    const uint8_t *limit; /* a record that begins here or later is not in the run */
    /* Nor is one with more captured bytes. A record with this many may be read at any place before limit. */
    uint32_t longest;
    uint32_t kind;                     /* of all frames: frame.kind */
    int64_t unit_ns;                   /* nanoseconds a unit of the time stamps */
    uint32_t bound[2];                 /* what the layout itself compares records with */
    const struct run_decoder *decoder; /* the layout's */
    /* Set by whoever decodes the run: */
    int64_t latest; /* a later frame is not in the run; INT64_MAX: any time will do */
};

enum {
    RUNS_SIDE_BY_SIDE = 8,  /* runs that are walked at the same time, at most */
    RECORDS_AT_A_TIME = 16, /* records of a run that are decoded with one call, at most */
};

/* Runs of one layout that are walked side by side. */
struct run_group {
    unsigned used;
    bool broke;                               /* a run has ended, and not at its limit */
    struct record_run run[RUNS_SIDE_BY_SIDE]; /* limit is NULL once it has ended */
};

/* What one turn walks of each run: where its records begin, and where the last of them ends. */
struct run_turn {
    const uint8_t *record[RUNS_SIDE_BY_SIDE][RECORDS_AT_A_TIME + 1];
    unsigned count[RUNS_SIDE_BY_SIDE];
};

/* The versions of a run decoder's functions. A decoder's version is chosen when the decoder is set up
 * (plain_path_choose() in engine/decode/decoder.h). */
enum run_version {
    RUN_PORTABLE,
    RUN_AVX2,        /* this and the next: NULL where they cannot be built */
    RUN_AVX2_NOTING, /* notes boundaries (engine/conversations/boundary.h) */
    RUN_VERSIONS,
};

/* What the engine does with records of one layout. Thread-safe: tables are constant, and all state is in the
 * arguments. */
struct run_decoder {
    struct {
        /* Walks the run and decodes its frames, the first of which is the index-th of its lane. Moves at behind them. Returns how
         * many there were. */
        uint32_t (*decode)(struct decoder *, struct record_run *, uint32_t index);
        /* Decodes n records, 1 to RECORDS_AT_A_TIME, that have been walked: they begin at records[0] to
         * [n - 1], and the next one at records[n]. NULL with walk. */
        void (*decode_records)(struct decoder *, const struct record_run *, const uint8_t *const *records,
                               unsigned n, uint32_t index);
    } version[RUN_VERSIONS];
    /* Takes steps from to end - 1 of a turn: one record of each run a step, so that the cache misses of their
     * headers overlap. The first record of each run stands in the turn, whose counts are 0 before step 0.
     * Once a run broke, nothing more is walked. latest is the same for all runs, or INT64_MAX. NULL: the
     * layout does not offer it. */
    void (*walk)(struct run_group *, struct run_turn *, unsigned from, unsigned end);
};

/* Prefetches for a walk of small records: two lines far ahead, since a record of 64 bytes takes one and a
 * quarter. A walk alone takes 3.6 ns a frame with it, 4.9 with one line 1,024 bytes ahead, 4.2 with one line
 * 2,048 ahead. Up to 6,144 bytes ahead makes no difference. */
ALWAYS_INLINE void run_fetch_ahead(const uint8_t *record)
{
    enum { AHEAD_BYTES = 2048 };
    __builtin_prefetch(record + AHEAD_BYTES);
    __builtin_prefetch(record + AHEAD_BYTES + CACHE_LINE);
}

#endif
