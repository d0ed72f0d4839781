/* Values as bytes, to be saved and loaded: little-endian, without padding. A saved run consists of such values
 * (pipeline/save.c). Storing the bytes, with checksums, is the caller's task (io/pieces/).
 *
 * One thread at a time. A failure is remembered, so it is enough to check after the last of several calls. */
#ifndef TCPREUSE_SAVED_H
#define TCPREUSE_SAVED_H

#include "engine/util.h"

/* Zeroed, it is empty. Whoever owns it frees bytes; setting length to 0 empties it and keeps the memory. */
struct saved_writer {
    uint8_t *bytes;
    size_t length, capacity;
    bool failed; /* memory was short: what follows was left out */
};

void saved_put(struct saved_writer *w, const void *bytes, size_t count);

static inline void saved_put8(struct saved_writer *w, uint8_t v)
{
    saved_put(w, &v, sizeof v);
}
static inline void saved_put32(struct saved_writer *w, uint32_t v)
{
    uint8_t bytes[4];
    store_le32(bytes, v);
    saved_put(w, bytes, sizeof bytes);
}
static inline void saved_put64(struct saved_writer *w, uint64_t v)
{
    uint8_t bytes[8];
    store_le64(bytes, v);
    saved_put(w, bytes, sizeof bytes);
}
/* The length, 4 bytes, then the text without its final zero. */
static inline void saved_put_text(struct saved_writer *w, const char *text)
{
    const size_t length = strlen(text);
    saved_put32(w, (uint32_t)length);
    saved_put(w, text, length);
}

/* Reads bytes that the caller owns. */
struct saved_reader {
    const uint8_t *at, *end;
    bool failed; /* see below; all that follows is 0 */
    bool
        short_of_memory; /* why it failed; else there were fewer bytes than asked for, or a value made no sense */
};

/* What is read could be stored; otherwise the reader has failed for want of memory. */
static inline void saved_check_memory(struct saved_reader *r, bool stored)
{
    r->failed |= !stored;
    r->short_of_memory |= !stored;
}

/* The next count bytes, valid as long as the caller's; NULL, and the reader has failed: there are fewer. */
const uint8_t *saved_take(struct saved_reader *r, size_t count);

/* Copies count bytes; zeros where there are fewer. */
static inline void saved_get(struct saved_reader *r, void *bytes, size_t count)
{
    const uint8_t *from = saved_take(r, count);
    if (from)
        memcpy(bytes, from, count);
    else
        memset(bytes, 0, count);
}
static inline uint8_t saved_get8(struct saved_reader *r)
{
    const uint8_t *p = saved_take(r, 1);
    return p ? *p : 0;
}
static inline uint32_t saved_get32(struct saved_reader *r)
{
    const uint8_t *p = saved_take(r, 4);
    return p ? load_le32(p) : 0;
}
static inline uint64_t saved_get64(struct saved_reader *r)
{
    const uint8_t *p = saved_take(r, 8);
    return p ? load_le64(p) : 0;
}
/* A value below limit; else the reader fails. */
static inline uint32_t saved_get_below(struct saved_reader *r, uint32_t limit)
{
    const uint32_t v = saved_get32(r);
    r->failed |= v >= limit;
    return v < limit ? v : 0;
}
/* What saved_put_text() wrote; the caller frees it. NULL, and the reader has failed: it is not there, or memory is
 * short. */
char *saved_get_text(struct saved_reader *r);
static inline bool saved_is_done(const struct saved_reader *r)
{
    return r->failed || r->at == r->end;
}

#endif
