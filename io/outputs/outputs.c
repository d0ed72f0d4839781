/* Files under temporary names, and the directory that they are in. */
#include "io/outputs/outputs.h"
#include "io/message.h"
#include "io/outputs/claim.h"
#include "io/outputs/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outputs {
    struct outputs_params params;
    int directory;
    int lock;    /* of OUTPUTS_LOCK; -1: the directory is not locked, since this is about one file */
    mode_t mode; /* of files that are complete */
    /* Set by the first file that gets its name, whichever thread that is. */
    atomic_bool vouched_for;
};

struct output {
    struct outputs *outputs;
    bool owns_outputs; /* they are for this file only */
    bool in_place;     /* nothing is to be renamed */
    int fd;
    FILE *stream; /* NULL: nobody has asked for one */
    char *name, *part;
};

const char *outputs_explain(int error)
{
    switch (error) {
    case EBUSY:
        return "another run of tcpreuse is writing it";
    case EEXIST:
        return "it is an input of this run";
    case ENOTSUP:
        return "expected a file, or none, found a directory, FIFO, socket or device";
    case ENOMEM:
        return "out of memory";
    default:
        return strerror(error);
    }
}

void outputs_tell(struct problems *failures, const char *directory, const char *name, const char *why)
{
    char *path;
    const bool there = asprintf(&path, "%s/%s", directory, name) >= 0;
    problems_tell(failures, there ? path : name, "cannot write: %s", why);
    if (there)
        free(path);
}

static mode_t mode_of_files(void)
{
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A directory that may be searched and written to, but not read, is enough for files. */
static int open_directory(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* cppcheck-suppress resourceLeak ; nothing is open where it is below 0 */
    return fd < 0 && errno == EACCES ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : fd;
}

static struct outputs *make(const char *directory, const struct outputs_params *params)
{
    struct outputs *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->params = *params;
    o->lock = -1;
    o->mode = mode_of_files();
    o->directory = open_directory(directory);
    if (o->directory >= 0)
        return o;
    const int error = errno;
    free(o);
    errno = error;
    return NULL;
}

static bool ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n > m && !strcmp(name + n - m, end);
}

/* Removes files of processes that have ended. What cannot be removed is in nobody's way until its name is wanted. */
static void remove_left(const struct outputs *o)
{
    const int fd = openat(o->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *e; (e = readdir(entries));)
        if (ends_in(e->d_name, OUTPUTS_PART))
            claim_remove_left(o->directory, e->d_name);
    closedir(entries);
}

static int lock(struct outputs *o, const char *directory)
{
    pid_t owner;
    o->lock = claim_name(o->directory, OUTPUTS_LOCK, &owner);
    if (o->lock >= 0) {
        char text[24];
        const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
        if (write(o->lock, text, (size_t)n) != n) {
            /* others can only not say who it is */
        }
        return 0;
    }
    if (errno != EBUSY)
        message_error("%s: cannot write: %s", directory, strerror(errno));
    else if (owner)
        message_error("%s: another run of tcpreuse writes into it: process %ld", directory, (long)owner);
    else
        message_error("%s: another run of tcpreuse writes into it", directory);
    return -1;
}

struct outputs *outputs_open(const char *directory, const struct outputs_params *params)
{
    if (directory_make(directory))
        return NULL;
    struct outputs *o = make(directory, params);
    if (!o) {
        message_error("%s: cannot write: %s", directory, outputs_explain(errno));
        return NULL;
    }
    if (lock(o, directory)) {
        outputs_close(o);
        return NULL;
    }
    remove_left(o);
    return o;
}

void outputs_close(struct outputs *o)
{
    if (!o)
        return;
    if (o->lock >= 0) {
        unlinkat(o->directory, OUTPUTS_LOCK, 0); /* before others can lock it */
        close(o->lock);
    }
    close(o->directory);
    free(o);
}

/* May the file be replaced that has the name now? 0, or -1 with errno. */
static int check_name(const struct outputs *o, const char *name)
{
    struct stat st;
    if (fstatat(o->directory, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : -1;
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
        errno = ENOTSUP;
        return -1;
    }
    for (size_t i = 0; i < o->params.input_count; i++) {
        const struct output_input *in = &o->params.inputs[i];
        if (in->inode && in->device == st.st_dev && in->inode == st.st_ino) {
            errno = EEXIST;
            return -1;
        }
    }
    return 0;
}

static void free_output(struct output *f)
{
    const int error = errno;
    if (f->stream)
        fclose(f->stream);
    else if (f->fd >= 0)
        close(f->fd);
    if (f->owns_outputs)
        outputs_close(f->outputs);
    free(f->name);
    free(f->part);
    free(f);
    errno = error;
}

static struct output *new_output(struct outputs *o, const char *name)
{
    struct output *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->outputs = o;
    f->fd = -1;
    f->name = strdup(name);
    /* Names have at most so many bytes. */
    if (asprintf(&f->part, "%.*s" OUTPUTS_PART, (int)(NAME_MAX - strlen(OUTPUTS_PART)), name) < 0)
        f->part = NULL;
    if (f->name && f->part)
        return f;
    errno = ENOMEM;
    free_output(f);
    return NULL;
}

struct output *output_create(struct outputs *o, const char *name)
{
    if (check_name(o, name))
        return NULL;
    struct output *f = new_output(o, name);
    if (!f)
        return NULL;
    f->fd = claim_name(o->directory, f->part, NULL);
    if (f->fd >= 0)
        return f;
    free_output(f);
    return NULL;
}

/* Does the path stand for something open, or for no file at all, which is written to as it is? */
static bool is_special(const char *path)
{
    static const char *const prefixes[] = {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"};
    struct stat st;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (!strncmp(path, prefixes[i], strlen(prefixes[i])))
            return true;
    return !lstat(path, &st) && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

struct output *output_create_file(const char *path, const struct outputs_params *params)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const bool special = is_special(path);
    char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    struct outputs *o = directory ? make(directory, params) : NULL;
    struct output *f = NULL;
    free(directory); /* keeps errno (glibc 2.33) */
    if (!o)
        return NULL;
    if (special) {
        f = new_output(o, name);
        if (f)
            f->fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (f && f->fd < 0) {
            free_output(f);
            f = NULL;
        }
    } else if (!*name) {
        errno = EISDIR;
    } else {
        f = output_create(o, name);
    }
    if (!f) {
        const int failure = errno;
        outputs_close(o);
        errno = failure;
        return NULL;
    }
    f->in_place = special;
    f->owns_outputs = true;
    return f;
}

struct output *output_append(struct outputs *o, const char *name, uint64_t length)
{
    struct stat st;
    struct output *f = new_output(o, name);
    if (!f)
        return NULL;
    f->in_place = true;
    f->fd = openat(o->directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (f->fd >= 0 && !fstat(f->fd, &st)) {
        errno = EINVAL;
        if (S_ISREG(st.st_mode) && st.st_nlink == 1 && (uint64_t)st.st_size >= length &&
            !ftruncate(f->fd, (off_t)length) && lseek(f->fd, 0, SEEK_END) >= 0)
            return f;
    }
    free_output(f);
    return NULL;
}

int output_descriptor(const struct output *f)
{
    return f->fd;
}

FILE *output_stream(struct output *f)
{
    if (!f->stream)
        f->stream = fdopen(f->fd, "w");
    return f->stream;
}

/* An older file that would say something about the new ones. */
static void remove_voucher(struct outputs *o, const char *name)
{
    if (!o->params.voucher || !strcmp(name, o->params.voucher) ||
        atomic_exchange_explicit(&o->vouched_for, true, memory_order_relaxed))
        return;
    struct stat st;
    if (!fstatat(o->directory, o->params.voucher, &st, AT_SYMLINK_NOFOLLOW) && !S_ISDIR(st.st_mode))
        unlinkat(o->directory, o->params.voucher, 0);
}

/* Has the kernel write what it still holds, where it tells of errors by then only, as over NFS. The lock stays. */
static int flush(struct output *f)
{
    if (f->stream && (fflush(f->stream) || ferror(f->stream)))
        return -1;
    const int copy = dup(f->fd);
    return copy < 0 || close(copy) ? -1 : 0;
}

int output_commit(struct output *f)
{
    struct outputs *o = f->outputs;
    const bool sync = o->params.sync;
    struct stat st;
    if (flush(f) || (!f->in_place && fchmod(f->fd, o->mode)))
        goto fail;
    if (sync && !fstat(f->fd, &st) && S_ISREG(st.st_mode) && fsync(f->fd))
        goto fail;
    if (!f->in_place) {
        remove_voucher(o, f->name);
        if (renameat(o->directory, f->part, o->directory, f->name))
            goto fail;
        f->in_place = true; /* there is nothing to discard any more */
        /* One that may not be read cannot be synchronised by itself. */
        if (sync && fsync(o->directory) && (errno != EBADF || syncfs(f->fd)))
            goto fail;
    }
    free_output(f);
    return 0;
fail:
    output_discard(f);
    return -1;
}

void output_discard(struct output *f)
{
    if (!f)
        return;
    const int error = errno;
    if (!f->in_place)
        unlinkat(f->outputs->directory, f->part, 0);
    free_output(f);
    errno = error;
}
