/* --clock: whose times are moved. */
#ifndef TCPREUSE_CLOCKS_H
#define TCPREUSE_CLOCKS_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/sets/inputs.h"

/* Sets *shifts to how far the times of each input are moved, for free(); to NULL where none are. EXIT_USAGE,
 * after an error, if --clock names a file that is none of the inputs. */
enum exit_status clocks_find(const struct options *o, const struct inputs *inputs,
                             struct clock_shift **shifts);

#endif
