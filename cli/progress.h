/* A line on standard error that tells how far a run is. */
#ifndef TCPREUSE_PROGRESS_H
#define TCPREUSE_PROGRESS_H

#include "../engine/pipeline.h"
#include "../io/set_source.h"
#include "options.h"

struct progress;

/* Starts a thread that shows the line; NULL when none is wanted (or can be had: a run goes on without). */
struct progress *progress_start(enum progress_mode mode, const struct pipeline *pipeline,
                                const struct set_source *source);
/* Takes the line away, and ends the thread. */
void progress_stop(struct progress *p);

#endif
