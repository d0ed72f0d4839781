/* Checks of several options together, once all have been read. */
#ifndef TCPREUSE_OPTIONS_CHECK_H
#define TCPREUSE_OPTIONS_CHECK_H

#include "cli/options.h"

/* The last options given, as they were given, that require live capture, interfaces or ports; "": none. */
struct options_required {
    const char *live, *interfaces, *ports;
};

/* What is wrong with --print-filter where VNIs belong to the key. */
extern const char options_no_vni_filter[];

/* Prints what is wrong. */
enum options_result options_check(struct options *o, const struct options_required *given);

#endif
