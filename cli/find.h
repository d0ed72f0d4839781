/* The inputs of a run. */
#ifndef TCPREUSE_FIND_H
#define TCPREUSE_FIND_H

#include "cli/options.h"
#include "io/sets/inputs.h"

/* The files that the command line names. 0, or -1 when memory is short. */
int find_inputs(struct inputs *inputs, const struct options *o, struct problems *problems);

#endif
