#include "inputs.h"
#include "capture.h"
#include "stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories in directories; a loop of symbolic links ends here at the latest (Linux follows 40). */
enum { DEPTH_MAX = 64 };

static int add(struct inputs *in, char *path)
{
    if (!path)
        return -1;
    if (in->count == in->capacity) {
        size_t capacity = in->capacity ? in->capacity * 2 : 16;
        char **paths = realloc(in->paths, capacity * sizeof *paths);
        if (!paths) {
            free(path);
            return -1;
        }
        in->paths = paths;
        in->capacity = capacity;
    }
    in->paths[in->count++] = path;
    return 0;
}

static bool is_capture(const char *path)
{
    uint8_t bytes[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true; /* opening it as a capture will say why not */
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    if (n > 0 && stream_compression(bytes, (size_t)n))
        return true; /* what is in it will be seen */
    for (size_t i = 0; n >= 4 && capture_formats[i]; i++)
        if (capture_formats[i]->probe(bytes, (size_t)n))
            return true;
    return false;
}

static int add_directory(struct inputs *in, const char *path, bool recursive, unsigned depth,
                         size_t *captures, struct problems *problems)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort), result = 0;
    if (n < 0) {
        problems_add(problems, PROBLEM_ERROR, in->count, path, -1, "%s", strerror(errno));
        return 0;
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
                result = add_directory(in, file, recursive, depth + 1, captures, problems);
        } else if ((!S_ISREG(st.st_mode) && stat(file, &st)) || !S_ISREG(st.st_mode) || !is_capture(file)) {
            problems_add(problems, PROBLEM_NOTE, in->count, file, -1, "skipped, it is no capture");
        } else {
            result = add(in, file);
            file = NULL;
            ++*captures;
        }
        free(file);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int inputs_add(struct inputs *in, const char *path, bool recursive, struct problems *problems)
{
    struct stat st;
    size_t captures = 0;
    if (!strcmp(path, "-") || stat(path, &st) || !S_ISDIR(st.st_mode))
        return add(in, strdup(path));
    size_t before = problems->count;
    int result = add_directory(in, path, recursive, 0, &captures, problems);
    bool failed = false;
    for (size_t i = before; i < problems->count; i++)
        failed |= !problems->items[i].note;
    if (!captures && !failed)
        problems_add(problems, PROBLEM_ERROR, in->count, path, -1,
                     "expected a directory with captures, found none in it%s",
                     recursive ? "" : " (--recursive searches the directories in it, too)");
    return result;
}

int inputs_add_list(struct inputs *in, const char *list, bool recursive, struct problems *problems)
{
    FILE *f = strcmp(list, "-") ? fopen(list, "re") : stdin;
    char *line = NULL;
    size_t capacity = 0;
    int result = 0;
    if (!f) {
        problems_add(problems, PROBLEM_ERROR, in->count, list, -1, "%s", strerror(errno));
        return 0;
    }
    for (ssize_t n; !result && (n = getline(&line, &capacity, f)) >= 0;) {
        if (n && line[n - 1] == '\n')
            line[--n] = 0;
        if (n)
            result = inputs_add(in, line, recursive, problems);
    }
    if (ferror(f))
        problems_add(problems, PROBLEM_ERROR, in->count, list, -1, "%s", strerror(errno));
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
    *in = (struct inputs){0};
}
