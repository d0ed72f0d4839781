/* Streams without decompression. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stream {
    int fd;
    const char *path;
    size_t order;
    struct problems *problems;
    _Atomic uint64_t consumed;
};

const char *stream_compression(const uint8_t *bytes, size_t count)
{
    return count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b ? "gzip" : NULL;
}

struct stream *stream_open(const char *path, size_t order, struct problems *problems)
{
    struct stream *s = calloc(1, sizeof *s);
    int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (!s || fd < 0) {
        problems_add(problems, PROBLEM_ERROR, order, path, -1, "%s", strerror(errno));
        free(s);
        return NULL;
    }
    s->fd = fd;
    s->path = path;
    s->order = order;
    s->problems = problems;
    return s;
}

ssize_t stream_read(struct stream *s, uint8_t *bytes, size_t n)
{
    ssize_t got;
    do
        got = read(s->fd, bytes, n);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        atomic_fetch_add_explicit(&s->consumed, (uint64_t)got, memory_order_relaxed);
    else if (got < 0)
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, (int64_t)atomic_load(&s->consumed), "%s",
                     strerror(errno));
    return got;
}

uint64_t stream_consumed(const struct stream *s)
{
    return atomic_load_explicit(&s->consumed, memory_order_relaxed);
}

void stream_close(struct stream *s)
{
    if (s && s->fd != STDIN_FILENO)
        close(s->fd);
    free(s);
}
