/* Files that are whole or absent: reports, the summary, extracts.
 *
 * A file is written under a temporary name beside its own, NAME.tcpreuse-part, and gets its own when it is complete. So
 * whatever happens, SIGKILL among it, no file under its own name is incomplete, and one of an earlier run stays until
 * then. Links, hard or symbolic, are replaced and never followed. Temporary files of a process that has ended are removed
 * by the next one that writes there.
 *
 * A directory has one process at a time that writes into it: it is locked by the file `.tcpreuse.lock`.
 *
 * Functions give -1 or NULL with errno, which outputs_explain() puts into words. One thread at a time for each file;
 * files of one directory are independent of each other. */
#ifndef TCPREUSE_OUTPUTS_H
#define TCPREUSE_OUTPUTS_H

#include "io/problems.h"

#include <stdio.h>
#include <sys/types.h>

#define OUTPUTS_LOCK ".tcpreuse.lock"
#define OUTPUTS_PART ".tcpreuse-part"

/* A file that is read, and must not be replaced. */
struct output_input {
    dev_t device;
    ino_t inode; /* 0: none */
};

struct outputs_params {
    bool sync; /* files are on disk (fsync(2)) before they get their names, and those before the end */
    const struct output_input *inputs; /* owned by the caller */
    size_t input_count;
    /* The file that says what the others are, written last: that of an earlier run is removed before the first of them
     * gets its name. NULL: there is none. */
    const char *voucher;
};

struct outputs;
struct output;

/* Makes the directory if it does not exist, locks it, and removes what a process that has ended left there. NULL after
 * printing an error. Before threads are started, since it asks for the umask. */
struct outputs *outputs_open(const char *directory, const struct outputs_params *params);
/* After its files have ended. NULL is fine. */
void outputs_close(struct outputs *o);

/* Begins a file in the directory. */
struct output *output_create(struct outputs *o, const char *name);
/* Begins a file anywhere. A FIFO, a device, /dev/stdout and the like are written to as they are. */
struct output *output_create_file(const char *path, const struct outputs_params *params);
/* Opens a file of the directory in place, cuts it to length bytes, and appends: for a process that keeps elsewhere how
 * long the file was when it was consistent. It has to be a regular file with one name, and at least that long (else
 * EINVAL). A process that dies leaves it longer than that, so whoever appends has to know the length. */
struct output *output_append(struct outputs *o, const char *name, uint64_t length);
/* The file's descriptor, which stays the output's. */
int output_descriptor(const struct output *f);
/* The same as a stream, which stays the output's. */
FILE *output_stream(struct output *f);
/* The file is complete: it gets its name. Frees it in any case; if this fails, the file is discarded. */
int output_commit(struct output *f);
/* Nothing of the file stays but what output_append() found and wrote. Frees it, and keeps errno. NULL is fine. */
void output_discard(struct output *f);

/* errno in words, and what only this module knows: EBUSY, EEXIST, ENOTSUP, ENOMEM. */
const char *outputs_explain(int error);
/* Tells failures (problems_tell()) that a file of the directory cannot be written. */
void outputs_tell(struct problems *failures, const char *directory, const char *name, const char *why);

#endif
