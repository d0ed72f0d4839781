/* Between stream.c and stream_text.c. */
#ifndef TCPREUSE_STREAM_TEXT_H
#define TCPREUSE_STREAM_TEXT_H

#include "io/streams/stream_codec.h"

/* Sets s->text. 0, or -1 when memory is short. */
int stream_text_open(struct stream *s);
/* NULL is fine. */
void stream_text_close(struct stream_text *st);

/* As stream_read(), but the bytes as they are in the file, decompressed. After stream_fail(), with n = 0: -1, and
 * the failure is reported. */
ssize_t stream_read_bytes(struct stream *s, uint8_t *bytes, size_t n);

#endif
