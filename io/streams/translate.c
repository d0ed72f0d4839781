/* Translating a file of another format into pcapng. */
#include "io/streams/translate.h"
#include "engine/util.h"
#include "io/streams/pcapng_bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IN_BYTES = 128 << 10,
    BLOCK_CUSTOM = 0xbad,
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

static void add_head(struct translator *t)
{
    uint8_t *p = add(t, PCAPNG_SECTION_BYTES + t->how->link_count * PCAPNG_INTERFACE_BYTES);
    if (p)
        pcapng_put_head(p, t->how->links, t->how->link_count, 9); /* nanoseconds */
}

void translate_frame(struct translator *t, const struct translated *f)
{
    uint8_t *p = add(t, pcapng_packet_bytes(f->captured));
    if (p)
        pcapng_put_packet(p, f->link, f->time, f->data, f->captured, f->length);
}

void translate_no_packet(struct translator *t)
{
    uint8_t *p = add(t, PCAPNG_CUSTOM_BYTES);
    if (!p)
        return;
    store_le32(p + 8, 0); /* of no enterprise */
    pcapng_put_around(p, BLOCK_CUSTOM, PCAPNG_CUSTOM_BYTES);
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
