/* Reads files and pipes, and detects their compression. stream_text.c has what is done with the bytes then.
 *
 * stream_read_bytes() reads a block of the file, from which the codec decompresses straight into the caller's
 * buffer. Bytes that are not compressed are read straight into that buffer. An error is held back until all
 * bytes before it have been delivered.
 *
 * Length: opening, reading and the codec of a nested file share one state that no other file sees. */
#include "io/streams/stream.h"
#include "engine/util.h"
#include "io/sandbox.h"
#include "io/streams/stream_codec.h"
#include "io/streams/stream_text.h"
#include "io/texts/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* Half a megabyte of gzip is a millisecond of work, so the system call does not show; and the block,
     * its output and the codec's tables fit into a second-level cache together. */
    BLOCK_BYTES = 512 << 10,
    /* A smaller file gets a block of its size: of 4,000 gzip files of 3 KB each, blocks of half a megabyte,
     * zeroed and given back, took a third of the time. */
    BLOCK_BYTES_MIN = 4 << 10,
    /* The last bytes of the previous block stay readable in front of the block: ISA-L may hold eight bytes
     * in its shift register that it gives back. */
    KEPT_BYTES = 8,
    MAGIC_BYTES = STREAM_MAGIC_BYTES,
    LONG_MAGIC_BYTES = 34, /* NetScaler's, of which the first six tell that it may be one */
    SKIPPABLE_HEADER_BYTES = STREAM_SKIPPABLE_HEADER_BYTES,
    /* Smaller reads go through the block, to save system calls. */
    DIRECT_BYTES = 4096,
    /* What Linux grants any user; the default is 64 KB. */
    PIPE_BYTES = 1 << 20,
};

bool stream_is_needed(const uint8_t *bytes, size_t count, bool whole)
{
    bool more;
    return stream_compression(bytes, count) || text_find_format(bytes, count, whole, &more);
}

uint64_t stream_consumed(const struct stream *s)
{
    return atomic_load_explicit(&s->consumed, memory_order_relaxed);
}

uint64_t stream_file_bytes(const struct stream *s)
{
    return s->file_bytes;
}

bool stream_is_stopped(const struct stream *s)
{
    return s->stopped;
}

uint64_t stream_position(const struct stream *s)
{
    return stream_consumed(s) - (uint64_t)(s->end - s->begin);
}

void stream_fail(struct stream *s, uint64_t offset, const char *format, ...)
{
    if (s->failed)
        return;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&s->failure, format, ap) < 0)
        s->failure = NULL;
    va_end(ap);
    s->failed = true;
    s->failure_offset = offset;
}

static ssize_t read_stream(struct stream *s, uint8_t *bytes, size_t n);
/* The same as read_file(), from another stream. What is wrong with that has been told. */
static size_t read_source(struct stream *s, uint8_t *bytes, size_t n)
{
    const ssize_t count = read_stream(s->source, bytes, n);
    s->stopped = s->source->stopped;
    s->at_end = count <= 0 && !s->stopped;
    s->told |= count < 0;
    if (count <= 0)
        return 0;
    atomic_store_explicit(&s->consumed, stream_consumed(s) + (uint64_t)count, memory_order_relaxed);
    return (size_t)count;
}

/* Bytes read; 0 at the end, on an error (read_error), when stopped, and when waiting was in vain. */
static size_t read_file(struct stream *s, uint8_t *bytes, size_t n)
{
    ssize_t count = -1;
    if (s->source)
        return read_source(s, bytes, n);
    do {
        /* Regular files never block. */
        enum waited waited = stop_is_asked(s->stop) ? WAITED_STOPPED : WAITED_READABLE;
        if (s->waits)
            waited = stop_wait_readable(s->stop, s->fd, s->patience);
        s->stopped = waited == WAITED_STOPPED;
        s->waiting = waited == WAITED_IN_VAIN;
        if (waited != WAITED_READABLE)
            return 0;
        count = read(s->fd, bytes, n);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count <= 0) {
        s->read_error = count < 0 ? errno : 0;
        s->at_end = true;
        return 0;
    }
    atomic_store_explicit(&s->consumed, stream_consumed(s) + (uint64_t)count, memory_order_relaxed);
    return (size_t)count;
}

static void fill(struct stream *s)
{
    memmove(s->block - KEPT_BYTES, s->end - KEPT_BYTES, KEPT_BYTES);
    size_t count = read_file(s, s->block, s->block_bytes);
    s->begin = s->block;
    s->end = s->block + count;
}

/* Reads until the first block has n bytes, or the file ends, or waiting is in vain. Returns the bytes that it
 * has. */
static size_t peek(struct stream *s, size_t n)
{
    while ((size_t)(s->end - s->begin) < n && !s->at_end && !s->stopped && !s->waiting) {
        size_t have = (size_t)(s->end - s->block);
        s->end += read_file(s, s->block + have, s->block_bytes - have);
    }
    return (size_t)(s->end - s->begin);
}

static int plain_open(struct stream *s)
{
    s->between = true;
    return 0;
}

static size_t plain_read(struct stream *s, uint8_t *bytes, size_t n)
{
    if (s->begin < s->end) {
        size_t count = MIN(n, (size_t)(s->end - s->begin));
        memcpy(bytes, s->begin, count);
        s->begin += count;
        return count;
    }
    return n < DIRECT_BYTES || s->at_end ? 0 : read_file(s, bytes, n);
}

static const struct stream_codec codec_plain = {.open = plain_open, .read = plain_read};

static const struct stream_codec *codec_of(const char *name)
{
    static const struct {
        const char *name;
        const struct stream_codec *codec;
    } codecs[] = {
        {"gzip", &stream_codec_gzip},       {"zstd", &stream_codec_zstd},
        {"lz4", &stream_codec_lz4},         {"xz", &stream_codec_xz},
        {"Sniffer", &stream_codec_sniffer}, {"NetScaler", &stream_codec_nstrace},
        {"BLF", &stream_codec_blf},         {"pppd", &stream_codec_pppd},
    };
    for (size_t i = 0; name && i < ARRAY_LEN(codecs); i++)
        if (strcmp(name, codecs[i].name) == 0)
            return codecs[i].codec;
    return &codec_plain;
}

/* 0, or -1 after adding a problem. Leaves codec NULL if it takes more bytes and waiting for them was in vain. */
static int open_codec(struct stream *s)
{
    size_t have = peek(s, MAGIC_BYTES);
    if (have >= MAGIC_BYTES && (load_le16(s->begin) == 0x101 || memcmp(s->begin + 3, "Net", 3) == 0))
        have = peek(s, LONG_MAGIC_BYTES);
    if (have && s->begin[0] == 7) /* pppd's first record */
        have = peek(s, BLOCK_BYTES_MIN);
    for (size_t skip;
         (skip = stream_skippable_bytes(s->begin, have)) && !s->at_end && !s->stopped && !s->waiting;) {
        size_t wanted = skip + SKIPPABLE_HEADER_BYTES;
        if (wanted > s->block_bytes || wanted <= have)
            break;
        have = peek(s, wanted);
    }
    if (s->waiting)
        return 0;
    s->name = stream_compression(s->begin, have);
    s->codec = codec_of(s->name);
    if (!s->codec->open) {
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, 0,
                     "expected a capture, found %s data, which this build cannot read", s->name);
        return -1;
    }
    if (s->codec->open(s)) {
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, -1, "%s", strerror(ENOMEM));
        return -1;
    }
    return 0;
}

/* Opening a FIFO does not wait for its writer; polling does. */
static int open_file(struct stream *s, const char *path)
{
    struct stat st;
    s->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0 || fstat(s->fd, &st)) {
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, -1, "%s", sandbox_explain(path, errno));
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, -1,
                     "expected a file or a pipe, found a directory");
        return -1;
    }
    s->waits = !S_ISREG(st.st_mode);
    s->file_bytes = s->waits ? 0 : (uint64_t)st.st_size;
    /* Both only help speed, so failing is fine. */
    if (S_ISFIFO(st.st_mode))
        fcntl(s->fd, F_SETPIPE_SZ, PIPE_BYTES);
    else
        posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}

/* Whose size is known is read in one piece; a file that grows meanwhile, in several. */
static int open_block(struct stream *s)
{
    s->block_bytes = s->waits
                         ? BLOCK_BYTES
                         : (size_t)MIN(MAX(s->file_bytes, (uint64_t)BLOCK_BYTES_MIN), (uint64_t)BLOCK_BYTES);
    uint8_t *block = malloc(KEPT_BYTES + s->block_bytes);
    if (!block) {
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, -1, "%s", strerror(ENOMEM));
        return -1;
    }
    memset(block, 0, KEPT_BYTES);
    s->begin = s->end = s->block = block + KEPT_BYTES;
    /* cppcheck-suppress memleak ; the stream has it */
    return 0;
}

struct stream *stream_open(const char *path, size_t order, struct problems *problems, const struct stop *stop)
{
    struct stream *s = calloc(1, sizeof *s);
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    if (s) {
        *s = (struct stream){.fd = -1,
                             .patience = -1,
                             .path = strdup(shown),
                             .order = order,
                             .problems = problems,
                             .stop = stop};
    }
    if (!s || !s->path) {
        problems_add(problems, PROBLEM_ERROR, order, shown, -1, "%s", strerror(ENOMEM));
        goto fail;
    }
    if (stream_text_open(s)) {
        problems_add(problems, PROBLEM_ERROR, order, shown, -1, "%s", strerror(ENOMEM));
        goto fail;
    }
    if (open_file(s, path) || open_block(s) || (!s->waits && open_codec(s)))
        goto fail;
    return s;
fail:
    stream_close(s);
    return NULL;
}

/* The codec has taken all bytes, and the file has no more. */
static void finish(struct stream *s)
{
    if (s->read_error)
        stream_fail(s, stream_position(s), "cannot be read: %s", strerror(s->read_error));
    else if (!s->between)
        stream_fail(s, stream_position(s), "expected more %s data, found the end of the file", s->name);
    s->done = true;
}

void stream_set_patience(struct stream *s, int ms)
{
    s->patience = ms;
}

bool stream_is_waiting(const struct stream *s)
{
    return s->waiting;
}

bool stream_wait(const struct stream *s, int ms)
{
    return stop_wait_readable(s->stop, s->fd, ms) == WAITED_READABLE;
}

bool stream_is_pipe(const struct stream *s)
{
    return s->waits;
}

static ssize_t read_stream(struct stream *s, uint8_t *bytes, size_t n)
{
    size_t got = 0;
    s->waiting = false;
    if (!s->codec && open_codec(s))
        s->failed = s->told = true;
    if (!s->codec)
        return s->failed ? -1 : 0;
    n = MIN(n, (size_t)1 << 30); /* the libraries count in 32 bits */
    while (got < n && !s->done && !s->failed && !s->stopped) {
        size_t part = s->codec->read(s, bytes + got, n - got);
        got += part;
        if (s->begin < s->end || s->done || s->failed)
            continue;
        if (got && s->waits)
            break;
        if (part)
            continue; /* the codec may have more inside */
        if (got == n)
            break;
        if (s->waiting)
            break;
        if (s->at_end)
            finish(s);
        else
            fill(s);
        if (s->waiting)
            break;
    }
    if (got || !s->failed)
        return (ssize_t)got;
    if (!s->told)
        problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, (int64_t)s->failure_offset, "%s",
                     s->failure ? s->failure : strerror(ENOMEM));
    s->told = true;
    return -1;
}

/* Is this a file of a format that a codec translates, in another compression? Then its codec reads what s
 * decompresses, of which count bytes are at bytes. 0, or -1 after adding a problem. */
static int nest(struct stream *s, const uint8_t *bytes, size_t count)
{
    const char *name = stream_compression(bytes, count);
    const struct stream_codec *codec = codec_of(name);
    if (codec != &stream_codec_sniffer && codec != &stream_codec_nstrace && codec != &stream_codec_blf &&
        codec != &stream_codec_pppd)
        return 0;
    struct stream *outer = calloc(1, sizeof *outer);
    uint8_t *block = malloc(KEPT_BYTES + MAX(count, (size_t)BLOCK_BYTES));
    char *path = strdup(s->path);
    if (!outer || !block || !path)
        goto fail;
    memset(block, 0, KEPT_BYTES);
    memcpy(block + KEPT_BYTES, bytes, count);
    *outer = (struct stream){.codec = codec,
                             .name = name,
                             .block = block + KEPT_BYTES,
                             .block_bytes = MAX(count, (size_t)BLOCK_BYTES),
                             .begin = block + KEPT_BYTES,
                             .end = block + KEPT_BYTES + count,
                             .source = s,
                             .fd = -1,
                             .patience = -1,
                             .consumed = count,
                             .path = path,
                             .order = s->order,
                             .problems = s->problems};
    s->outer = outer;
    if (codec->open(outer))
        goto no_memory;
    return 0;
fail:
    free(outer);
    free(block);
    free(path);
no_memory:
    problems_add(s->problems, PROBLEM_ERROR, s->order, s->path, -1, "%s", strerror(ENOMEM));
    return -1;
}

ssize_t stream_read_bytes(struct stream *s, uint8_t *bytes, size_t n)
{
    if (s->outer)
        return read_stream(s->outer, bytes, n);
    const ssize_t got = read_stream(s, bytes, n);
    if (got <= 0 || s->looked)
        return got;
    s->looked = true;
    if (!s->name || s->waits || codec_of(s->name) == &stream_codec_sniffer)
        return got;
    if (nest(s, bytes, (size_t)got)) {
        s->failed = s->told = true;
        return -1;
    }
    return s->outer ? read_stream(s->outer, bytes, n) : got;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    stream_close(s->outer);
    if (s->state)
        s->codec->close(s);
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    if (s->block)
        free(s->block - KEPT_BYTES);
    stream_text_close(s->text);
    free(s->failure);
    free(s->path);
    free(s);
}
