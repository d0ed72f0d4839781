/* Digests of both ends of a file. What lies between is vouched for by its length: captures grow at their ends. */
#include "io/pieces/piece_identify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes from a place on, as many as there are up to `most`. Their number, or -1 with errno. */
static ssize_t read_some(int fd, uint64_t from, uint8_t *bytes, size_t most)
{
    size_t have = 0;
    while (have < most) {
        const ssize_t n = pread(fd, bytes + have, most - have, (off_t)(from + have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (!n)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

int piece_digest_before(int fd, uint64_t end, uint64_t *digest)
{
    uint8_t bytes[PIECE_LAST_BYTES];
    const size_t count = (size_t)(end < sizeof bytes ? end : sizeof bytes);
    const ssize_t n = read_some(fd, end - count, bytes, count);
    if (n < 0)
        return -1;
    *digest = piece_digest(bytes, (size_t)n);
    return 0;
}

static void note_stat(const struct stat *st, struct piece_input *in)
{
    *in = (struct piece_input){
        .size = (uint64_t)st->st_size,
        /* compared only, so that it may wrap around: time_t goes far beyond 2262 */
        .time = (int64_t)((uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec),
        .device = st->st_dev,
        .inode = st->st_ino};
}

static int identify(int fd, struct piece_input *in)
{
    uint8_t bytes[PIECE_FIRST_BYTES];
    struct stat st;
    if (fstat(fd, &st))
        return -1;
    note_stat(&st, in);
    const uint64_t most = in->size < sizeof bytes ? in->size : sizeof bytes; /* it may be growing */
    const ssize_t n = read_some(fd, 0, bytes, (size_t)most);
    if (n < 0)
        return -1;
    in->first_bytes = (uint64_t)n;
    in->first_digest = piece_digest(bytes, (size_t)n);
    return piece_digest_before(fd, in->size, &in->last_digest);
}

int piece_stat(const char *path, struct piece_input *in)
{
    struct stat st;
    if (stat(path, &st))
        return -1;
    note_stat(&st, in);
    if (S_ISREG(st.st_mode))
        return 0;
    errno = EINVAL;
    return -1;
}

/* A descriptor, or -1 with errno. Opening a pipe would wait for its writer. */
static int open_regular(const char *path)
{
    struct piece_input in;
    return piece_stat(path, &in) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
}

int piece_identify(const char *path, struct piece_input *in)
{
    const int fd = open_regular(path);
    if (fd < 0)
        return -1;
    const int result = identify(fd, in), error = errno;
    close(fd);
    errno = error;
    return result;
}

size_t piece_read_first(const char *path, uint8_t bytes[PIECE_FIRST_BYTES])
{
    const int fd = open_regular(path);
    if (fd < 0)
        return 0;
    const ssize_t n = read_some(fd, 0, bytes, PIECE_FIRST_BYTES);
    close(fd);
    return n < 0 ? 0 : (size_t)n;
}

static enum piece_likeness compare(int fd, const struct piece_input *now, const struct piece_input *known)
{
    uint8_t bytes[PIECE_FIRST_BYTES];
    uint64_t last;
    const ssize_t n = read_some(fd, 0, bytes, (size_t)known->first_bytes);
    if (n < 0 || (uint64_t)n != known->first_bytes || piece_digest(bytes, (size_t)n) != known->first_digest)
        return PIECE_OTHER;
    if (now->size < known->size)
        return PIECE_SHORTER;
    if (now->device == known->device && now->inode == known->inode && now->size == known->size &&
        now->time == known->time)
        return PIECE_ALIKE;
    return piece_digest_before(fd, known->size, &last) || last != known->last_digest ? PIECE_OTHER
                                                                                     : PIECE_ALIKE;
}

enum piece_likeness piece_compare(const char *path, const struct piece_input *now,
                                  const struct piece_input *known)
{
    const int fd = known->size ? open_regular(path) : -1; /* all files begin with nothing */
    if (fd < 0)
        return PIECE_OTHER;
    const enum piece_likeness likeness = compare(fd, now, known);
    close(fd);
    return likeness;
}

const char *piece_differs(const struct piece_input *a, const struct piece_input *b, bool with_times)
{
    if (a->size != b->size)
        return "its size";
    if (a->first_bytes != b->first_bytes || a->first_digest != b->first_digest)
        return "its first bytes";
    if (a->last_digest != b->last_digest)
        return "its last bytes";
    return with_times && a->time != b->time ? "the time of its last change" : NULL;
}
