/* The files of watched directories that are known, by name. One that vanishes is kept for a moment: it may
 * have been renamed, and a renamed file is the same file. */
#include "io/sets/watch_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_path(const void *a, const void *b)
{
    const struct watch_entry *x = a, *y = b;
    return strcmp(x->path, y->path);
}

/* Opening a file of a network file system brings what is known of it up to date. */
static int look_up(const struct watch_entry *e, struct stat *st)
{
    const int fd = e->directory->is_remote && e->state == WATCH_WRITTEN
                       ? open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                       : -1;
    if (fd < 0)
        return stat(e->path, st);
    const int result = fstat(fd, st);
    close(fd);
    return result;
}

/* ns. File systems have times that do not fit: the nearest one that does is used. */
static int64_t change_time(const struct stat *st)
{
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)st->st_mtim.tv_sec, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, (int64_t)st->st_mtim.tv_nsec, &ns))
        return st->st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void note_missing(struct watch *w, struct watch_entry *e, int64_t now)
{
    if (!e->missing_since) {
        e->missing_since = now;
        w->missing++;
    }
}

static void note_present(struct watch *w, struct watch_entry *e)
{
    if (e->missing_since) {
        e->missing_since = 0;
        w->missing--;
    }
}

void entry_look(struct watch *w, struct watch_entry *e, int64_t now)
{
    struct stat st;
    if (e->is_nameless) /* what has its path now is another file */
        return;
    if (look_up(e, &st)) {
        note_missing(w, e, now);
        return;
    }
    note_present(w, e);
    e->is_unseen = false;
    if (!S_ISREG(st.st_mode)) {
        e->state = WATCH_OTHER;
        return;
    }
    const int64_t looked = e->looked;
    e->looked = now;
    const bool is_other = e->inode && (e->inode != st.st_ino || e->device != st.st_dev);
    const uint64_t size = (uint64_t)st.st_size;
    const int64_t time = change_time(&st);
    if (e->inode && !is_other && e->size == size && e->time == time)
        return;
    if (e->state == WATCH_WHOLE && (is_other || size < e->size))
        problems_add(w->params.problems, PROBLEM_ERROR, 0, e->path, -1,
                     "was written anew before it was read: %llu bytes that it held are missing",
                     (unsigned long long)e->size);
    /* The time of change tells how long the file has been as it is, but for no longer than since the last look. The clock of
     * another machine may be wrong, so there only the first look believes it. Without this a follower that was held up would
     * take a new file for older than the one before it. */
    const int64_t longest = !e->inode                 ? watch_ns(INT64_C(3600000))
                            : e->directory->is_remote ? 0
                                                      : now - looked;
    e->since = now - MIN(MAX(time_between(time, clock_wall_ns()), INT64_C(0)), longest);
    e->state = WATCH_WRITTEN;
    if (is_other || size < e->size)
        e->look = (struct look){0};
    e->look_is_old = true;
    e->device = st.st_dev;
    e->inode = st.st_ino;
    e->size = size;
    e->time = time;
}

void entry_complete(struct watch_entry *e, bool is_sure)
{
    if (e->state != WATCH_WRITTEN)
        return;
    e->state = WATCH_WHOLE;
    e->is_unseen = e->missing_since != 0;
    e->is_sure = is_sure;
    e->has_writer = false;
}

/* Its path is free for another one. */
static void take_name(struct watch *w, struct watch_entry *e)
{
    if (!e->is_nameless)
        tdelete(e, &w->by_path, by_path);
    e->is_nameless = true;
}

static void remove_at(struct watch *w, size_t i)
{
    struct watch_entry *e = w->entries[i];
    take_name(w, e);
    w->missing -= e->missing_since != 0;
    w->entries[i] = w->entries[--w->count];
    free(e->path);
    free(e);
}

/* The missing entry of this file, under its former name. Of one that was removed, another file may have the number. */
static struct watch_entry *find_missing(const struct watch *w, const struct stat *st)
{
    for (size_t i = 0; w->missing && i < w->count; i++) {
        struct watch_entry *e = w->entries[i];
        const bool is_removed = e->is_nameless && !e->move;
        if (e->missing_since && !is_removed && e->inode == st->st_ino && e->device == st->st_dev)
            return e;
    }
    return NULL;
}

/* The place of the entry that has left its name with this move; the count: there is none. */
static size_t find_moved(const struct watch *w, uint32_t move)
{
    size_t i = 0;
    while (i < w->count && !(w->entries[i]->is_nameless && w->entries[i]->move == move))
        i++;
    return i;
}

static struct watch_entry *find(const struct watch *w, char *path)
{
    const struct watch_entry key = {.path = path};
    struct watch_entry *const *found = tfind(&key, &w->by_path, by_path);
    return found ? *found : NULL;
}

static struct watch_entry *add(struct watch *w, struct watch_directory *d, char *path)
{
    if (w->count == w->capacity) {
        const size_t capacity = w->capacity ? 2 * w->capacity : 64;
        struct watch_entry **more = realloc(w->entries, capacity * sizeof(struct watch_entry *));
        if (!more)
            return NULL;
        w->entries = more;
        w->capacity = capacity;
    }
    struct watch_entry *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->path = path;
    e->directory = d;
    if (!tsearch(e, &w->by_path, by_path)) {
        free(e);
        return NULL;
    }
    w->entries[w->count++] = e;
    return e;
}

/* The entry goes on under another name. */
static struct watch_entry *rename_entry(struct watch *w, struct watch_entry *e, char *path)
{
    take_name(w, e);
    free(e->path);
    e->path = path;
    if (!tsearch(e, &w->by_path, by_path))
        return NULL;
    e->is_nameless = false;
    return e;
}

struct watch_entry *entry_get(struct watch *w, struct watch_directory *d, const char *name, int64_t now)
{
    struct stat st;
    char *path;
    if (asprintf(&path, "%s/%s", d->path, name) < 0)
        return NULL;
    struct watch_entry *e = find(w, path);
    if (e) {
        free(path);
        entry_look(w, e, now);
        return e;
    }
    struct watch_entry *former = w->missing && !stat(path, &st) ? find_missing(w, &st) : NULL;
    e = former ? rename_entry(w, former, path) : add(w, d, path);
    if (e)
        entry_look(w, e, now);
    else if (!former)
        free(path);
    return e;
}

int entry_leave(struct watch *w, const struct watch_directory *d, const char *name, uint32_t move,
                int64_t now)
{
    char *path;
    if (asprintf(&path, "%s/%s", d->path, name) < 0)
        return -1;
    struct watch_entry *e = find(w, path);
    free(path);
    if (!e)
        return 0;
    take_name(w, e);
    e->move = move;
    note_missing(w, e, now);
    return 0;
}

struct watch_entry *entry_move(struct watch *w, struct watch_directory *d, const char *name, uint32_t move,
                               int64_t now)
{
    char *path;
    if (asprintf(&path, "%s/%s", d->path, name) < 0)
        return NULL;
    const size_t moved = find_moved(w, move);
    if (moved < w->count && find(w, path))
        remove_at(w, moved); /* its file goes on as that of an entry that is there */
    else if (moved < w->count) {
        w->entries[moved]->directory = d;
        struct watch_entry *e = rename_entry(w, w->entries[moved], path);
        if (e)
            entry_look(w, e, now);
        return e;
    }
    free(path);
    return entry_get(w, d, name, now);
}

/* An entry whose name was made by link(2), as nobody has written the file under it, and which explains no other name yet. */
static struct watch_entry *find_link(const struct watch *w, const struct watch_directory *d)
{
    for (size_t i = 0; i < w->count; i++) {
        struct watch_entry *e = w->entries[i];
        if (e->directory == d && !e->missing_since && !e->explains && e->was_made && !e->was_closed &&
            entry_ask_writer(e) == WRITER_NONE)
            return e;
    }
    return NULL;
}

/* A file may get its name by link(2), and lose the former one: what it holds is there. A former name that was gone before
 * it could be looked at has no inode to compare, so each link explains one of them. */
static bool has_other_name(const struct watch *w, const struct watch_entry *e)
{
    for (size_t i = 0; i < w->count && e->inode; i++) {
        const struct watch_entry *o = w->entries[i];
        if (!o->missing_since && o->inode == e->inode && o->device == e->device &&
            (e->is_unseen || o->time == e->time))
            return true;
    }
    struct watch_entry *const link = e->inode ? NULL : find_link(w, e->directory);
    if (link)
        link->explains = true;
    return link;
}

/* What was missed when the file vanished. */
static void tell_missing(const struct watch *w, const struct watch_entry *e)
{
    if (has_other_name(w, e))
        return;
    if (e->state == WATCH_WHOLE && e->is_unseen)
        problems_add(w->params.problems, PROBLEM_ERROR, 0, e->path, -1,
                     "vanished before it could be looked at: if it was a capture, it is missing");
    else if (e->state == WATCH_WHOLE && e->size)
        problems_add(w->params.problems, PROBLEM_ERROR, 0, e->path, -1,
                     "vanished before it was read: %llu bytes are missing", (unsigned long long)e->size);
    else if (e->state == WATCH_WRITTEN && e->size)
        problems_add(w->params.problems, PROBLEM_NOTE, 0, e->path, -1, "vanished while it was written");
}

void entries_forget(struct watch *w, int64_t now)
{
    for (size_t i = w->count; w->missing && i--;) {
        const struct watch_entry *e = w->entries[i];
        if (!e->missing_since || now - e->missing_since < watch_ns(WATCH_GRACE_MS))
            continue;
        tell_missing(w, e);
        remove_at(w, i);
    }
}

static void free_nothing(void *entry)
{
    (void)entry;
}

void entries_free(struct watch *w)
{
    tdestroy(w->by_path, free_nothing);
    for (size_t i = 0; i < w->count; i++) {
        free(w->entries[i]->path);
        free(w->entries[i]);
    }
    free(w->entries);
}
