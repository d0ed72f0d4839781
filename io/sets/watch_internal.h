/* What the files of the watch share: watch.c, what is to be read; watch_entries.c, the files that are known;
 * watch_events.c, what the kernel tells. */
#ifndef TCPREUSE_WATCH_INTERNAL_H
#define TCPREUSE_WATCH_INTERNAL_H

#include "engine/util.h"
#include "io/sets/watch.h"

enum {
    /* So long a file stays as it is before it is read: many are renamed right after they are closed. */
    WATCH_SETTLE_MS = 200,
    /* Between two questions whether a file is still open for writing. */
    WATCH_ASK_MS = 250,
    /* What vanished may be back, under another name. */
    WATCH_GRACE_MS = 500,
    /* Between looks at directories where the kernel tells all: in case it does not. */
    WATCH_RESCAN_MS = 5000,
    /* And where files are read as they are written: that one is written anew is not told before it is closed. */
    WATCH_OPENS_MS = 500,
    WATCH_POLL_MS = 1000, /* where the kernel tells nothing */
    /* Looks after which a file is taken for whole. One that cannot be gone on with has to wait for longer. */
    WATCH_QUIET_LOOKS = 2,
    WATCH_QUIET_LOOKS_CLOSED = 10,
};

struct watch_directory {
    const char *path;
    int descriptor; /* inotify's; -1: none */
    bool is_remote; /* what others do to it is not told, nor whether they have its files open */
    bool is_gone;   /* which has been told */
};

enum watch_state {
    WATCH_WRITTEN, /* it may not be complete */
    WATCH_WHOLE,   /* to be given out */
    WATCH_GIVEN,   /* as it is now */
    WATCH_SKIPPED, /* it is no capture */
    WATCH_OTHER,   /* it is no file */
};

struct watch_entry {
    char *path;
    struct watch_directory *directory;
    enum watch_state state;
    bool is_sure, has_writer, is_counted /* among what is skipped */;
    dev_t device;
    ino_t inode;    /* 0: not looked at yet */
    bool is_unseen; /* it was taken for whole when it was gone: what it held in the end is not known */
    uint64_t size;
    int64_t time;          /* of its last change; ns */
    int64_t since;         /* it is as it is; monotonic ns, as the next ones */
    int64_t missing_since; /* 0: it is there */
    int64_t asked;         /* whether it is open */
    int64_t looked;        /* how it is; 0: not yet */
    struct look look;
    bool look_is_old; /* it has changed since */
    /* What the kernel has told of its name: that it was made, and that a writer has closed it. One without the other is a
     * link, or a file that is still open. */
    bool was_made, was_closed;
    bool explains;    /* why another name has vanished */
    bool is_nameless; /* the file has left its path, which another one may have by now */
    uint32_t move;    /* to another name, which the kernel tells with this number; 0: it was removed */
};

struct watch {
    struct watch_params params;
    struct watch_directory *directories;
    struct watch_entry **entries;
    size_t count, capacity;
    size_t missing; /* entries */
    void *by_path;  /* of tsearch(3) */
    int inotify;    /* -1: there is none */
    bool must_scan;
    int64_t next_scan;
    int64_t poll_ns;
    size_t skipped_files;
};

static inline int64_t watch_ns(int64_t ms)
{
    return ms * 1000000;
}

/* watch_entries.c */

/* The entry of this name in the directory. One that is new, or has been renamed, is looked at. NULL when
 * memory is short. */
struct watch_entry *entry_get(struct watch *w, struct watch_directory *d, const char *name, int64_t now);
/* The file of this name was removed (0), or moved, which will be told with this number once more if it stays in watched
 * directories. 0, or -1 when memory is short. */
int entry_leave(struct watch *w, const struct watch_directory *d, const char *name, uint32_t move,
                int64_t now);
/* And then: it goes on under this name. */
struct watch_entry *entry_move(struct watch *w, struct watch_directory *d, const char *name, uint32_t move,
                               int64_t now);
/* How is its file now? */
void entry_look(struct watch *w, struct watch_entry *e, int64_t now);
/* It is taken for whole. */
void entry_complete(struct watch_entry *e, bool is_sure);
/* Removes what has been missing for long. */
void entries_forget(struct watch *w, int64_t now);
void entries_free(struct watch *w);

/* watch_events.c */

enum watch_writer { WRITER_NONE, WRITER_THERE, WRITER_UNKNOWN };

/* Is the file open for writing? */
enum watch_writer entry_ask_writer(const struct watch_entry *e);
/* Has the directory watched, if that is possible. */
void directory_watch(struct watch *w, struct watch_directory *d);
bool directory_is_remote(const char *path);
/* Waits, and takes in what the kernel tells. */
int events_take(struct watch *w, int ms);

#endif
