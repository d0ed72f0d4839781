/* A source that reads a set of files and streams as one capture: in the order of their first frames' times,
 * merged by time where they overlap, as mergecap does; or one after the other in the order given.
 *
 * Files that do not overlap are read one after the other, in parallel regions. Each batch knows when the next
 * file begins; a frame that is later ends this way of reading: the source is told in settling, takes back
 * what was claimed behind this frame, and goes on by merging frame by frame, until only one file is under way
 * again. */
#ifndef TCPREUSE_SET_SOURCE_H
#define TCPREUSE_SET_SOURCE_H

#include "engine/source.h"
#include "io/problems.h"
#include "io/sets/look.h"
#include "io/stop.h"

struct set_source;

struct set_source_params {
    const char *const *paths; /* "-" is standard input */
    size_t count;
    const struct look *looks; /* at the paths, as far as they are done; NULL: none is */
    bool append;              /* in the order given */
    unsigned threads;         /* of the run: as many look at many files before it begins */
    unsigned ahead;           /* inputs that are opened, and streams that are read, ahead of their turn */
    uint64_t lane_bytes;      /* 0: what is good for speed; tests have small files, and want many lanes */
    struct problems *problems;
    /* Ends the run when it is asked: nobody waits for a stream any longer, and the frames that have been read
     * from it still come, unless files were being merged. NULL: nobody will ask. */
    const struct stop *stop;
};

/* What the parameters point to outlives the source. Opens files to see their first frames' times. NULL when
 * memory is short. */
struct set_source *set_source_create(const struct set_source_params *params);
struct source *set_source_source(struct set_source *s);
/* Inputs that could be opened. Not while the pipeline runs. */
size_t set_source_opened(const struct set_source *s);
/* Bytes of all regular files, and of what has been read: for a progress display. Any thread. */
uint64_t set_source_bytes_total(const struct set_source *s);
uint64_t set_source_bytes_done(const struct set_source *s);
/* Bytes of all inputs: of regular files their sizes, of others what was read. Not while the pipeline runs. */
uint64_t set_source_bytes(const struct set_source *s);
void set_source_destroy(struct set_source *s);

#endif
