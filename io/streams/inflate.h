/* Raw deflate data (RFC 1951), by ISA-L or by zlib: one of inflate_isal.c and inflate_zlib.c is built. One
 * thread at a time. */
#ifndef TCPREUSE_INFLATE_H
#define TCPREUSE_INFLATE_H

#include "io/streams/stream_codec.h"

struct inflater;

enum inflated {
    INFLATED_SOME, /* the bytes of s, or the room for output, are used up */
    INFLATED_ALL,  /* s->begin is behind the last block */
    INFLATED_BAD,  /* and all before it is delivered */
};

struct inflater *inflater_new(void);
void inflater_free(struct inflater *f);
/* Before each run of deflate blocks. */
void inflater_start(struct inflater *f);
/* From s->begin into up to n bytes at out. With s->at_end, also what is known of the last, cut symbols. */
size_t inflater_run(struct inflater *f, struct stream *s, uint8_t *out, size_t n, enum inflated *result);
/* What is wrong, after INFLATED_BAD: "found ...". */
const char *inflater_reason(const struct inflater *f);

/* That of gzip; crc is 0 for the first bytes. */
uint32_t inflate_crc32(uint32_t crc, const uint8_t *bytes, size_t n);

#endif
