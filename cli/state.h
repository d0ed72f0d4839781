/* --state: what a run finds in a state file, and leaves there. docs/state.md explains the guarantees. */
#ifndef TCPREUSE_STATE_H
#define TCPREUSE_STATE_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/reports/csv.h"
#include "io/sets/inputs.h"
#include "io/sets/set_relay.h"

struct state;

/* Locks the file that --state names, reads it, if it is there, and checks that it fits: the options of the run, and
 * the reports in its directory, which is made. timers: those of the run. The arguments outlive the state. Anything but
 * EXIT_DONE: an error has been printed; state_close() takes what there is. */
enum exit_status state_open(struct state **s, const struct options *o, const struct inputs *inputs,
                            const struct timers *timers);
/* Tells what is new of the inputs. What cannot be read as it is told is a problem. */
enum exit_status state_take_inputs(struct state *s, const struct inputs *inputs, struct problems *problems);
/* The lengths of the reports to go on with, one a report; NULL: they begin anew. */
const struct csv_resume *state_resume(const struct state *s);
/* Puts what the state holds into a pipeline that has not run yet. */
enum exit_status state_load(struct state *s, struct pipeline *p);

/* What a run is made of, for the feed. set: but for the inputs. */
struct state_run {
    struct set_source_params set;
    struct pipeline *pipeline;
    struct csv_sink *sink;
    struct problems *failures; /* what goes wrong from here on is told to it (problems_tell()) */
};

/* Feeds a relay with the new inputs, and saves the state once they are read. */
struct relay_feed *state_feed(struct state *s);
/* Before the run. */
void state_begin(struct state *s, const struct state_run *run);
/* Of all inputs so far; after the run. */
size_t state_files(const struct state *s);
uint64_t state_bytes(const struct state *s);
/* Could the state be saved? Errors have been printed. */
enum exit_status state_status(const struct state *s);
void state_close(struct state *s);

#endif
