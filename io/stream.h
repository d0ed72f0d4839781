/* Bytes of a file, a pipe or standard input, decompressed on the way when they are compressed. Which
 * compression, if any, is found by the first bytes, never by the name. */
#ifndef TCPREUSE_STREAM_H
#define TCPREUSE_STREAM_H

#include "problems.h"

#include <sys/types.h>

struct stream;

/* "gzip", "zstd", "lz4" or "xz" when the first bytes of a file (6 or more of them) are those of a compressed
 * one, also when this build cannot read it; else NULL. Thread-safe. */
const char *stream_compression(const uint8_t *bytes, size_t count);

/* path: "-" is standard input. order: of the file in the input, for problems. NULL after adding a problem. */
struct stream *stream_open(const char *path, size_t order, struct problems *problems);

/* Up to n bytes, at least one unless the stream is at its end: 0. Waits for a slow writer. -1 after adding a
 * problem that names the place in the file (compressed offset), what was expected and what was found; all
 * bytes that could be had before it have been delivered. One thread at a time. */
ssize_t stream_read(struct stream *s, uint8_t *bytes, size_t n);

/* Bytes read from the file so far, before decompression. Any thread. */
uint64_t stream_consumed(const struct stream *s);

/* NULL is fine. */
void stream_close(struct stream *s);

#endif
