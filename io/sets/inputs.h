/* The paths of the inputs: what the command line names, with directories replaced by the captures in them. */
#ifndef TCPREUSE_INPUTS_H
#define TCPREUSE_INPUTS_H

#include "io/problems.h"
#include "io/sets/look.h"

struct inputs {
    char **paths;
    struct look *looks; /* one a path */
    size_t count, capacity;
    unsigned threads; /* set by the caller: how many look at the files of a directory; 0 is 1 */
};

/* Adds a file, or the captures in a directory, sorted by name (recursive: and in its subdirectories). Other
 * files in a directory are skipped with a note; a directory without captures is a problem. Only files in
 * directories are looked at. 0, or -1 when memory is short. */
int inputs_add(struct inputs *inputs, const char *path, bool recursive, struct problems *problems);
/* Adds what the lines of a file name; "-" is standard input. Empty lines are skipped. A list that cannot be
 * read to its end, or names nothing, is a problem. 0, or -1 when memory is short. */
int inputs_add_list(struct inputs *inputs, const char *list, bool recursive, struct problems *problems);
void inputs_free(struct inputs *inputs);

#endif
