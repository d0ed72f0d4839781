/* Claims of names. Whoever creates the file locks it; whoever finds one locks it before it removes it. So a name is only
 * ever removed by who has locked the file that it names, and two processes never think that they have it both. */
#include "io/outputs/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100 };

/* The process that the file names, or 0. */
static pid_t read_owner(int fd)
{
    char text[24] = "";
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return n > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

/* True also where the file system has no locks. */
static bool lock(int fd)
{
    return !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
}

/* Does the name still stand for the open file? */
static bool is_named(int directory, const char *name, int fd)
{
    struct stat opened, named;
    return !fstat(fd, &opened) && !fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Removes what has the name. 0, also if it has gone meanwhile, or -1 with errno. */
static int remove_left(int directory, const char *name, pid_t *owner)
{
    struct stat st;
    int fd = -1, result = 0;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : -1;
    if (S_ISREG(st.st_mode)) {
        fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            return errno == ENOENT || errno == ELOOP ? 0 : -1;
        if (!lock(fd)) {
            if (owner)
                *owner = read_owner(fd);
            close(fd);
            errno = EBUSY;
            return -1;
        }
    }
    if (fd < 0 || is_named(directory, name, fd))
        result = unlinkat(directory, name, 0);
    const int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return result && error != ENOENT ? -1 : 0;
}

int claim_name(int directory, const char *name, pid_t *owner)
{
    if (owner)
        *owner = 0;
    for (int i = 0; i < ATTEMPTS; i++) {
        int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 && lock(fd) && is_named(directory, name, fd))
            return fd;
        if (fd >= 0)
            close(fd); /* another process took it for one that was left */
        else if (errno != EEXIST || remove_left(directory, name, owner))
            return -1;
    }
    errno = EBUSY;
    return -1;
}

void claim_remove_left(int directory, const char *name)
{
    remove_left(directory, name, NULL);
}
