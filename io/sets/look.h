/* A first look at files before a run: what they are, and when they begin. Files can be many, and are small
 * then: one is opened once for it, and its first bytes are read once. */
#ifndef TCPREUSE_LOOK_H
#define TCPREUSE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kind; /* io/formats/kinds.h */

struct look {
    bool done; /* it could be looked at; if not, all else is as for a capture of which nothing is known */
    bool is_capture;    /* it begins like one, or is compressed: what is in it will be seen */
    bool has_time;      /* first_time is known */
    int64_t first_time; /* of the first frame, ns since 1970; not there where more than the first bytes would
                           have been needed, or the file is compressed */
    uint64_t size;
    dev_t device; /* with the inode: which file it is; both 0: not known */
    ino_t inode;
    bool grows;              /* what stands behind its last record can be read once it is there */
    bool compressed;         /* or a trace in text, which has to be read as a stream, too */
    const struct kind *kind; /* of what is no capture, if that is known */
};

/* Looks at a regular file. Any thread. */
void look_at_file(const char *path, struct look *look);
/* Looks into a compressed file, too: whether it has a capture inside. What cannot be decompressed is taken for
 * one, since it is for the run to say why. Any thread. */
void look_into_file(const char *path, struct look *look);

/* Calls work(argument, i) for each i below count: by as many threads as are worth it, up to so many, of which
 * the caller is one. */
void look_at_many(void (*work)(void *argument, size_t i), void *argument, size_t count, unsigned threads);

#endif
