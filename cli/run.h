/* One run, from opening its input to its exit status. */
#ifndef TCPREUSE_RUN_H
#define TCPREUSE_RUN_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/problems.h"
#include "io/sets/inputs.h"

struct combine; /* cli/combine.h */

/* Runs as the options say, and prints what there is to say on standard error. inputs: the files; empty with
 * --dpdk. combine: the pieces that are read instead; NULL: none. problems: those of finding the inputs; those of
 * reading them are added. */
enum exit_status run(const struct options *options, const struct inputs *inputs,
                     const struct combine *combine, struct problems *problems);

#endif
