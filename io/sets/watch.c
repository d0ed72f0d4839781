/* Which files of watched directories are to be read: from looks at the directories, what the kernel tells,
 * and how long files have been as they are. */
#include "io/sets/watch.h"
#include "engine/clock.h"
#include "io/formats/kinds.h"
#include "io/sets/watch_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* The directory cannot be read. It may come back. */
static void lose_directory(struct watch *w, struct watch_directory *d, int error)
{
    if (!d->is_gone)
        problems_add(w->params.problems, PROBLEM_ERROR, 0, d->path, -1,
                     "cannot be read: %s: files may be missed until it can be", strerror(error));
    d->is_gone = true;
}

/* Looks at all files that the directory has. */
static int scan_directory(struct watch *w, struct watch_directory *d, int64_t now)
{
    int result = 0;
    directory_watch(w, d); /* before it is read: what comes afterwards is told */
    for (size_t i = 0; i < w->count; i++)
        if (w->entries[i]->directory == d)
            entry_look(w, w->entries[i], now);
    DIR *names = opendir(d->path);
    if (!names) {
        lose_directory(w, d, errno);
        return 0;
    }
    if (d->is_gone)
        problems_add(w->params.problems, PROBLEM_NOTE, 0, d->path, -1, "can be read again");
    d->is_gone = false;
    for (const struct dirent *name; !result && (name = readdir(names));)
        if (strcmp(name->d_name, ".") && strcmp(name->d_name, ".."))
            result = entry_get(w, d, name->d_name, now) ? 0 : -1;
    closedir(names);
    return result;
}

static int scan(struct watch *w, int64_t now)
{
    bool all_told = true;
    w->must_scan = false;
    for (size_t i = 0; i < w->params.count; i++) {
        if (scan_directory(w, &w->directories[i], now))
            return -1;
        all_told &= w->directories[i].descriptor >= 0;
    }
    const int64_t took = clock_monotonic_ns() - now;
    w->next_scan = now + (!all_told         ? w->poll_ns
                          : w->params.opens ? watch_ns(WATCH_OPENS_MS) + 9 * took
                                            : watch_ns(WATCH_RESCAN_MS));
    return 0;
}

/* Looks again at a file that has changed since it was looked at. */
static void look_at(struct watch_entry *e)
{
    if (e->look_is_old)
        look_at_file(e->path, &e->look);
    e->look_is_old = false;
}

/* Is a file that was being written complete by now? */
static void examine(struct watch *w, struct watch_entry *e, int64_t now)
{
    const int64_t between = e->directory->is_remote ? w->poll_ns : watch_ns(WATCH_ASK_MS);
    if (e->missing_since || now - e->asked < between)
        return;
    e->asked = now;
    entry_look(w, e, now);
    if (e->missing_since || e->state != WATCH_WRITTEN)
        return;
    const enum watch_writer writer = entry_ask_writer(e);
    e->has_writer = writer == WRITER_THERE;
    if (writer == WRITER_NONE && now - e->since >= watch_ns(WATCH_SETTLE_MS))
        entry_complete(e, true);
    if (writer != WRITER_UNKNOWN || now - e->since < WATCH_QUIET_LOOKS * w->poll_ns)
        return;
    look_at(e);
    if (e->look.grows || now - e->since >= WATCH_QUIET_LOOKS_CLOSED * w->poll_ns)
        entry_complete(e, false);
}

/* Until something is to be done that no event tells of: a file is there for long enough, or is looked at again. */
static int until_due_ms(const struct watch *w)
{
    enum { SOON_MS = 50 };
    int64_t ms = (w->next_scan - clock_monotonic_ns()) / 1000000 + 1;
    for (size_t i = 0; i < w->count; i++) {
        const struct watch_entry *e = w->entries[i];
        const bool soon = e->missing_since || e->state == WATCH_WHOLE;
        if (soon || e->state == WATCH_WRITTEN)
            ms = MIN(ms, soon || w->params.opens ? (int64_t)SOON_MS : (int64_t)WATCH_ASK_MS);
    }
    return (int)MAX(ms, INT64_C(0));
}

int watch_wait(struct watch *w, int ms)
{
    if (events_take(w, MIN(ms, until_due_ms(w))))
        return -1;
    const int64_t now = clock_monotonic_ns();
    if ((w->must_scan || now >= w->next_scan) && scan(w, now))
        return -1;
    for (size_t i = 0; i < w->count; i++)
        if (w->entries[i]->state == WATCH_WRITTEN)
            examine(w, w->entries[i], now);
    entries_forget(w, now);
    return 0;
}

static int add_watched(struct watched_list *list, const struct watched *item)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 16;
        struct watched *more = realloc(list->items, capacity * sizeof *more);
        if (!more)
            return -1;
        list->items = more;
        list->capacity = capacity;
    }
    list->items[list->count++] = *item;
    return 0;
}

static void skip(struct watch *w, struct watch_entry *e)
{
    e->state = WATCH_SKIPPED;
    if (e->is_counted)
        return;
    e->is_counted = true;
    w->skipped_files++;
    if (w->params.verbose)
        problems_add(w->params.problems, PROBLEM_NOTE, 0, e->path, -1, "skipped: %s",
                     e->look.kind ? e->look.kind->name : "not a capture");
}

static int by_name(const void *a, const void *b)
{
    const struct watched *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static bool has_settled(const struct watch_entry *e, int64_t now)
{
    return now - e->since >= watch_ns(WATCH_SETTLE_MS);
}

/* When the first of the files that have yet to settle was changed: later ones wait for it. */
static int64_t first_to_settle(const struct watch *w, int64_t now)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < w->count; i++) {
        const struct watch_entry *e = w->entries[i];
        if (e->state == WATCH_WHOLE && !e->missing_since && !has_settled(e, now))
            first = MIN(first, e->time);
    }
    return first;
}

int watch_take(struct watch *w, struct watched_list *list)
{
    const int64_t now = clock_monotonic_ns(), first = first_to_settle(w, now);
    const size_t before = list->count;
    for (size_t i = 0; i < w->count; i++) {
        struct watch_entry *e = w->entries[i];
        if (e->state != WATCH_WHOLE || !has_settled(e, now) || e->time > first)
            continue;
        entry_look(w, e, now);
        if (e->missing_since || e->state != WATCH_WHOLE)
            continue;
        look_at(e);
        if (e->look.done && e->look.compressed)
            look_into_file(e->path, &e->look);
        if (!e->look.is_capture) {
            skip(w, e);
            continue;
        }
        e->state = WATCH_GIVEN;
        if (add_watched(list, &(struct watched){.path = e->path, .look = e->look, .is_sure = e->is_sure}))
            return -1;
    }
    if (list->count > before)
        qsort(list->items + before, list->count - before, sizeof *list->items, by_name);
    return 0;
}

int watch_list_written(struct watch *w, struct watched_list *list)
{
    list->count = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct watch_entry *e = w->entries[i];
        if (e->state != WATCH_WRITTEN || e->missing_since)
            continue;
        if (!e->look.grows || !e->look.has_time)
            look_at(e);
        e->look.size = e->size;
        if (e->look.done && e->look.grows &&
            add_watched(list,
                        &(struct watched){.path = e->path, .look = e->look, .has_writer = e->has_writer}))
            return -1;
    }
    return 0;
}

bool watch_has_whole(const struct watch *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->entries[i]->state == WATCH_WHOLE)
            return true;
    return false;
}

bool watch_is_idle(const struct watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct watch_entry *e = w->entries[i];
        if (e->state == WATCH_WRITTEN && !e->has_writer && e->size)
            return false;
    }
    return !watch_has_whole(w);
}

void watch_note_unread(struct watch *w, const char *path)
{
    problems_add(w->params.problems, PROBLEM_NOTE, 0, path, -1, "was not read: the run ended before");
}

void watch_note_rest(struct watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct watch_entry *e = w->entries[i];
        if (e->state == WATCH_WHOLE && !e->missing_since) {
            look_at(e);
            if (e->look.is_capture)
                watch_note_unread(w, e->path);
        }
        if (e->state != WATCH_WRITTEN || !e->size)
            continue;
        look_at(e);
        if (e->look.is_capture)
            problems_add(w->params.problems, PROBLEM_NOTE, 0, e->path, -1, "is still being written");
    }
    if (w->params.verbose)
        return;
    if (w->skipped_files)
        problems_add(w->params.problems, PROBLEM_NOTE, 0, w->params.directories[0], -1,
                     "skipped: %zu %s (-v names them)", w->skipped_files,
                     w->skipped_files == 1 ? "file that is no capture" : "files that are no captures");
}

struct watch *watch_create(const struct watch_params *params)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->params = *params;
    w->poll_ns = params->poll > 0 ? (int64_t)(params->poll * 1e9) : watch_ns(WATCH_POLL_MS);
    w->inotify = params->poll > 0 ? -1 : inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    w->directories = calloc(params->count, sizeof *w->directories);
    if (!w->directories)
        goto fail;
    for (size_t i = 0; i < params->count; i++) {
        const char *path = params->directories[i];
        w->directories[i] = (struct watch_directory){
            .path = path, .descriptor = -1, .is_remote = params->poll > 0 || directory_is_remote(path)};
    }
    if (scan(w, clock_monotonic_ns()))
        goto fail;
    return w;
fail:
    watch_close(w);
    return NULL;
}

void watch_close(struct watch *w)
{
    if (!w)
        return;
    if (w->inotify >= 0)
        close(w->inotify);
    entries_free(w);
    free(w->directories);
    free(w);
}

void watched_list_free(struct watched_list *list)
{
    free(list->items);
    *list = (struct watched_list){0};
}
