/* The files that the command line means: directories are replaced by the captures in them. */
#ifndef TCPREUSE_INPUTS_H
#define TCPREUSE_INPUTS_H

#include "problems.h"

struct inputs {
    char **paths;
    size_t count, capacity;
};

/* Adds a file, or the captures of a directory sorted by name (not those of directories in it). What is no
 * capture in a directory is skipped with a note; a directory without captures is a problem. 0, or -1 when
 * memory is short. */
int inputs_add(struct inputs *inputs, const char *path, struct problems *problems);
void inputs_free(struct inputs *inputs);

#endif
