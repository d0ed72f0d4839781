/* Inflate with zlib, or zlib-ng in its compatibility mode, in builds without ISA-L. */
#include "engine/util.h"
#include "io/streams/inflate.h"

#include <stdlib.h>
#include <zlib.h>

struct inflater {
    z_stream z;
    const char *reason;
};

struct inflater *inflater_new(void)
{
    struct inflater *f = calloc(1, sizeof *f);
    if (f && inflateInit2(&f->z, -MAX_WBITS) != Z_OK) {
        free(f);
        return NULL;
    }
    return f;
}

void inflater_free(struct inflater *f)
{
    if (!f)
        return;
    inflateEnd(&f->z);
    free(f);
}

void inflater_start(struct inflater *f)
{
    inflateReset(&f->z);
}

size_t inflater_run(struct inflater *f, struct stream *s, uint8_t *out, size_t n, enum inflated *result)
{
    f->z.next_in = (uint8_t *)(uintptr_t)s->begin;
    f->z.avail_in = (uInt)(s->end - s->begin);
    f->z.next_out = out;
    f->z.avail_out = (uInt)n;
    int r = inflate(&f->z, Z_NO_FLUSH);
    s->begin = f->z.next_in;
    f->reason = f->z.msg ? f->z.msg : "bad data";
    *result = r == Z_STREAM_END ? INFLATED_ALL : r == Z_OK || r == Z_BUF_ERROR ? INFLATED_SOME : INFLATED_BAD;
    return n - f->z.avail_out;
}

const char *inflater_reason(const struct inflater *f)
{
    return f->reason;
}

uint32_t inflate_crc32(uint32_t crc, const uint8_t *bytes, size_t n)
{
    return (uint32_t)crc32_z(crc, bytes, n);
}
