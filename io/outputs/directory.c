/* Makes the directory that files go into. */
#include "io/outputs/directory.h"
#include "io/message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
