/* Compressors of each kind that the build can read, by the libraries themselves. */
#include "tests/stream/compress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if WITH_GZIP
#include <zlib.h>
#endif
#if WITH_ZSTD
#include <zstd.h>
#endif
#if WITH_LZ4
#include <lz4frame.h>
#endif
#if WITH_XZ
#include <lzma.h>
#endif

/* Not assert(), which a release build leaves out. */
static void must(bool holds, const char *what)
{
    if (!holds) {
        printf("Bail out! %s\n", what);
        exit(1);
    }
}

static struct bytes allocate(size_t n)
{
    struct bytes b = {malloc(n ? n : 1), n};
    must(b.at, "no memory");
    return b;
}

#if WITH_GZIP
static struct bytes deflate_member(const uint8_t *from, size_t n, gz_header *header)
{
    struct bytes b = allocate(n + n / 100 + 4096);
    z_stream z = {0};
    must(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
    if (header)
        must(deflateSetHeader(&z, header) == Z_OK, "deflateSetHeader");
    z.next_in = (uint8_t *)(uintptr_t)from;
    z.avail_in = (uInt)n;
    z.next_out = b.at;
    z.avail_out = (uInt)b.count;
    must(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
    b.count = z.total_out;
    deflateEnd(&z);
    return b;
}

static struct bytes compress_gzip(const uint8_t *from, size_t n)
{
    return deflate_member(from, n, NULL);
}

struct bytes compress_gzip_full(const uint8_t *from, size_t n, size_t *header)
{
    gz_header h = {
        .time = 1,
        .os = 3,
        .extra = (uint8_t[]){'B', 'C', 2, 0, 7, 7},
        .extra_len = 6,
        .name = (uint8_t[]){"a name"},
        .comment = (uint8_t[]){"a comment"},
        .hcrc = 1,
    };
    *header = 10 + 2 + 6 + sizeof "a name" + sizeof "a comment" + 2;
    return deflate_member(from, n, &h);
}

size_t compress_inflate_cut(const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    z_stream z = {
        .next_in = (uint8_t *)(uintptr_t)from, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)room};
    must(inflateInit2(&z, -15) == Z_OK, "inflateInit2");
    inflate(&z, Z_SYNC_FLUSH);
    size_t got = z.total_out;
    inflateEnd(&z);
    return got;
}
#else
struct bytes compress_gzip_full(const uint8_t *from, size_t n, size_t *header)
{
    (void)from, (void)n, (void)header;
    return allocate(0);
}

size_t compress_inflate_cut(const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    (void)from, (void)n, (void)to, (void)room;
    return 0;
}
#endif

#if WITH_ZSTD
static struct bytes zstd_frame(const uint8_t *from, size_t n, int log)
{
    struct bytes b = allocate(ZSTD_compressBound(n) + 64);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    must(c, "ZSTD_createCCtx");
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    if (log) {
        ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, log);
        ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    }
    ZSTD_inBuffer in = {from, n, 0};
    ZSTD_outBuffer out = {b.at, b.count, 0};
    /* A first call that does not end the frame, so that its size is not known when its header is written. */
    if (log)
        must(!ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush)), "ZSTD_compressStream2");
    must(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end) == 0, "ZSTD_compressStream2");
    ZSTD_freeCCtx(c);
    b.count = out.pos;
    return b;
}

static struct bytes compress_zstd(const uint8_t *from, size_t n)
{
    return zstd_frame(from, n, 0);
}

struct bytes compress_zstd_window(const uint8_t *from, size_t n, int log)
{
    return zstd_frame(from, n, log);
}
#else
struct bytes compress_zstd_window(const uint8_t *from, size_t n, int log)
{
    (void)from, (void)n, (void)log;
    return allocate(0);
}
#endif

#if WITH_LZ4
static struct bytes lz4_frame(const uint8_t *from, size_t n, const LZ4F_preferences_t *preferences)
{
    struct bytes b = allocate(LZ4F_compressFrameBound(n, preferences));
    b.count = LZ4F_compressFrame(b.at, b.count, from, n, preferences);
    must(!LZ4F_isError(b.count), "LZ4F_compressFrame");
    return b;
}

static struct bytes compress_lz4(const uint8_t *from, size_t n)
{
    return lz4_frame(from, n,
                     &(LZ4F_preferences_t){
                         .frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled,
                                       .blockChecksumFlag = LZ4F_blockChecksumEnabled},
                     });
}

struct bytes compress_lz4_linked(const uint8_t *from, size_t n)
{
    return lz4_frame(from, n,
                     &(LZ4F_preferences_t){
                         .frameInfo = {.blockMode = LZ4F_blockLinked, .blockSizeID = LZ4F_max64KB},
                     });
}
#else
struct bytes compress_lz4_linked(const uint8_t *from, size_t n)
{
    (void)from, (void)n;
    return allocate(0);
}
#endif

#if WITH_XZ
static struct bytes compress_xz(const uint8_t *from, size_t n)
{
    struct bytes b = allocate(lzma_stream_buffer_bound(n));
    size_t count = 0;
    must(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, from, n, b.at, &count, b.count) == LZMA_OK,
         "lzma_easy_buffer_encode");
    b.count = count;
    return b;
}
#endif

#define BYTES(...)                                                                                           \
    {                                                                                                        \
        .at = (uint8_t[]){__VA_ARGS__}, .count = sizeof((uint8_t[]){__VA_ARGS__})                            \
    }

const struct compressor compressors[] = {
#if WITH_GZIP
    {.name = "gzip", .compress = compress_gzip},
#endif
#if WITH_ZSTD
    {.name = "zstd",
     .compress = compress_zstd,
     .filler = BYTES(0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3),
     .leader = BYTES(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4)},
#endif
#if WITH_LZ4
    {.name = "lz4",
     .compress = compress_lz4,
     .filler = BYTES(0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3),
     .leader = BYTES(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4)},
#endif
#if WITH_XZ
    {.name = "xz", .compress = compress_xz, .filler = BYTES(0, 0, 0, 0)},
#endif
    {0},
};
const size_t compressors_count = sizeof compressors / sizeof *compressors - 1;

bool compress_has(const char *name)
{
    for (size_t i = 0; i < compressors_count; i++)
        if (strcmp(compressors[i].name, name) == 0)
            return true;
    return false;
}
