/* Writes state files and piece files: under another name at first, so that a file under its own name is
 * complete. */
#include "io/pieces/piece_layout.h"
#include "io/pieces/piece_zstd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct piece_writer {
    char *path, *partial;
    int fd;
    XXH3_state_t *digest; /* of all that is written */
    uint8_t *packed;      /* a section, compressed */
    size_t packed_capacity;
};

/* 0, or -1 with errno. */
static int write_bytes(struct piece_writer *w, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    XXH3_128bits_update(w->digest, bytes, count);
    while (count) {
        const ssize_t n = write(w->fd, at, count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += n;
        count -= (size_t)n;
    }
    return 0;
}

static int write_head(struct piece_writer *w, enum piece_kind kind)
{
    uint8_t head[PIECE_HEAD_BYTES] = {0};
    memcpy(head, PIECE_MAGIC, 8);
    store_le32(head + 8, PIECE_VERSION);
    store_le32(head + 12, kind);
    store_le64(head + 24, XXH3_64bits(head, 24));
    return write_bytes(w, head, sizeof head);
}

struct piece_writer *piece_writer_create(const char *path, enum piece_kind kind)
{
    struct piece_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->fd = -1;
    w->path = strdup(path);
    w->digest = XXH3_createState();
    if (asprintf(&w->partial, "%s" PIECE_PARTIAL, path) < 0)
        w->partial = NULL;
    if (!w->path || !w->digest || !w->partial) {
        errno = ENOMEM;
        goto fail;
    }
    XXH3_128bits_reset(w->digest);
    w->fd = open(w->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0 || write_head(w, kind))
        goto fail;
    return w;
fail:;
    const int error = errno;
    piece_writer_destroy(w);
    errno = error;
    return NULL;
}

/* The section compressed, if that makes it smaller. Its length, or 0. */
static size_t pack(struct piece_writer *w, const void *bytes, size_t count)
{
    enum { WORTH = 128 };
    if (count < WORTH || !piece_zstd_available())
        return 0;
    if (w->packed_capacity < count) {
        uint8_t *more = realloc(w->packed, count);
        if (!more)
            return 0;
        w->packed = more;
        w->packed_capacity = count;
    }
    return piece_zstd_compress(w->packed, count - 1, bytes, count);
}

static int write_section(struct piece_writer *w, const char *name, const void *bytes, size_t count)
{
    const size_t packed = pack(w, bytes, count);
    const void *stored = packed ? w->packed : bytes;
    const size_t length = packed ? packed : count;
    uint8_t head[PIECE_SECTION_HEAD_BYTES] = {0};
    memcpy(head, name, strlen(name));
    store_le32(head + 16, packed ? PIECE_ZSTD : PIECE_PLAIN);
    store_le64(head + 24, count);
    store_le64(head + 32, length);
    store_le64(head + 40, XXH3_64bits(stored, length));
    store_le64(head + 48, XXH3_64bits(head, 48));
    return write_bytes(w, head, sizeof head) || write_bytes(w, stored, length) ? -1 : 0;
}

int piece_writer_add(struct piece_writer *w, const char *name, const void *bytes, size_t count)
{
    if (strlen(name) > PIECE_NAME_MAX || count > PIECE_SECTION_MAX || !strcmp(name, PIECE_END)) {
        errno = EINVAL;
        return -1;
    }
    return write_section(w, name, bytes, count);
}

/* The directory's entry goes to the disk, too. A file system that cannot do that has done what it can. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(directory);
}

int piece_writer_finish(struct piece_writer *w)
{
    uint8_t digest[PIECE_DIGEST_BYTES];
    piece_digest_bytes(w->digest, digest);
    if (write_section(w, PIECE_END, digest, sizeof digest) || fsync(w->fd))
        return -1;
    const int fd = w->fd;
    w->fd = -1;
    if (close(fd) || rename(w->partial, w->path)) {
        const int error = errno;
        unlink(w->partial);
        errno = error;
        return -1;
    }
    sync_directory(w->path);
    return 0;
}

void piece_writer_destroy(struct piece_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0) {
        close(w->fd);
        unlink(w->partial);
    }
    XXH3_freeState(w->digest);
    free(w->packed);
    free(w->partial);
    free(w->path);
    free(w);
}
