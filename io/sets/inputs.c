/* The paths of the inputs, from arguments, lists and directories. */
#include "io/sets/inputs.h"
#include "engine/util.h"
#include "io/formats/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Levels of subdirectories. Links to directories are not followed, so there are no loops but those of bind mounts. */
enum { DEPTH_MAX = 64 };

static int add(struct inputs *in, char *path, const struct look *look)
{
    if (!path)
        return -1;
    if (in->count == in->capacity) {
        size_t capacity = in->capacity ? in->capacity * 2 : 16;
        char **paths = realloc(in->paths, capacity * sizeof *paths);
        if (paths)
            in->paths = paths;
        struct look *looks = realloc(in->looks, capacity * sizeof *looks);
        if (looks)
            in->looks = looks;
        if (!paths || !looks) {
            free(path);
            return -1;
        }
        in->capacity = capacity;
    }
    in->looks[in->count] = look ? *look : (struct look){.is_capture = true};
    in->paths[in->count++] = path;
    return 0;
}

/* What was found in a directory, in order. */
struct found {
    struct found_item {
        char *path;
        int error;    /* why this directory cannot be read; 0: it is a file */
        mode_t type;  /* of the entry itself, S_IFMT */
        bool is_file; /* a regular one, or a link to one */
        struct look look;
    } * items;
    size_t count, capacity;
};

static int found_add(struct found *found, const struct found_item *item)
{
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? found->capacity * 2 : 64;
        struct found_item *items = realloc(found->items, capacity * sizeof *items);
        if (!items)
            return -1;
        found->items = items;
        found->capacity = capacity;
    }
    found->items[found->count++] = *item;
    return 0;
}

static int find_in_directory(struct found *found, const char *path, bool recursive, unsigned depth)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort), result = 0;
    if (n < 0) {
        struct found_item item = {.path = strdup(path), .error = errno};
        result = item.path ? found_add(found, &item) : -1;
        if (result)
            free(item.path);
        return result;
    }
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char *file = NULL;
        struct stat st = {.st_mode = entries[i]->d_type == DT_REG ? S_IFREG : 0};
        bool is_directory = false;
        if (result || !strcmp(name, ".") || !strcmp(name, "..")) {
            ;
        } else if (asprintf(&file, "%s/%s", path, name) < 0) {
            file = NULL;
            result = -1;
        } else if (!st.st_mode && !lstat(file, &st) && (is_directory = S_ISDIR(st.st_mode)) && recursive &&
                   depth < DEPTH_MAX) {
            result = find_in_directory(found, file, recursive, depth + 1);
        } else {
            struct found_item item = {.path = file, .type = st.st_mode & S_IFMT};
            item.is_file = S_ISREG(st.st_mode) || (!is_directory && !stat(file, &st) && S_ISREG(st.st_mode));
            result = found_add(found, &item);
            if (!result)
                file = NULL;
        }
        free(file);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static void look_at_item(void *argument, size_t i)
{
    const struct found *found = argument;
    struct found_item *item = &found->items[i];
    if (!item->is_file)
        return;
    look_at_file(item->path, &item->look);
    if (item->look.done && item->look.compressed)
        look_into_file(item->path, &item->look);
}

/* What a directory has besides captures. */
struct skipped {
    size_t files, links, directories, others;
};

static void skip_item(struct skipped *skipped, const struct found_item *item, const struct inputs *in,
                      struct problems *problems)
{
    const char *what = "not a capture";
    if (item->is_file) {
        skipped->files++;
        if (item->look.kind)
            what = item->look.kind->name;
    } else if (item->type == S_IFLNK) {
        skipped->links++;
        what = "a symbolic link, but not to a file";
    } else if (item->type == S_IFDIR) {
        skipped->directories++;
        what = "a directory";
    } else {
        skipped->others++;
        what = "neither a file nor a directory";
    }
    if (in->verbose)
        problems_add(problems, PROBLEM_NOTE, in->count, item->path, -1, "skipped: %s", what);
}

/* One note for a directory, however many files it has. */
static void tell_skipped(const struct skipped *skipped, const struct inputs *in, const char *path,
                         struct problems *problems)
{
    char text[256] = "";
    const struct {
        size_t count;
        const char *one, *many;
    } parts[] = {
        {skipped->files, "file that is no capture", "files that are no captures"},
        {skipped->links, "symbolic link", "symbolic links"},
        {skipped->directories, "subdirectory", "subdirectories"},
        {skipped->others, "other entry", "other entries"},
    };
    size_t length = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].count)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu %s", length ? ", " : "",
                                       parts[i].count, parts[i].count == 1 ? parts[i].one : parts[i].many);
    if (length && !in->verbose)
        problems_add(problems, PROBLEM_NOTE, in->count, path, -1, "skipped: %s (-v names them%s)", text,
                     skipped->directories ? ", --recursive searches subdirectories" : "");
}

static int add_directory(struct inputs *in, const char *path, bool recursive, struct problems *problems)
{
    struct found found = {0};
    struct skipped skipped = {0};
    int result = find_in_directory(&found, path, recursive, 0);
    const size_t before = in->count;
    bool failed = false;
    if (!result)
        look_at_many(look_at_item, &found, found.count, in->threads);
    for (size_t i = 0; i < found.count; i++) {
        struct found_item *item = &found.items[i];
        if (!result && item->error) {
            problems_add(problems, PROBLEM_ERROR, in->count, item->path, -1, "%s", strerror(item->error));
            failed = true;
        } else if (!result && item->is_file && item->look.is_capture) {
            result = add(in, item->path, &item->look);
            item->path = NULL;
        } else if (!result) {
            skip_item(&skipped, item, in, problems);
        }
        free(item->path);
    }
    free(found.items);
    if (!result)
        tell_skipped(&skipped, in, path, problems);
    if (!result && in->count == before && !failed)
        problems_add(problems, PROBLEM_ERROR, in->count, path, -1,
                     "expected captures in the directory, found none%s",
                     recursive ? "" : " (--recursive searches subdirectories, too)");
    return result;
}

int inputs_add(struct inputs *in, const char *path, bool recursive, struct problems *problems)
{
    struct stat st;
    struct look look = {.is_capture = true};
    if (!strcmp(path, "-") || stat(path, &st))
        return add(in, strdup(path), NULL);
    if (!S_ISDIR(st.st_mode)) {
        look.device = S_ISREG(st.st_mode) ? st.st_dev : 0;
        look.inode = S_ISREG(st.st_mode) ? st.st_ino : 0;
        return add(in, strdup(path), &look);
    }
    return add_directory(in, path, recursive, problems);
}

int inputs_add_list(struct inputs *in, const char *list, bool recursive, struct problems *problems)
{
    FILE *f = strcmp(list, "-") ? fopen(list, "re") : stdin;
    char *line = NULL;
    size_t capacity = 0, names = 0, number = 0;
    int result = 0;
    if (!f) {
        problems_add(problems, PROBLEM_ERROR, in->count, list, -1, "%s", strerror(errno));
        return 0;
    }
    while (!result) {
        ssize_t n = getline(&line, &capacity, f);
        number++;
        if (n < 0) {
            /* Not every failure is an error of the stream: there is none when memory is short. */
            if (!feof(f))
                problems_add(problems, PROBLEM_ERROR, in->count, list, -1, "cannot be read: %s",
                             strerror(errno));
            else if (!names)
                problems_add(problems, PROBLEM_ERROR, in->count, list, -1,
                             "expected the names of captures, found none");
            break;
        }
        if (n && line[n - 1] == '\n')
            line[--n] = 0;
        if (!n)
            continue;
        names++;
        if (memchr(line, 0, (size_t)n)) /* as `find -print0` writes them: all of them are one line */
            problems_add(problems, PROBLEM_ERROR, in->count, list, -1,
                         "expected the name of a capture in each line, found a zero byte in line %zu",
                         number);
        else
            result = inputs_add(in, line, recursive, problems);
    }
    free(line);
    if (f != stdin)
        fclose(f);
    return result;
}

/* By device and inode, then in the order of the inputs. */
static int by_file(const void *a, const void *b, void *argument)
{
    const struct look *looks = argument;
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    if (looks[i].device != looks[k].device)
        return looks[i].device < looks[k].device ? -1 : 1;
    if (looks[i].inode != looks[k].inode)
        return looks[i].inode < looks[k].inode ? -1 : 1;
    return (i > k) - (i < k);
}

int inputs_find_repeated(const struct inputs *in, struct problems *problems)
{
    size_t *sorted = in->count ? malloc(in->count * sizeof *sorted) : NULL;
    if (!sorted)
        return in->count ? -1 : 0;
    for (size_t i = 0; i < in->count; i++)
        sorted[i] = i;
    qsort_r(sorted, in->count, sizeof *sorted, by_file, in->looks);
    for (size_t i = 1, first = 0; i < in->count; i++) {
        const struct look *one = &in->looks[sorted[first]], *other = &in->looks[sorted[i]];
        if (one->device != other->device || one->inode != other->inode)
            first = i;
        else if (one->inode)
            problems_add(problems, PROBLEM_NOTE, sorted[i], in->paths[sorted[i]], -1,
                         "the same file as %s: its frames count again", in->paths[sorted[first]]);
    }
    free(sorted);
    return 0;
}

void inputs_free(struct inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        free(in->paths[i]);
    free(in->paths);
    free(in->looks);
    *in = (struct inputs){0};
}
