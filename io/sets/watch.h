/* Watches directories that captures are written into, and tells which files are to be read: those that are
 * whole, since their writers have closed or renamed them, and those that are still written.
 *
 * Where the file system tells of changes (inotify), they are known at once, and a lease (fcntl(2)) tells
 * whether some process still has a file open for writing. On network file systems, which tell only what this
 * machine does, directories are looked at again and again, and a file that has not changed for a while is
 * taken for whole, but not for sure.
 *
 * One thread at a time. Functions that return int give 0, or -1 when memory is short. */
#ifndef TCPREUSE_WATCH_H
#define TCPREUSE_WATCH_H

#include "io/problems.h"
#include "io/sets/look.h"
#include "io/stop.h"

struct watch;

struct watch_params {
    const char *const *directories;
    size_t count;
    double poll;  /* s between looks; all are taken for network file systems then; 0: those that are */
    bool opens;   /* files that are being written will be asked for */
    bool verbose; /* name what is skipped */
    struct problems *problems;
    const struct stop *stop; /* ends waiting */
};

struct watched {
    const char *path; /* the watch's, until it is asked to wait again */
    struct look look;
    /* It is whole. Else somebody may go on writing it. */
    bool is_sure;
    bool has_writer; /* somebody has it open for writing, for sure */
};

/* Zeroed, it is empty. */
struct watched_list {
    struct watched *items;
    size_t count, capacity;
};

/* The parameters' pointers outlive the watch. NULL when memory is short. */
struct watch *watch_create(const struct watch_params *params);
/* Waits for about ms at most until something happens in the directories, and takes it in. Directories that
 * vanish, and files that do before they are read, are problems. */
int watch_wait(struct watch *w, int ms);
/* Adds captures that can be read, by name: each once, and again when it has changed since. What is no capture
 * is skipped and counted. */
int watch_take(struct watch *w, struct watched_list *list);
/* Lists captures that are being written, and whose formats can be read as they grow. */
int watch_list_written(struct watch *w, struct watched_list *list);
/* Some file is whole, and will be taken once it has been so for a moment. */
bool watch_has_whole(const struct watch *w);
/* No file is about to be whole, as far as can be said: those that are written have writers. */
bool watch_is_idle(const struct watch *w);
/* At the end: a note about a file that was taken, and not read. */
void watch_note_unread(struct watch *w, const char *path);
/* At the end: notes about what was skipped, and about files that were not taken. */
void watch_note_rest(struct watch *w);
void watch_close(struct watch *w);

void watched_list_free(struct watched_list *list);

#endif
