/* Which file of the watched directories is read next, and whether as a whole or as a part of one that may grow. */
#include "cli/follow_internal.h"
#include "engine/clock.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLACED_MS = 1000, /* so long another file waits for the writer of the open one */
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A copy of the path that stays until the run has ended. NULL when memory is short. */
static const char *keep_path(struct follow *f, const char *path)
{
    char *const *found = tfind(path, &f->paths, compare_texts);
    if (found)
        return *found;
    char *copy = strdup(path);
    if (copy && tsearch(copy, &f->paths, compare_texts))
        return copy;
    free(copy);
    return NULL;
}

static void out_of_memory(struct follow *f)
{
    f->state->status = state_fail_memory(f->state);
}

/* The file is to be read next. */
static void choose(struct follow *f, const char *path, const struct look *look)
{
    struct inputs *c = &f->chosen;
    if (c->count == c->capacity) {
        const size_t capacity = MAX(2 * c->capacity, (size_t)16);
        char **paths = realloc(c->paths, capacity * sizeof *paths);
        if (paths)
            c->paths = paths;
        struct look *looks = realloc(c->looks, capacity * sizeof *looks);
        if (looks)
            c->looks = looks;
        if (!paths || !looks) {
            out_of_memory(f);
            return;
        }
        c->capacity = capacity;
    }
    const char *kept = keep_path(f, path);
    if (!kept) {
        out_of_memory(f);
        return;
    }
    c->looks[c->count] = *look;
    c->paths[c->count++] = (char *)(uintptr_t)kept;
}

static bool is_chosen(const struct follow *f, const char *path)
{
    for (size_t i = 0; i < f->chosen.count; i++)
        if (!strcmp(f->chosen.paths[i], path))
            return true;
    return false;
}

/* Which of the files that were read it is. */
static uint32_t find_known(struct follow *f, const char *path)
{
    uint32_t known;
    if (state_find_input(f->state, path, &known))
        out_of_memory(f);
    return known;
}

static bool is_input(const struct state *s, uint32_t known)
{
    for (size_t i = 0; i < s->input_count; i++)
        if (s->inputs[i].known_as == known)
            return true;
    return false;
}

/* The set of what was chosen. growth: it is a part of a file that may grow. NULL: all of it has been read, or it is
 * late and refused. */
static struct set_source *make_set(struct follow *f, bool growth)
{
    struct state *s = f->state;
    f->is_growth = growth;
    f->blocked_since = 0;
    for (size_t i = 0; i < s->input_count; i++)
        s->inputs[i].may_grow = growth;
    s->set_problems = growth ? &f->of_growth : NULL;
    if (!s->input_count || s->status != EXIT_DONE)
        return NULL;
    f->active = clock_monotonic_ns();
    struct set_source *set = state_make_set(s);
    if (state_note_refused(s))
        s->status = EXIT_INPUT;
    return set;
}

/* What was chosen, and what the open file still has: from now on nothing more comes from that. */
static struct set_source *read_chosen(struct follow *f)
{
    struct state *s = f->state;
    if (f->open != FOLLOW_NONE) {
        const char *path = s->head.inputs[f->open].path;
        if (!is_chosen(f, path) && find_known(f, path) == f->open)
            choose(f, path, &(struct look){.is_capture = true});
    }
    state_take_inputs(s, &f->chosen, f->problems);
    f->chosen.count = 0;
    if (f->open != FOLLOW_NONE && !is_input(s, f->open)) {
        struct piece_input *open = &s->head.inputs[f->open];
        problems_add(f->problems, PROBLEM_ERROR, 0, open->path, -1,
                     "vanished while it was read: what it had behind offset %" PRIu64 " is missing",
                     open->position);
        open->flags &= ~(uint32_t)PIECE_INPUT_PART;
        f->open = FOLLOW_NONE;
    }
    return make_set(f, false);
}

/* Another file is there: is it to wait for what the writer of the open one still has? */
static bool waits_for_open(struct follow *f)
{
    const int64_t now = clock_monotonic_ns();
    if (!f->blocked_since)
        f->blocked_since = now;
    return f->open != FOLLOW_NONE && now - f->blocked_since < REPLACED_MS * INT64_C(1000000);
}

/* The file is the open one, by whatever name. */
static bool is_open_file(const struct follow *f, const struct look *look)
{
    const struct piece_input *open = f->open == FOLLOW_NONE ? NULL : &f->state->head.inputs[f->open];
    return open && look->inode == open->inode && look->device == open->device;
}

/* Whether the open file is among them, and who has it. */
static const struct watched *find_open_file(const struct follow *f, const struct watched_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_open_file(f, &list->items[i].look))
            return &list->items[i];
    return NULL;
}

/* When a file begins, as far as its first bytes tell. */
static int64_t begin_of(const struct watched *w)
{
    return w->look.has_time ? w->look.first_time : INT64_MAX;
}

/* Of files that may grow, the one that begins last is to be read for itself. */
static size_t find_last_to_grow(const struct watched_list *list)
{
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i].is_sure && list->items[i].look.grows &&
            (last == SIZE_MAX || begin_of(&list->items[i]) >= begin_of(&list->items[last])))
            last = i;
    return last;
}

/* The file is written, but it is none to open. */
static void pass(struct follow *f, const struct watched *w)
{
    f->passed_inode = w->look.inode;
    f->passed_size = w->look.size;
}

/* What the file has by now, as a part of it. */
static struct set_source *read_growth(struct follow *f, const struct watched *w)
{
    f->grown_inode = w->look.inode;
    f->grown_size = w->look.size;
    choose(f, w->path, &w->look);
    state_take_inputs(f->state, &f->chosen, f->problems);
    f->chosen.count = 0;
    struct set_source *set = make_set(f, true);
    if (!set)
        pass(f, w);
    return set;
}

/* Files that are whole: all of them but the last that may grow; that one, once it is the only one. */
static struct set_source *next_whole(struct follow *f)
{
    struct watched_list *list = &f->whole;
    const size_t before = list->count;
    if (watch_take(f->watch, list)) {
        out_of_memory(f);
        return NULL;
    }
    for (size_t i = before; i < list->count; i++) {
        list->items[i].path = keep_path(f, list->items[i].path);
        if (!list->items[i].path) {
            list->count = i;
            out_of_memory(f);
            return NULL;
        }
    }
    if (!list->count)
        return NULL;
    const struct watched *open = find_open_file(f, &f->written);
    if (open && open->has_writer && !find_open_file(f, list) && waits_for_open(f))
        return NULL;
    const size_t last = find_last_to_grow(list);
    if (list->count == 1 && last == 0 && (f->open == FOLLOW_NONE || is_open_file(f, &list->items[0].look))) {
        list->count = 0;
        return read_growth(f, &list->items[0]);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (i == last)
            list->items[kept++] = list->items[i];
        else
            choose(f, list->items[i].path, &list->items[i].look);
    list->count = kept;
    return read_chosen(f);
}

/* Can it be opened, as far as its first bytes tell? One without a frame has not begun. */
static bool has_begun(const struct follow *f, const struct watched *w)
{
    enum { SOME_FRAMES = 1 << 18 }; /* bytes that have some, whatever the first ones say */
    const bool is_passed = w->look.inode == f->passed_inode && w->look.size >= f->passed_size;
    return !is_passed && (w->look.has_time || w->look.size >= SOME_FRAMES);
}

/* Of the files that are written, the first to begin of which nothing has been read. Those that are about to be whole come
 * before. */
static const struct watched *find_to_open(struct follow *f)
{
    const struct watched *first = NULL;
    if (watch_has_whole(f->watch))
        return NULL;
    for (size_t i = 0; i < f->written.count; i++) {
        const struct watched *w = &f->written.items[i];
        if (!has_begun(f, w) || is_open_file(f, &w->look) || (first && begin_of(w) >= begin_of(first)))
            continue;
        if (find_known(f, w->path) == FOLLOW_NONE)
            first = w;
        else
            pass(f, w);
    }
    return first;
}

/* A file that is being written has grown, or another one has begun. */
static struct set_source *next_growth(struct follow *f)
{
    const struct watched *open = find_open_file(f, &f->written);
    if (open && (open->look.inode != f->grown_inode || open->look.size > f->grown_size))
        return read_growth(f, open);
    const struct watched *other = find_to_open(f);
    if (!other || (open && open->has_writer && waits_for_open(f)))
        return NULL;
    return f->open == FOLLOW_NONE ? read_growth(f, other) : read_chosen(f);
}

struct set_source *follow_find_last(struct follow *f)
{
    const struct watched *open = find_open_file(f, &f->written);
    if (f->was_last || f->open == FOLLOW_NONE || (open && open->has_writer))
        return NULL;
    f->was_last = true;
    return read_chosen(f);
}

struct set_source *follow_find_next(struct follow *f)
{
    if (watch_wait(f->watch, follow_wait_ms(f)) || watch_list_written(f->watch, &f->written)) {
        out_of_memory(f);
        return NULL;
    }
    struct set_source *next = next_whole(f);
    if (!next && f->state->status == EXIT_DONE && f->options->follow_open && !f->whole.count)
        next = next_growth(f);
    return next;
}
