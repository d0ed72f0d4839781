/* Checks of several options together, once all have been read. */
#ifndef TCPREUSE_OPTIONS_CHECK_H
#define TCPREUSE_OPTIONS_CHECK_H

#include "cli/options.h"

/* ports_option: the last one given that requires --dpdk, as it was given; NULL: none. Prints what is wrong. */
enum options_result options_check(struct options *o, const char *ports_option);

#endif
