/* --describe: what a state file or a piece file holds. */
#ifndef TCPREUSE_DESCRIBE_H
#define TCPREUSE_DESCRIBE_H

#include "cli/exit_status.h"

/* Checks the file, and describes it on standard output; or says on standard error what is wrong with it. */
enum exit_status describe(const char *path);

#endif
