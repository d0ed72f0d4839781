/* --combine: the pieces of a set, checked against each other, as the input of a run. */
#ifndef TCPREUSE_COMBINE_H
#define TCPREUSE_COMBINE_H

#include "cli/exit_status.h"
#include "cli/progress.h"
#include "io/pieces/kept.h"
#include "io/reports/summary.h"
#include "io/sets/inputs.h"

struct combine {
    struct kept_piece *pieces; /* in order */
    const char **files;        /* of these */
    size_t count;
    struct kept_files *supply; /* what is in the files; NULL: pieces come from elsewhere */
    struct kept_source *source;
    /* Of ranks, whose pieces come from elsewhere; else zeros. */
    const struct progress_gauge *gauge;
    const struct rank_share *shares; /* known once the run has ended */
    size_t share_count;
    const struct hash_key *key; /* that all ranks share */
    bool all_or_nothing;        /* nothing is reported if the run is interrupted */
};

/* Reads what the files say, has what does not fit done again where the inputs can be reached, and opens them. Sets of
 * the options those that the pieces were made with, and the inputs to those of the set. Anything but EXIT_DONE: an
 * error has been printed. combine_close() takes either. */
enum exit_status combine_open(struct combine *c, struct options *o, struct inputs *inputs,
                              struct problems *problems);
/* Adds what was wrong with inputs, unless it is known. */
void combine_take_problems(struct problems *problems, const struct problem *items, size_t count);
/* For the summary: of all pieces. */
uint64_t combine_bytes(const struct combine *c);
size_t combine_opened(const struct combine *c);
void combine_close(struct combine *c);

#endif
