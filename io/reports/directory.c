/* Makes the directory of the reports, and tells what it held before. */
#include "io/reports/directory.h"
#include "io/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes one directory unless it is there. 0, or -1 with errno. */
static int make_one(const char *path)
{
    struct stat st;
    if (!mkdir(path, 0777))
        return 0;
    const int error = errno;
    if (!stat(path, &st) && S_ISDIR(st.st_mode))
        return 0; /* a file system that is read-only, say, need not answer EEXIST */
    errno = error == EEXIST ? ENOTDIR : error;
    return -1;
}

int directory_make(const char *path)
{
    char *part = strdup(path);
    if (!part) {
        message_error("out of memory");
        return -1;
    }
    int result = 0;
    for (size_t end = 1; !result; end++) {
        end += strcspn(part + end, "/");
        const bool whole = !part[end];
        part[end] = 0;
        result = make_one(part);
        if (whole)
            break;
        if (!result)
            part[end] = '/';
    }
    if (result && strcmp(part, path) != 0)
        message_error("%s: cannot create the directory: %s: %s", path, part, strerror(errno));
    else if (result)
        message_error("%s: cannot create the directory: %s", path, strerror(errno));
    free(part);
    return result;
}

/* Adds the file's name to the list, with a comma, if there is such a file. */
static size_t add_existing(char *names, size_t n, size_t room, const char *path, const char *name,
                           const char *suffix)
{
    char *file;
    if (asprintf(&file, "%s/%s%s", path, name, suffix) < 0)
        return n;
    if (!access(file, F_OK) && n < room)
        n += (size_t)snprintf(names + n, room - n, "%s%s%s", n ? ", " : "", name, suffix);
    free(file);
    return n;
}

void directory_print_earlier(const char *path, const bool written[REPORT_NAMES], const char *suffix)
{
    static const char *const suffixes[] = {REPORT_SUFFIX, NDJSON_SUFFIX};
    char names[256] = "";
    size_t n = 0;
    for (unsigned i = 0; i < REPORTS; i++)
        for (unsigned k = 0; k < ARRAY_LEN(suffixes); k++)
            if (!written[i] || strcmp(suffix, suffixes[k]) != 0)
                n = add_existing(names, n, sizeof names, path, report_names[i], suffixes[k]);
    if (!written[REPORT_SUMMARY])
        n = add_existing(names, n, sizeof names, path, report_names[REPORT_SUMMARY],
                         strrchr(SUMMARY_FILE, '.'));
    if (n)
        message_error("%s: not written by this run, but by an earlier one: %s", path, names);
}
