/* A stream's bytes as others read them: as they are, or, if they are a trace that io/texts knows, as the pcapng file
 * that has its frames.
 *
 *     file  | section header | an interface for each link type of the format | packets |
 *
 * So a trace needs no format of its own in io/formats, and no other way through the sets of inputs: it may be
 * compressed, come from a pipe, and be merged with captures. */
#include "io/streams/stream_text.h"
#include "engine/util.h"
#include "io/streams/pcapng_bytes.h"
#include "io/texts/text.h"

#include <errno.h>
#include <stdlib.h>

enum {
    BUFFER_BYTES = 64 << 10, /* at first; a record that needs more gets it */
};

struct stream_text {
    enum { LOOKING, AS_IS, TRANSLATING } phase;
    /* What was read and is not used: bytes [at, count). */
    uint8_t *bytes;
    size_t at, count, capacity;
    bool whole;              /* nothing more comes */
    struct text_reader text; /* of a trace */
    /* What is to be given: out[out_at, out_count). */
    uint8_t *out;
    size_t out_at, out_count;
};

static void put_header(struct stream_text *st)
{
    const struct text_format *format = st->text.format;
    const uint8_t *end = pcapng_put_head(st->out, format->links, format->link_count, format->decimals);
    st->out_count = (size_t)(end - st->out);
}

static void put_packet(struct stream_text *st, const struct text_record *r)
{
    const uint64_t time = r->time < 0 ? 0 : (uint64_t)r->time;
    const uint8_t *end =
        pcapng_put_packet(st->out, r->link, time, st->text.frame, st->text.captured, r->length);
    st->out_count = (size_t)(end - st->out);
}

/* Room for more bytes behind those that are there. 0 or -1. */
static int make_room(struct stream_text *st)
{
    if (st->at) {
        memmove(st->bytes, st->bytes + st->at, st->count - st->at);
        st->count -= st->at;
        st->at = 0;
    }
    const size_t wanted = st->phase == LOOKING ? (size_t)TEXT_PROBE_BYTES : (size_t)BUFFER_BYTES;
    if (st->count < st->capacity && st->capacity >= wanted)
        return 0;
    const size_t capacity = MAX(st->capacity * 2, wanted);
    uint8_t *bytes = realloc(st->bytes, capacity);
    if (!bytes)
        return -1;
    st->bytes = bytes;
    st->capacity = capacity;
    return 0;
}

/* Reads up to so many more bytes; as stream_read_bytes(). */
static ssize_t read_more(struct stream *s, struct stream_text *st, size_t most)
{
    if (make_room(st)) {
        stream_fail(s, stream_position(s), "%s", strerror(ENOMEM));
        return stream_read_bytes(s, NULL, 0);
    }
    ssize_t n = stream_read_bytes(s, st->bytes + st->count, MIN(most, st->capacity - st->count));
    if (n > 0)
        st->count += (size_t)n;
    st->whole = n == 0 && !stream_is_waiting(s) && !stream_is_stopped(s);
    return n;
}

static bool begin_translating(struct stream_text *st)
{
    st->text.frame = malloc(TEXT_FRAME_MAX);
    st->out = malloc(MAX(pcapng_packet_bytes(TEXT_FRAME_MAX),
                         PCAPNG_SECTION_BYTES + TEXT_LINKS_MAX * PCAPNG_INTERFACE_BYTES));
    if (!st->text.frame || !st->out)
        return false;
    put_header(st);
    st->phase = TRANSLATING;
    return true;
}

/* Reads the next record into out, or what there is before it. False: see *result. */
static bool translate(struct stream *s, struct stream_text *st, ssize_t *result)
{
    struct text_reader *t = &st->text;
    struct text_record r = {0};
    *result = 0;
    if (s->failed) /* all before it is delivered */
        *result = stream_read_bytes(s, NULL, 0);
    if (s->failed)
        return false;
    t->bytes = st->bytes + st->at;
    t->count = st->count - st->at;
    t->whole = st->whole;
    t->used = t->captured = 0;
    enum text_result read = t->format->read(t, &r);
    if (read == TEXT_MORE && t->count >= TEXT_RECORD_MAX)
        read = text_fault(t, 0, "expected a record that ends within %d bytes, found none", TEXT_RECORD_MAX);
    switch (read) {
    case TEXT_RECORD:
        put_packet(st, &r);
        st->out_at = 0;
        break;
    case TEXT_SKIPPED:
        break;
    case TEXT_MORE:
        *result = st->whole ? 0 : read_more(s, st, SIZE_MAX);
        return *result > 0;
    case TEXT_END:
        st->at = st->count;
        if (!st->whole)
            *result = read_more(s, st, SIZE_MAX);
        return *result > 0;
    case TEXT_FAULT:
        stream_fail(s, t->failure_at, "%s", t->failure ? t->failure : strerror(ENOMEM));
        free(t->failure);
        t->failure = NULL;
        return false;
    }
    st->at += t->used;
    t->position += t->used;
    return true;
}

/* Reads until it is known whether the bytes are a trace. */
static void look(struct stream *s, struct stream_text *st)
{
    ssize_t n = 1;
    while (st->phase == LOOKING) {
        bool more = false;
        const struct text_format *format = text_find_format(st->bytes, st->count, st->whole, &more);
        st->text.format = format;
        if (format ? !begin_translating(st) : !more || n < 0)
            st->phase = AS_IS;
        else if (st->phase == LOOKING)
            n = read_more(s, st, TEXT_PROBE_BYTES - st->count);
        if (n == 0 && !st->whole)
            return;
    }
}

ssize_t stream_read(struct stream *s, uint8_t *bytes, size_t n)
{
    struct stream_text *st = s->text;
    size_t got = 0;
    ssize_t result = 0;
    if (st->phase == AS_IS && st->at == st->count)
        return stream_read_bytes(s, bytes, n);
    look(s, st);
    s->waiting = s->waiting && st->phase == LOOKING;
    if (st->phase == AS_IS) {
        got = MIN(n, st->count - st->at);
        if (got) /* else there may be no memory */
            memcpy(bytes, st->bytes + st->at, got);
        st->at += got;
        return got || !n ? (ssize_t)got : stream_read_bytes(s, bytes, n);
    }
    while (st->phase == TRANSLATING && got < n) {
        const size_t part = MIN(n - got, st->out_count - st->out_at);
        memcpy(bytes + got, st->out + st->out_at, part);
        got += part;
        st->out_at += part;
        if (got < n && !translate(s, st, &result))
            break;
    }
    if (!got && s->failed)
        return stream_read_bytes(s, NULL, 0);
    s->waiting = s->waiting && !got;
    return got ? (ssize_t)got : result;
}

int stream_text_open(struct stream *s)
{
    s->text = calloc(1, sizeof *s->text);
    return s->text ? 0 : -1;
}

void stream_text_close(struct stream_text *st)
{
    if (!st)
        return;
    free(st->text.frame);
    free(st->text.failure);
    free(st->bytes);
    free(st->out);
    free(st);
}
