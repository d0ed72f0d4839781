/* Raw deflate data (RFC 1951), by ISA-L or by zlib: one of inflate_isal.c and inflate_zlib.c is built. One
 * thread at a time. */
#ifndef TCPREUSE_INFLATE_H
#define TCPREUSE_INFLATE_H

#include "io/streams/stream_codec.h"

struct inflater;

enum inflated {
    INFLATED_SOME, /* the input or the room for output is used up */
    INFLATED_ALL,  /* the last block has ended; s->begin is behind it */
    INFLATED_BAD,  /* corrupt data; all before it is delivered */
};

struct inflater *inflater_new(void);
void inflater_free(struct inflater *f);
/* Before each run of deflate blocks. */
void inflater_start(struct inflater *f);
/* Decompresses from s->begin into up to n bytes at out; returns how many. At s->at_end also the last
 * symbols of a cut file, as far as their bits determine them. */
size_t inflater_run(struct inflater *f, struct stream *s, uint8_t *out, size_t n, enum inflated *result);
/* After INFLATED_BAD: what is wrong with the data. */
const char *inflater_reason(const struct inflater *f);

/* gzip's CRC32, continued from crc; 0 for the first bytes. */
uint32_t inflate_crc32(uint32_t crc, const uint8_t *bytes, size_t n);

#endif
