/* One run, from opening its input to its exit status. */
#ifndef TCPREUSE_RUN_H
#define TCPREUSE_RUN_H

#include "cli/options.h"
#include "io/problems.h"
#include "io/sets/inputs.h"

struct combine; /* cli/combine.h */

enum exit_status {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_INPUT = 2,  /* some input could not be read to its end */
    EXIT_OUTPUT = 3, /* some output could not be written */
    EXIT_INTERRUPTED = 130,
};

/* Runs as the options say, and prints what there is to say on standard error. inputs: the files; empty with
 * --dpdk. combine: the pieces that are read instead; NULL: none. problems: those of finding the inputs; those of
 * reading them are added. */
enum exit_status run(const struct options *options, const struct inputs *inputs,
                     const struct combine *combine, struct problems *problems);

/* Says that memory is short. Returns EXIT_INPUT. */
enum exit_status fail_memory(void);
/* Writes what waits for standard output; prints why that fails. */
enum exit_status finish_standard_output(void);

#endif
