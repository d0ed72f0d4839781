/* --mpi: one run by the ranks of an MPI job. Each reads a piece of the inputs, and rank 0, which reads the first one,
 * puts all of them together and reports. */
#ifndef TCPREUSE_CLUSTER_H
#define TCPREUSE_CLUSTER_H

#include "cli/exit_status.h"
#include "cli/options.h"

/* This rank's part of it. Rank 0 finds the inputs. On other ranks the result is EXIT_DONE; whatever fails ends the
 * job. */
enum exit_status cluster_run(struct options *o);

#endif
