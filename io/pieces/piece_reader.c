/* Reads state files and piece files. All of one is checked before any of it is used, and each section once
 * more when it is read. */
#include "io/pieces/piece_layout.h"
#include "io/pieces/piece_zstd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct piece_reader {
    const char *path; /* the caller's */
    int fd;
    uint64_t size, offset; /* offset: of the next section */
    enum piece_kind kind;
    uint8_t *stored, *bytes; /* of a section; bytes only where they are compressed */
    size_t stored_capacity, bytes_capacity;
    XXH3_state_t *digest; /* while the file is checked; else NULL */
    char *error;
};

/* A section's head. */
struct section_head {
    char name[PIECE_NAME_MAX + 1];
    uint32_t storage;
    uint64_t count, stored, checksum;
};

/* Puts in words what is wrong, with the offset. Always -1. */
static __attribute__((format(printf, 3, 4))) int fault(struct piece_reader *r, uint64_t offset,
                                                       const char *format, ...)
{
    int n = snprintf(r->error, PIECE_ERROR_MAX, "%s: offset %" PRIu64 ": ", r->path, offset);
    va_list ap;
    va_start(ap, format);
    if (n >= 0 && n < PIECE_ERROR_MAX)
        vsnprintf(r->error + n, (size_t)(PIECE_ERROR_MAX - n), format, ap);
    va_end(ap);
    return -1;
}

/* 0, or -1 with an error. */
static int read_bytes(struct piece_reader *r, uint64_t offset, uint8_t *to, size_t count, const char *what)
{
    if (offset > r->size || r->size - offset < count)
        return fault(r, offset, "the file is cut short: expected %zu bytes of %s, found %" PRIu64, count,
                     what, offset < r->size ? r->size - offset : 0);
    for (size_t done = 0; done < count;) {
        const ssize_t n = pread(r->fd, to + done, count - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault(r, offset, "cannot read: %s", strerror(errno));
        if (!n)
            return fault(r, offset + done, "the file was cut short while it was read");
        done += (size_t)n;
    }
    return 0;
}

static int reserve(struct piece_reader *r, uint8_t **bytes, size_t *capacity, uint64_t count)
{
    if (*capacity >= count)
        return 0;
    uint8_t *more = realloc(*bytes, count);
    if (!more)
        return fault(r, r->offset, "%s", strerror(ENOMEM));
    *bytes = more;
    *capacity = count;
    return 0;
}

static int read_head(struct piece_reader *r)
{
    uint8_t head[PIECE_HEAD_BYTES];
    const size_t there = MIN(r->size, (uint64_t)sizeof head);
    if (read_bytes(r, 0, head, there, "a state or piece file"))
        return -1;
    if (there < 8 || memcmp(head, PIECE_MAGIC, 8) != 0)
        return fault(r, 0, "neither a state nor a piece file of tcpreuse: it does not begin like one");
    if (there < sizeof head)
        return fault(r, 0, "the file is cut short: expected %zu bytes of its head, found %zu", sizeof head,
                     there);
    if (load_le64(head + 24) != XXH3_64bits(head, 24))
        return fault(r, 0, "the head is damaged: its checksum is wrong");
    if (load_le32(head + 8) != PIECE_VERSION)
        return fault(r, 8, "expected version %d of the format, found %" PRIu32, PIECE_VERSION,
                     load_le32(head + 8));
    r->kind = load_le32(head + 12);
    if (r->kind != PIECE_STATE && r->kind != PIECE_PART)
        return fault(r, 12, "expected kind %d or %d, found %u", PIECE_STATE, PIECE_PART, (unsigned)r->kind);
    r->offset = sizeof head;
    if (r->digest)
        XXH3_128bits_update(r->digest, head, sizeof head);
    return 0;
}

static int read_section_head(struct piece_reader *r, struct section_head *s,
                             uint8_t head[PIECE_SECTION_HEAD_BYTES])
{
    if (read_bytes(r, r->offset, head, PIECE_SECTION_HEAD_BYTES, "the head of a section"))
        return -1;
    if (load_le64(head + 48) != XXH3_64bits(head, 48))
        return fault(r, r->offset, "the head of a section is damaged: its checksum is wrong");
    memcpy(s->name, head, sizeof s->name);
    s->storage = load_le32(head + 16);
    s->count = load_le64(head + 24);
    s->stored = load_le64(head + 32);
    s->checksum = load_le64(head + 40);
    if (s->name[PIECE_NAME_MAX] || s->count > PIECE_SECTION_MAX || s->stored > PIECE_SECTION_MAX ||
        s->storage > PIECE_ZSTD || (s->storage == PIECE_PLAIN && s->count != s->stored))
        return fault(r, r->offset, "expected the head of a section, found one that makes no sense");
    return 0;
}

/* The bytes of a section whose head has been read, as they are stored. */
static int read_stored(struct piece_reader *r, const struct section_head *s)
{
    const uint64_t offset = r->offset + PIECE_SECTION_HEAD_BYTES;
    if (reserve(r, &r->stored, &r->stored_capacity, s->stored + 1) ||
        read_bytes(r, offset, r->stored, s->stored, "a section"))
        return -1;
    if (s->checksum != XXH3_64bits(r->stored, s->stored))
        return fault(r, offset, "the section '%s' is damaged: its checksum is wrong", s->name);
    if (s->storage == PIECE_ZSTD && !piece_zstd_available())
        return fault(r, offset, "the section '%s' is compressed with zstd, which this build cannot read",
                     s->name);
    return 0;
}

/* The same, as they were. */
static int read_section(struct piece_reader *r, const struct section_head *s, const uint8_t **bytes)
{
    if (read_stored(r, s))
        return -1;
    *bytes = r->stored;
    if (s->storage == PIECE_PLAIN)
        return 0;
    if (reserve(r, &r->bytes, &r->bytes_capacity, s->count + 1))
        return -1;
    if (piece_zstd_decompress(r->bytes, s->count, r->stored, s->stored)) {
        *bytes = r->bytes;
        return 0;
    }
    if (errno == ENOMEM)
        return fault(r, r->offset, "%s", strerror(errno));
    return fault(r, r->offset + PIECE_SECTION_HEAD_BYTES,
                 "the section '%s' cannot be decompressed to its %" PRIu64 " bytes", s->name, s->count);
}

/* All sections, and what the last one says of those before. Nothing is decompressed: to do that here as well took twice as
 * long as all else that --combine does. 0, or -1 with an error. */
static int check_sections(struct piece_reader *r)
{
    for (;;) {
        struct section_head s;
        uint8_t head[PIECE_SECTION_HEAD_BYTES], digest[PIECE_DIGEST_BYTES];
        if (read_section_head(r, &s, head) || read_stored(r, &s))
            return -1;
        const uint64_t end = r->offset + sizeof head + s.stored;
        if (strcmp(s.name, PIECE_END) != 0) {
            XXH3_128bits_update(r->digest, head, sizeof head);
            XXH3_128bits_update(r->digest, r->stored, s.stored);
            r->offset = end;
            continue;
        }
        piece_digest_bytes(r->digest, digest);
        if (s.storage != PIECE_PLAIN || s.count != sizeof digest ||
            memcmp(r->stored, digest, sizeof digest) != 0)
            return fault(r, r->offset, "the file is damaged: the checksum of all of it is wrong");
        if (end != r->size)
            return fault(r, end, "expected the end of the file, found %" PRIu64 " bytes more", r->size - end);
        return 0;
    }
}

/* 0, or -1 with an error. */
static int check(struct piece_reader *r)
{
    struct stat st;
    if (fstat(r->fd, &st))
        return fault(r, 0, "cannot read: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fault(r, 0, "expected a regular file");
    r->size = (uint64_t)st.st_size;
    r->digest = XXH3_createState();
    if (!r->digest)
        return fault(r, 0, "%s", strerror(ENOMEM));
    XXH3_128bits_reset(r->digest);
    const int result = read_head(r) || check_sections(r) ? -1 : 0;
    XXH3_freeState(r->digest);
    r->digest = NULL;
    piece_reader_rewind(r);
    return result;
}

enum piece_result piece_reader_open(struct piece_reader **reader, const char *path,
                                    char error[PIECE_ERROR_MAX])
{
    *reader = NULL;
    const int fd =
        open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* of a pipe, it would wait for its writer */
    struct piece_reader *r = fd < 0 ? NULL : calloc(1, sizeof *r);
    if (!r) {
        const int reason = errno;
        snprintf(error, PIECE_ERROR_MAX, "%s: cannot read: %s", path, strerror(reason));
        if (fd >= 0)
            close(fd);
        return fd < 0 && reason == ENOENT ? PIECE_MISSING : PIECE_WRONG;
    }
    r->path = path;
    r->fd = fd;
    r->error = error;
    if (check(r)) {
        piece_reader_close(r);
        return PIECE_WRONG;
    }
    *reader = r;
    return PIECE_DONE;
}

enum piece_kind piece_reader_kind(const struct piece_reader *r)
{
    return r->kind;
}

uint64_t piece_reader_size(const struct piece_reader *r)
{
    return r->size;
}

bool piece_reader_next(struct piece_reader *r, struct piece_section *s, bool *failed,
                       char error[PIECE_ERROR_MAX])
{
    struct section_head head;
    uint8_t bytes[PIECE_SECTION_HEAD_BYTES];
    r->error = error;
    if (read_section_head(r, &head, bytes))
        goto fail;
    if (!strcmp(head.name, PIECE_END))
        return false;
    if (read_section(r, &head, &s->bytes))
        goto fail;
    memcpy(s->name, head.name, sizeof s->name);
    s->count = head.count;
    s->stored = head.stored;
    r->offset += sizeof bytes + head.stored;
    return true;
fail:
    *failed = true;
    return false;
}

bool piece_reader_find(struct piece_reader *r, const char *name, struct piece_section *s, bool *failed,
                       char error[PIECE_ERROR_MAX])
{
    struct section_head head;
    uint8_t bytes[PIECE_SECTION_HEAD_BYTES];
    r->error = error;
    for (;;) {
        if (read_section_head(r, &head, bytes)) {
            *failed = true;
            return false;
        }
        if (!strcmp(head.name, PIECE_END))
            return false;
        if (!strcmp(head.name, name))
            return piece_reader_next(r, s, failed, error);
        r->offset += sizeof bytes + head.stored;
    }
}

void piece_reader_rewind(struct piece_reader *r)
{
    r->offset = PIECE_HEAD_BYTES;
}

void piece_reader_close(struct piece_reader *r)
{
    if (!r)
        return;
    close(r->fd);
    free(r->stored);
    free(r->bytes);
    free(r);
}
