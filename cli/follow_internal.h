/* What the files of --follow share: follow.c, the run and the state; follow_choice.c, which file is read next.
 *
 * At most one input is *open*: it was read as far as its records went, and may grow. That is a file that is followed
 * while it is written, or one that has not changed for a while but may (a network file system does not tell). What is
 * wrong with its end then is no problem yet: its last record may be there in part. It is *closed*, read once more to
 * its end, when its writer has closed it, or another file comes: from there on, all that is wrong with it is told. */
#ifndef TCPREUSE_FOLLOW_INTERNAL_H
#define TCPREUSE_FOLLOW_INTERNAL_H

#include "cli/follow.h"
#include "cli/state_internal.h"
#include "io/sets/watch.h"

#define FOLLOW_NONE UINT32_MAX

struct follow {
    struct relay_feed feed;
    const struct options *options;
    struct state *state;
    struct problems *problems;
    size_t printed;            /* of these */
    struct problems of_growth; /* of a file that may grow: nobody asks */
    const struct stop *stop;
    struct watch *watch;
    struct watched_list whole, written;
    void *paths;   /* of all that was read, by tsearch(3): rows may wait longer than their files are there */
    uint32_t open; /* input of the head; NONE: no input is open */
    struct inputs chosen;  /* to be read next; the paths are of the above */
    ino_t grown_inode;     /* the last file that was read as it grew, */
    uint64_t grown_size;   /* and its size then */
    ino_t passed_inode;    /* the last file that is written but not to be read, being known or late, */
    uint64_t passed_size;  /* and its size */
    int64_t blocked_since; /* another file waits; 0: none does */
    bool is_growth;        /* the set that is being read is a part of the open file */
    /* Monotonic ns. */
    int64_t begun, active, saved, may_save;
    bool is_unsaved, has_closed; /* since it was saved: something was read; all of some file was */
    bool was_last;               /* the open file has been closed for the end of the run */
};

/* How long nothing has to be done, unless something comes. */
int follow_wait_ms(const struct follow *f);

/* follow_choice.c. Where memory is short, the state's status says so. */

/* What is to be read next, after waiting for a moment. NULL: nothing for now. */
struct set_source *follow_find_next(struct follow *f);
/* The run ends: what is left of the open file, unless somebody writes it for sure. NULL: nothing. */
struct set_source *follow_find_last(struct follow *f);

#endif
