/* For formats that cannot be read from the middle, since what a record means depends on all before it. A
 * codec translates such a file, from its first byte to its last, into a pcapng stream, which the rest of the
 * program reads like any other. */
#ifndef TCPREUSE_TRANSLATE_H
#define TCPREUSE_TRANSLATE_H

#include "io/streams/stream_codec.h"

struct translator {
    const struct translation *how;
    void *state; /* zeroed memory of the translation's own */
    struct stream *stream;
    uint64_t at; /* offset in the file of the bytes that take() was given */

    /* Bytes of the file that take() has not taken. */
    uint8_t *in;
    size_t in_count, in_room;
    /* Bytes of the pcapng stream that are not delivered. */
    uint8_t *out;
    size_t out_at, out_count, out_room;
    /* A failure, held back until they are. */
    char *failure;
    uint64_t failure_offset;
    bool failed, ended;
};

struct translation {
    /* Link types of the frames; at most 8. */
    uint16_t links[8];
    size_t link_count;
    size_t state_bytes;
    /* Takes records from the count bytes at p, and returns the length of those it took. 0: it needs more
     * bytes. at_end: there are none; then it takes all, or fails; the last call has no bytes. */
    size_t (*take)(struct translator *t, const uint8_t *p, size_t count, bool at_end);
    /* Frees what state points to. NULL: nothing. */
    void (*end)(void *state);
};

/* A frame: the number of its link type in links, nanoseconds since 1970. */
struct translated {
    unsigned link;
    uint64_t time;
    const uint8_t *data;
    size_t captured, length;
};

void translate_frame(struct translator *t, const struct translated *f);
/* A record that has a frame number and holds no packet. */
void translate_no_packet(struct translator *t);
/* What is wrong with the file, behind all frames so far. offset: from the first byte that take() got. */
void translate_fail(struct translator *t, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For stream_codec: open calls the first one. */
int translate_open(struct stream *s, const struct translation *how);
size_t translate_read(struct stream *s, uint8_t *bytes, size_t n);
void translate_close(struct stream *s);

#endif
