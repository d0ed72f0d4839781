/* xz (xz-file-format.txt of the xz project, 1.x): one stream or several, with stream padding. */
#include "engine/util.h"
#include "io/streams/stream_codec.h"

#include <lzma.h>
#include <stdlib.h>

/* xz -9 takes 65 MB to decompress. A header of a few bytes could ask for 4 GB. */
#define MEMORY_LIMIT (UINT64_C(256) << 20)

static int xz_open(struct stream *s)
{
    lzma_stream *z = calloc(1, sizeof *z);
    if (!z)
        return -1;
    s->state = z;
    return lzma_stream_decoder(z, MEMORY_LIMIT, LZMA_CONCATENATED) == LZMA_OK ? 0 : -1;
}

static void xz_close(struct stream *s)
{
    lzma_end(s->state);
    free(s->state);
}

static void fail(struct stream *s, lzma_ret result)
{
    lzma_stream *z = s->state;
    if (result == LZMA_MEMLIMIT_ERROR) {
        stream_fail(s, stream_position(s),
                    "expected xz data that takes at most %llu MB of memory to decompress, found %llu MB",
                    (unsigned long long)(MEMORY_LIMIT >> 20),
                    (unsigned long long)((lzma_memusage(z) + (1 << 20) - 1) >> 20));
        return;
    }
    const char *reason = result == LZMA_FORMAT_ERROR    ? "not an xz header"
                         : result == LZMA_OPTIONS_ERROR ? "options that the library does not know"
                         : result == LZMA_MEM_ERROR     ? "out of memory"
                                                        : "damaged, or a wrong checksum";
    stream_fail(s, stream_position(s), "expected xz data, found corrupt data: %s", reason);
}

static size_t xz_read(struct stream *s, uint8_t *bytes, size_t n)
{
    lzma_stream *z = s->state;
    z->next_in = s->begin;
    z->avail_in = (size_t)(s->end - s->begin);
    z->next_out = bytes;
    z->avail_out = n;
    lzma_ret result = lzma_code(z, s->at_end ? LZMA_FINISH : LZMA_RUN);
    s->begin = z->next_in;
    if (result == LZMA_STREAM_END)
        s->done = true;
    else if (result != LZMA_OK &&
             result != LZMA_BUF_ERROR) /* LZMA_BUF_ERROR: no progress without more bytes */
        fail(s, result);
    return n - z->avail_out;
}

const struct stream_codec stream_codec_xz = {.open = xz_open, .read = xz_read, .close = xz_close};
