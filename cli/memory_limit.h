/* --memory-limit, and --expire auto. */
#ifndef TCPREUSE_CLI_MEMORY_LIMIT_H
#define TCPREUSE_CLI_MEMORY_LIMIT_H

#include "cli/options.h"

struct pipeline_params;

/* Bytes: what the option says, or what there is less a tenth. 0: no limit. */
uint64_t memory_limit_of(const struct options *o);

/* Before the pipeline is made: the process gets its budget, and with --expire auto the parameters say behind how many others
 * conversations are forgotten. limit: memory_limit_of(). */
void memory_limit_apply(const struct options *o, uint64_t limit, struct pipeline_params *params);

#endif
