/* --sandbox: the process keeps only the rights that its run still needs. */
#ifndef TCPREUSE_CONFINE_H
#define TCPREUSE_CONFINE_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/sets/inputs.h"

/* Before inputs are looked at. Takes what nothing needs that is still to be opened, where that is so: a run over files, without
 * sockets and filters. Prints what is wrong: --sandbox on, and there is no sandbox to be had. */
enum exit_status confine_begin(const struct options *o);
/* Once all is open, before threads start: the files of the run can be opened from now on, and no others. inputs: those that were
 * found, which may be opened again. Likewise. */
enum exit_status confine(const struct options *o, const struct inputs *inputs);
/* Where the one file of --describe is all that is read: both. */
enum exit_status confine_to_file(const struct options *o, const char *path);

/* What applies now, for the summary: "landlock 7, seccomp", or "none: " and why. */
const char *confine_applied(void);

#endif
