/* Options that go, or do not go, with those that make a run another one. */
#ifndef TCPREUSE_OPTIONS_MODES_H
#define TCPREUSE_OPTIONS_MODES_H

#include "cli/options.h"

enum option_mode { MODE_STATE, MODE_PIECE, MODE_COMBINE, MODE_MPI, MODE_DESCRIBE, OPTION_MODES };

/* Refuses, after printing an error, what does not go with a mode that was asked for. */
enum options_result options_check_modes(const struct options *o);
/* Was the option with this long name given? */
bool options_given(const struct options *o, const char *name);

#endif
