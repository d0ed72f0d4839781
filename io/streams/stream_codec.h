/* Between stream.c and the codecs. A build without a codec's library has its stub, whose functions are
 * NULL. */
#ifndef TCPREUSE_STREAM_CODEC_H
#define TCPREUSE_STREAM_CODEC_H

#include "io/streams/stream.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct stream_text;

struct stream_codec {
    /* Sets s->state. 0, or -1 when memory is short. */
    int (*open)(struct stream *s);
    /* Takes bytes from s->begin and writes up to n to bytes; returns how many. If s has bytes it makes
     * progress, and at s->at_end it gives all that is left. Sets s->between or s->done, or calls
     * stream_fail(). */
    size_t (*read)(struct stream *s, uint8_t *bytes, size_t n);
    void (*close)(struct stream *s); /* s->state is not NULL */
};

extern const struct stream_codec stream_codec_gzip, stream_codec_zstd, stream_codec_lz4, stream_codec_xz,
    stream_codec_sniffer, stream_codec_nstrace, stream_codec_blf, stream_codec_pppd;

/* Do the bytes begin as such a file does? It takes 34. */
bool stream_is_nstrace(const uint8_t *bytes, size_t count);
/* The same; it takes 6. */
bool stream_is_blf(const uint8_t *bytes, size_t count);
/* The same; all there is up to 4096 is enough. */
bool stream_is_pppd(const uint8_t *bytes, size_t count);

struct stream {
    const struct stream_codec *codec;
    const char *name; /* of the compression */
    void *state;      /* of the codec */

    /* The last block read, and the part that the codec has not taken yet. */
    uint8_t *block;
    size_t block_bytes;
    const uint8_t *begin, *end;
    bool at_end;  /* this block is the last */
    bool between; /* set by the codec: the file may end here */
    bool done;    /* set by the codec: it has no more to give */

    /* A file of a format that a codec translates, in another compression: outer reads what this one
     * decompresses, its source. */
    struct stream *source, *outer;
    bool looked; /* whether it is one */

    int fd;
    uint64_t file_bytes; /* of a regular file when it was opened, or 0 */
    bool waits;          /* no regular file: reads may block, and return what there is */
    bool stopped;        /* stopping was asked for; no more is read */
    int patience;        /* ms; stream_set_patience() */
    bool waiting;        /* what was to be read is not there yet */
    const struct stop *stop;
    int read_error; /* errno of read(2); at_end is set, too */
    char *failure;  /* reported once all bytes before it are delivered */
    uint64_t failure_offset;
    bool failed, told;
    /* Bytes read. Written by the thread that reads, read by the progress display. Relaxed: nothing depends
     * on it. */
    _Atomic uint64_t consumed;

    struct stream_text *text; /* of stream_text.c */
    char *path;
    size_t order;
    struct problems *problems;
};

enum {
    /* Enough to tell all magic numbers apart; those of xz and the Sniffer are the longest. */
    STREAM_MAGIC_BYTES = 6,
    STREAM_SKIPPABLE_HEADER_BYTES = 8,
};

/* Length of the skippable frames at the start, as far as they are seen. May exceed count. */
size_t stream_skippable_bytes(const uint8_t *bytes, size_t count);
/* The offset of s->begin in the file. */
uint64_t stream_position(const struct stream *s);
/* Records a failure, to be reported when all bytes before it are delivered. Only the first one counts. */
void stream_fail(struct stream *s, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
