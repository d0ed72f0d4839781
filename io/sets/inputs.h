/* The paths of the inputs: what the command line names, with directories replaced by the captures in them. */
#ifndef TCPREUSE_INPUTS_H
#define TCPREUSE_INPUTS_H

#include "io/problems.h"
#include "io/sets/look.h"

struct inputs {
    char **paths;
    struct look *looks; /* one a path */
    size_t count, capacity;
    /* Set by the caller. */
    unsigned threads; /* how many look at the files of a directory; 0 is 1 */
    bool verbose;     /* name what is skipped, instead of counting it */
};

/* Adds a file, or the captures in a directory, sorted by name (recursive: and in its subdirectories). All
 * else in a directory is skipped, with one note that counts it; a directory without captures is a problem. Only files in
 * directories are looked at. 0, or -1 when memory is short. */
int inputs_add(struct inputs *inputs, const char *path, bool recursive, struct problems *problems);
/* Adds what the lines of a file name; "-" is standard input. Empty lines are skipped. A list that cannot be
 * read to its end, or names nothing, is a problem. 0, or -1 when memory is short. */
int inputs_add_list(struct inputs *inputs, const char *list, bool recursive, struct problems *problems);
/* Once all are added: a note for each file that is there more than once, by whatever name. 0, or -1 when memory
 * is short. */
int inputs_find_repeated(const struct inputs *inputs, struct problems *problems);
void inputs_free(struct inputs *inputs);

#endif
