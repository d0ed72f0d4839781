/* Bytes of a file, a pipe or standard input, decompressed on the way when they are compressed. Which
 * compression, if any, is found by the first bytes, never by the name. */
#ifndef TCPREUSE_STREAM_H
#define TCPREUSE_STREAM_H

#include "io/problems.h"
#include "io/stop.h"

#include <sys/types.h>

struct stream;

/* "gzip", "zstd", "lz4", "xz" or "Sniffer" (which may be compressed) when the first bytes of a file (6 or
 * more of them) are those of a compressed one, also when this build cannot read it; else NULL. Thread-safe.
 */
const char *stream_compression(const uint8_t *bytes, size_t count);

/* path: "-" is standard input. order: of the file in the input, for problems. stop: outlives the stream; NULL
 * when nobody will ask. Waits for a FIFO's writer. NULL after adding a problem. */
struct stream *stream_open(const char *path, size_t order, struct problems *problems,
                           const struct stop *stop);

/* Up to n bytes, at least one unless the stream is at its end, or was stopped: 0. Waits for a slow writer. -1
 * after adding a problem that names the place in the file (compressed offset), what was expected and what was
 * found; all bytes that could be had before it have been delivered. One thread at a time. */
ssize_t stream_read(struct stream *s, uint8_t *bytes, size_t n);

/* No more is read, since stopping was asked for; the stream may have been anywhere. One thread at a time. */
bool stream_is_stopped(const struct stream *s);

/* Bytes read from the file so far, before decompression. Any thread. */
uint64_t stream_consumed(const struct stream *s);

/* NULL is fine. */
void stream_close(struct stream *s);

#endif
