/* --metrics: what a run has done so far, for dashboards, from a thread of its own. */
#ifndef TCPREUSE_METRICS_H
#define TCPREUSE_METRICS_H

#include "cli/live.h"
#include "cli/options.h"

struct metrics;

/* Opens what the metrics go to, or prints why it cannot be opened. Without --metrics *opened stays NULL. Before privileges are
 * dropped, since places to listen at may be privileged. */
enum exit_status metrics_open(struct metrics **opened, const struct options *o);
/* Refuses a file that the run writes for another option, once the directory of reports is there. Prints what is wrong. */
enum exit_status metrics_check_name(const struct options *o);
/* Starts the thread. It reads counters and takes no lock. live: NULL: files are read. NULL is fine for m. */
enum exit_status metrics_start(struct metrics *m, const struct pipeline *pipeline, const struct live *live);
/* Ends the thread; the file, if it is one, gets the final numbers. EXIT_OUTPUT if it could not be written, which has been printed. */
enum exit_status metrics_finish(struct metrics *m);
/* NULL is fine. */
void metrics_close(struct metrics *m);

#endif
