/* The line on standard error that shows how far a run is, or with ports what was received, lost and found. */
#ifndef TCPREUSE_PROGRESS_H
#define TCPREUSE_PROGRESS_H

#include "cli/live.h"
#include "engine/pipeline.h"
#include "io/sets/set_relay.h"

struct progress;

/* How much of all inputs is read, where no source of this process knows. */
struct progress_gauge {
    uint64_t (*bytes_done)(const void *argument); /* any thread */
    const void *argument;
    uint64_t bytes_total;
};

struct progress_params {
    enum progress_mode mode;
    bool quiet;          /* no line unless interval or json asks for it */
    double interval;     /* s between lines; 0: as mode says */
    bool rows_on_output; /* standard output gets rows */
    bool json;           /* live only: each line is a JSON object, and one more follows at the end */
    const struct pipeline *pipeline;
    const struct set_source *files; /* this */
    struct set_relay *relay;        /* or this */
    bool follows;                   /* nobody knows how much the relay will read */
    const struct live *live;        /* or this */
    /* or this; if none is set, the bytes read so far are shown, without a total */
    const struct progress_gauge *gauge;
};

/* Starts a thread that shows the line. NULL: no line is wanted, or the thread could not be started, which is
 * no reason to fail. */
struct progress *progress_start(const struct progress_params *params);
/* Ends the thread and clears the line. NULL is taken. */
void progress_stop(struct progress *p);

#endif
