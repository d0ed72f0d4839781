/* --combine: the pieces of a set, checked against each other, as the input of a run. */
#ifndef TCPREUSE_COMBINE_H
#define TCPREUSE_COMBINE_H

#include "cli/run.h"
#include "io/pieces/kept.h"

struct combine {
    struct kept_piece *pieces; /* in order */
    const char **files;        /* of these */
    size_t count;
    struct kept_files *supply; /* what is in the files; NULL: pieces come from elsewhere */
    struct kept_source *source;
};

/* Reads what the files say, has what does not fit done again where the inputs can be reached, and opens them. Sets of
 * the options those that the pieces were made with, and the inputs to those of the set. Anything but EXIT_DONE: an
 * error has been printed. combine_close() takes either. */
enum exit_status combine_open(struct combine *c, struct options *o, struct inputs *inputs,
                              struct problems *problems);
/* For the summary: of all pieces. */
uint64_t combine_bytes(const struct combine *c);
size_t combine_opened(const struct combine *c);
void combine_close(struct combine *c);

#endif
