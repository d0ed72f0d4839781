/* Writes state files and piece files, as any file that is whole or absent (io/outputs/). */
#include "io/outputs/outputs.h"
#include "io/pieces/piece_layout.h"
#include "io/pieces/piece_zstd.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct piece_writer {
    struct output *file;  /* NULL: it is finished */
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
        const ssize_t n = write(output_descriptor(w->file), at, count);
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

struct piece_writer *piece_writer_create(const char *path, enum piece_kind kind,
                                         const struct outputs_params *params)
{
    struct piece_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->digest = XXH3_createState();
    if (!w->digest)
        errno = ENOMEM;
    else
        w->file = output_create_file(path, params);
    if (w->file) {
        XXH3_128bits_reset(w->digest);
        if (!write_head(w, kind))
            return w;
    }
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

int piece_writer_finish(struct piece_writer *w)
{
    uint8_t digest[PIECE_DIGEST_BYTES];
    piece_digest_bytes(w->digest, digest);
    if (write_section(w, PIECE_END, digest, sizeof digest))
        return -1;
    struct output *file = w->file;
    w->file = NULL;
    return output_commit(file);
}

void piece_writer_destroy(struct piece_writer *w)
{
    if (!w)
        return;
    output_discard(w->file);
    XXH3_freeState(w->digest);
    free(w->packed);
    free(w);
}
