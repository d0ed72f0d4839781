/* Translating a file of another format into pcapng. */
#include "io/streams/translate.h"
#include "engine/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IN_BYTES = 128 << 10,
    SECTION_BYTES = 28,
    INTERFACE_BYTES = 32,
    PACKET_BYTES = 32, /* around a frame */
    CUSTOM_BYTES = 16,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BLOCK_CUSTOM = 0xbad,
    OPTION_RESOLUTION = 9,
};

/* Room for n more bytes of the pcapng stream. NULL after failing. */
static uint8_t *add(struct translator *t, size_t n)
{
    if (t->out_count + n > t->out_room) {
        const size_t room = MAX(2 * t->out_room, t->out_count + n);
        uint8_t *out = realloc(t->out, room);
        if (!out) {
            t->failed = true; /* without words: memory is short */
            return NULL;
        }
        t->out = out;
        t->out_room = room;
    }
    uint8_t *p = t->out + t->out_count;
    t->out_count += n;
    return p;
}

static void begin_and_end_block(uint8_t *p, uint32_t kind, size_t length)
{
    store_le32(p, kind);
    store_le32(p + 4, (uint32_t)length);
    store_le32(p + length - 4, (uint32_t)length);
}

static void add_head(struct translator *t)
{
    uint8_t *p = add(t, SECTION_BYTES + t->how->link_count * INTERFACE_BYTES);
    if (!p)
        return;
    begin_and_end_block(p, 0x0a0d0d0a, SECTION_BYTES);
    store_le32(p + 8, 0x1a2b3c4d);
    store_le32(p + 12, 1); /* version 1.0 */
    store_le64(p + 16, UINT64_MAX);
    p += SECTION_BYTES;
    for (size_t i = 0; i < t->how->link_count; i++, p += INTERFACE_BYTES) {
        begin_and_end_block(p, BLOCK_INTERFACE, INTERFACE_BYTES);
        store_le32(p + 8, t->how->links[i]);
        store_le32(p + 12, 0);
        store_le32(p + 16, OPTION_RESOLUTION | 1 << 16);
        store_le32(p + 20, 9); /* nanoseconds */
        store_le32(p + 24, 0);
    }
}

void translate_frame(struct translator *t, const struct translated *f)
{
    const size_t padded = (f->captured + 3) & ~(size_t)3, length = PACKET_BYTES + padded;
    uint8_t *p = add(t, length);
    if (!p)
        return;
    begin_and_end_block(p, BLOCK_PACKET, length);
    store_le32(p + 8, f->link);
    store_le32(p + 12, (uint32_t)(f->time >> 32));
    store_le32(p + 16, (uint32_t)f->time);
    store_le32(p + 20, (uint32_t)f->captured);
    store_le32(p + 24, (uint32_t)f->length);
    if (f->captured)
        memcpy(p + 28, f->data, f->captured);
    memset(p + 28 + f->captured, 0, padded - f->captured);
}

void translate_no_packet(struct translator *t)
{
    uint8_t *p = add(t, CUSTOM_BYTES);
    if (!p)
        return;
    begin_and_end_block(p, BLOCK_CUSTOM, CUSTOM_BYTES);
    store_le32(p + 8, 0); /* of no enterprise */
}

void translate_fail(struct translator *t, size_t offset, const char *format, ...)
{
    if (t->failed)
        return;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&t->failure, format, ap) < 0)
        t->failure = NULL;
    va_end(ap);
    t->failed = true;
    t->failure_offset = t->at + offset;
}

int translate_open(struct stream *s, const struct translation *how)
{
    struct translator *t = calloc(1, sizeof *t);
    if (!t)
        return -1;
    *t = (struct translator){.how = how, .stream = s, .state = calloc(1, how->state_bytes)};
    s->state = t;
    if (!t->state)
        return -1; /* stream_close() frees the rest */
    add_head(t);
    return t->failed ? -1 : 0;
}

void translate_close(struct stream *s)
{
    struct translator *t = s->state;
    if (t->state && t->how->end)
        t->how->end(t->state);
    free(t->state);
    free(t->in);
    free(t->out);
    free(t->failure);
    free(t);
}

/* Moves bytes of the stream to t->in. False: there are none, or memory is short. */
static bool fill(struct translator *t, struct stream *s)
{
    const size_t there = (size_t)(s->end - s->begin);
    if (!there)
        return false;
    if (t->in_count == t->in_room) {
        const size_t room = MAX(2 * t->in_room, (size_t)IN_BYTES);
        uint8_t *in = realloc(t->in, room);
        if (!in) {
            t->failed = true;
            return false;
        }
        t->in = in;
        t->in_room = room;
    }
    const size_t part = MIN(there, t->in_room - t->in_count);
    if (part)
        memcpy(t->in + t->in_count, s->begin, part);
    t->in_count += part;
    s->begin += part;
    return true;
}

/* Adds to the pcapng stream. False: it takes more bytes of the file, or there are no more. */
static bool translate(struct translator *t, struct stream *s)
{
    bool at_end = s->at_end && s->begin == s->end;
    size_t taken = 0;
    if (t->in_count && (t->in_count == t->in_room || s->begin == s->end)) {
        t->out_at = t->out_count = 0;
        for (size_t part = 1; part && !t->failed && t->out_count < IN_BYTES; taken += part) {
            part = taken < t->in_count ? t->how->take(t, t->in + taken, t->in_count - taken, at_end) : 0;
            t->at += part;
        }
        t->in_count -= taken;
        if (t->in_count)
            memmove(t->in, t->in + taken, t->in_count);
    }
    if (at_end && !t->in_count && !t->ended && !t->failed) {
        t->ended = true;
        if (!taken)
            t->out_at = t->out_count = 0;
        t->how->take(t, t->in, 0, true);
        return true;
    }
    return taken || t->failed || fill(t, s);
}

size_t translate_read(struct stream *s, uint8_t *bytes, size_t n)
{
    struct translator *t = s->state;
    size_t got = 0;
    while (got < n) {
        if (t->out_at < t->out_count) {
            const size_t part = MIN(n - got, t->out_count - t->out_at);
            memcpy(bytes + got, t->out + t->out_at, part);
            t->out_at += part;
            got += part;
            continue;
        }
        if (t->failed && t->failure)
            stream_fail(s, t->failure_offset, "%s", t->failure);
        else if (t->failed)
            s->failed = true;
        if (t->failed || !translate(t, s))
            break;
    }
    s->between = t->in_count == 0;
    return got;
}
