/* Where the files of a run go. */
#ifndef TCPREUSE_DESTINATION_H
#define TCPREUSE_DESTINATION_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/outputs/outputs.h"
#include "io/sets/inputs.h"

struct destination {
    struct outputs_params params; /* of all files */
    struct output_input *inputs;  /* that must not be replaced */
    struct outputs *directory;    /* of -o; NULL: there is none */
};

/* For a file elsewhere than in the directory: the parameters only. */
enum exit_status destination_prepare(struct destination *d, const struct options *o,
                                     const struct inputs *inputs);
/* Locks the directory, if one is asked for. Prints what is wrong. */
enum exit_status destination_open(struct destination *d, const struct options *o,
                                  const struct inputs *inputs);
/* Something else is written to this path, as the option asks: refuses the name of a file of the run, since one would replace the
 * other. Once the directory has been opened. Prints what is wrong. */
enum exit_status destination_check_name(const struct options *o, const char *option, const char *path);
/* Also one that was opened in part, or not at all. */
void destination_close(struct destination *d);

#endif
