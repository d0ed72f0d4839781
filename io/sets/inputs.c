/* The paths of the inputs, from arguments, lists and directories. */
#include "io/sets/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Levels of subdirectories. A loop of symbolic links ends here at the latest (Linux follows 40). */
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
        bool is_file; /* a regular one */
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
        if (result || !strcmp(name, ".") || !strcmp(name, "..")) {
            ;
        } else if (asprintf(&file, "%s/%s", path, name) < 0) {
            file = NULL;
            result = -1;
        } else if (!st.st_mode && !lstat(file, &st) && S_ISDIR(st.st_mode)) {
            if (recursive && depth < DEPTH_MAX)
                result = find_in_directory(found, file, recursive, depth + 1);
        } else {
            struct found_item item = {.path = file};
            item.is_file = S_ISREG(st.st_mode) || (!stat(file, &st) && S_ISREG(st.st_mode));
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
    if (found->items[i].is_file)
        look_at_file(found->items[i].path, &found->items[i].look);
}

static int add_directory(struct inputs *in, const char *path, bool recursive, struct problems *problems)
{
    struct found found = {0};
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
            problems_add(problems, PROBLEM_NOTE, in->count, item->path, -1, "skipped: not a capture");
        }
        free(item->path);
    }
    free(found.items);
    if (!result && in->count == before && !failed)
        problems_add(problems, PROBLEM_ERROR, in->count, path, -1,
                     "expected captures in the directory, found none%s",
                     recursive ? "" : " (--recursive searches subdirectories, too)");
    return result;
}

int inputs_add(struct inputs *in, const char *path, bool recursive, struct problems *problems)
{
    struct stat st;
    if (!strcmp(path, "-") || stat(path, &st) || !S_ISDIR(st.st_mode))
        return add(in, strdup(path), NULL);
    return add_directory(in, path, recursive, problems);
}

int inputs_add_list(struct inputs *in, const char *list, bool recursive, struct problems *problems)
{
    FILE *f = strcmp(list, "-") ? fopen(list, "re") : stdin;
    char *line = NULL;
    size_t capacity = 0, names = 0;
    int result = 0;
    if (!f) {
        problems_add(problems, PROBLEM_ERROR, in->count, list, -1, "%s", strerror(errno));
        return 0;
    }
    while (!result) {
        ssize_t n = getline(&line, &capacity, f);
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
        result = inputs_add(in, line, recursive, problems);
    }
    free(line);
    if (f != stdin)
        fclose(f);
    return result;
}

void inputs_free(struct inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        free(in->paths[i]);
    free(in->paths);
    free(in->looks);
    *in = (struct inputs){0};
}
