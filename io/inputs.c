#include "inputs.h"
#include "capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
    for (size_t i = 0; n >= 4 && capture_formats[i]; i++)
        if (capture_formats[i]->probe(bytes, (size_t)n))
            return true;
    return false;
}

static int add_directory(struct inputs *in, const char *path, struct problems *problems)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort), result = 0;
    if (n < 0) {
        problems_add(problems, PROBLEM_ERROR, in->count, path, -1, "%s", strerror(errno));
        return 0;
    }
    size_t captures = 0;
    for (int i = 0; i < n; i++) {
        char *file = NULL;
        struct stat st;
        if (result || asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0) {
            result = -1;
        } else if (stat(file, &st) || S_ISDIR(st.st_mode)) {
            free(file);
        } else if (!S_ISREG(st.st_mode) || !is_capture(file)) {
            problems_add(problems, PROBLEM_NOTE, in->count, file, -1, "skipped, it is no capture");
            free(file);
        } else {
            result = add(in, file);
            captures++;
        }
        free(entries[i]);
    }
    free(entries);
    if (!captures)
        problems_add(problems, PROBLEM_ERROR, in->count, path, -1,
                     "expected a directory with captures, found none in it");
    return result;
}

int inputs_add(struct inputs *in, const char *path, struct problems *problems)
{
    struct stat st;
    if (!stat(path, &st) && S_ISDIR(st.st_mode))
        return add_directory(in, path, problems);
    return add(in, strdup(path));
}

void inputs_free(struct inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        free(in->paths[i]);
    free(in->paths);
    *in = (struct inputs){0};
}
