/* The files that the command line means: directories are replaced by the captures in them. */
#ifndef TCPREUSE_INPUTS_H
#define TCPREUSE_INPUTS_H

#include "io/problems.h"
#include "io/sets/look.h"

struct inputs {
    char **paths;
    struct look *looks; /* one a path */
    size_t count, capacity;
    unsigned threads; /* set by the caller: that may look at files; 0 is 1 */
};

/* Adds a file, or the captures of a directory sorted by name (recursive: also those of directories in it).
 * What is no capture in a directory is skipped with a note; a directory without captures is a problem. Files
 * of directories are looked at, others are not. 0, or -1 when memory is short. */
int inputs_add(struct inputs *inputs, const char *path, bool recursive, struct problems *problems);
/* Adds what the lines of a file name; "-" is standard input. Empty lines are skipped. */
int inputs_add_list(struct inputs *inputs, const char *list, bool recursive, struct problems *problems);
void inputs_free(struct inputs *inputs);

#endif
