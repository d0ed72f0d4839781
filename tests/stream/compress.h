/* Compressed data for the tests of io/stream.h, made in process; and what else the tests need of libraries.
 */
#ifndef TCPREUSE_TESTS_COMPRESS_H
#define TCPREUSE_TESTS_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *at;
    size_t count;
};

struct compressor {
    const char *name;
    /* One member or frame, with all checksums that the format has. NULL: not in this build. */
    struct bytes (*compress)(const uint8_t *from, size_t n);
    /* What may stand between and behind members; count is 0 if nothing may. */
    struct bytes filler;
    /* What may be ahead of them. */
    struct bytes leader;
};

extern const struct compressor compressors[];
extern const size_t compressors_count;

/* A gzip member with all that a header may have. Its deflate data begins at *header. */
struct bytes compress_gzip_full(const uint8_t *from, size_t n, size_t *header);
/* How much zlib makes of cut deflate data. */
size_t compress_inflate_cut(const uint8_t *from, size_t n, uint8_t *to, size_t room);
/* A zstd frame with a window of 2^log bytes. */
struct bytes compress_zstd_window(const uint8_t *from, size_t n, int log);
/* An lz4 frame without checksums of small blocks that refer to each other. */
struct bytes compress_lz4_linked(const uint8_t *from, size_t n);
bool compress_has(const char *name);

#endif
