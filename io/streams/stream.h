/* The bytes of a file, a pipe or standard input, decompressed if they are compressed; of a trace in text, the pcapng
 * file that has its frames. The first bytes decide, never the name. */
#ifndef TCPREUSE_STREAM_H
#define TCPREUSE_STREAM_H

#include "io/problems.h"
#include "io/stop.h"

#include <sys/types.h>

struct stream;

/* The compression that a file's first bytes (at least 6) show: "gzip", "zstd", "lz4", "xz" or "Sniffer"
 * (which may be compressed), or the format that a codec translates: "NetScaler", "BLF", "pppd" (which takes
 * all there is up to 4096 to tell); NULL for none. Also one that this build cannot read. Thread-safe. */
const char *stream_compression(const uint8_t *bytes, size_t count);

/* Whether a file that begins with these bytes (4096, or whole: all it has) has to be read as a stream, since it is
 * compressed, or a trace whose frames have to be made from its text. Thread-safe. */
bool stream_is_needed(const uint8_t *bytes, size_t count, bool whole);

/* path: "-" is standard input. order: of the file among the inputs, for problems. stop: outlives the
 * stream, or NULL. Waits for nothing. NULL after adding a problem. */
struct stream *stream_open(const char *path, size_t order, struct problems *problems,
                           const struct stop *stop);

/* How long, in ms, reading a pipe waits for its writer; -1, as it is at first: as long as it takes. */
void stream_set_patience(struct stream *s, int ms);

/* Up to n bytes, at least 1; 0 at the end of the stream, when it was stopped, or when stream_is_waiting().
 * -1 after adding a problem with the (compressed) offset in the file, what was expected and what was found;
 * by then all bytes before it have been delivered. One thread at a time. */
ssize_t stream_read(struct stream *s, uint8_t *bytes, size_t n);

/* Whether the last read came back for want of patience. One thread at a time. */
bool stream_is_waiting(const struct stream *s);
/* Waits until a pipe can be read, for about ms at most; true if it can. One thread at a time. */
bool stream_wait(const struct stream *s, int ms);
/* Whether reading may wait. Any thread. */
bool stream_is_pipe(const struct stream *s);

/* Whether reading ended because stopping was asked for, wherever the stream was. One thread at a time. */
bool stream_is_stopped(const struct stream *s);

/* The size of a regular file when it was opened, before decompression; 0 of all else. Any thread. */
uint64_t stream_file_bytes(const struct stream *s);

/* Bytes read from the file so far, before decompression. Any thread. */
uint64_t stream_consumed(const struct stream *s);

/* NULL is fine. */
void stream_close(struct stream *s);

#endif
