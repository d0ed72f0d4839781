/* A line on standard error that tells how far a run is, or, of ports, what is going on. */
#ifndef TCPREUSE_PROGRESS_H
#define TCPREUSE_PROGRESS_H

#include "cli/options.h"
#include "engine/pipeline.h"
#include "io/ports/dpdk_source.h"
#include "io/sets/set_source.h"

struct progress;

struct progress_params {
    enum progress_mode mode;
    bool quiet;      /* only what is asked for in so many words: an interval, or JSON */
    double interval; /* s between lines; 0: as mode says */
    bool json;       /* of ports: each line is a JSON object, and one more comes at the end */
    const struct pipeline *pipeline;
    const struct set_source *files;  /* one of the two */
    const struct dpdk_source *ports; /* for these, the line says how fast, and what was lost */
};

/* Starts a thread that shows the line; NULL when none is wanted (or can be had: a run goes on without). */
struct progress *progress_start(const struct progress_params *params);
/* Takes the line away, and ends the thread. */
void progress_stop(struct progress *p);

#endif
