/* What stream.c and the compressions share. A build that lacks a library has the stub of its codec, whose
 * functions are NULL. */
#ifndef TCPREUSE_STREAM_CODEC_H
#define TCPREUSE_STREAM_CODEC_H

#include "io/streams/stream.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct stream_codec {
    /* Sets s->state. -1 when there is no memory for it. */
    int (*open)(struct stream *s);
    /* Takes from s->begin, gives up to n bytes. Gives or takes something if s has bytes, and all that there
     * is when s->at_end. Sets s->between, or s->done, or calls stream_fail(). */
    size_t (*read)(struct stream *s, uint8_t *bytes, size_t n);
    void (*close)(struct stream *s); /* s->state is not NULL */
};

extern const struct stream_codec stream_codec_gzip, stream_codec_zstd, stream_codec_lz4, stream_codec_xz,
    stream_codec_sniffer;

struct stream {
    const struct stream_codec *codec;
    const char *name; /* of the compression */
    void *state;      /* of the codec */

    /* The block last read, and what the codec has not yet taken of it. */
    uint8_t *block;
    const uint8_t *begin, *end;
    bool at_end;  /* nothing comes after this block */
    bool between; /* codec: the file may end here */
    bool done;    /* codec: nothing else will be given */

    int fd;
    bool waits;   /* for a writer: what there is is given at once */
    bool stopped; /* no more is read */
    const struct stop *stop;
    int read_error; /* errno; at_end is set, too */
    char *failure;  /* to be told once all bytes before it are delivered */
    uint64_t failure_offset;
    bool failed, told;
    /* Written by the one thread that reads, read by the display: no order is needed. */
    _Atomic uint64_t consumed;

    char *path;
    size_t order;
    struct problems *problems;
};

/* In the file: of s->begin. */
uint64_t stream_position(const struct stream *s);
/* Keeps what is to be said; only the first one counts. */
void stream_fail(struct stream *s, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
