/* Captures of the DOS Sniffer, which has a compression of its own. The stream that comes out is an
 * uncompressed Sniffer file, for io/formats/sniffer.c.
 *
 *     file  | "TRSNIFF data    \x1a" 17 | version record 24: at 16, 1 if nothing is compressed |
 *             records of types 6, 7 and 13 to 17, never compressed | blocks, until the end |
 *     block | length 2; negative: the bytes are not compressed | bytes |
 *     bytes | mask of the next 16 items 2, the highest bit first: 1 is a code | items |
 *     item  | a literal byte 1 |, or a code:
 *     code  | 0 in 4 bits | n - 3 in 4 bits | byte 1: n times |
 *           | 1 in 4 bits | n - 19 in 12 bits, the lower 4 first | byte 1: n times |
 *           | 2 in 4 bits | d - 3 in 12 bits | n - 16 1: n bytes again, from d bytes before |
 *           | n in 4 bits | d - 3 in 12 bits: n bytes again, from d bytes before |
 *
 * Checked with tshark on files made by the compressor in the tests. */
#include "engine/util.h"
#include "io/streams/stream_codec.h"

#include <stdlib.h>

enum {
    HEAD_BYTES = 17 + 24,
    FORMAT = 17 + 16, /* whether the file is compressed */
    FORMAT_PLAIN = 1,
    RECORD_HEADER = 6,
    BLOCK_MAX = 65536, /* compressed and decompressed */
};

struct sniffer_state {
    enum { HEAD, RECORD, RECORD_REST, BLOCK, BLOCK_REST, PLAIN } phase;
    size_t in_count, need; /* bytes of the phase: there, and needed */
    size_t out_at, out_count;
    uint64_t block; /* offset of the block in the file */
    bool plain;     /* the block is not compressed */
    uint8_t in[BLOCK_MAX + RECORD_HEADER];
    uint8_t out[BLOCK_MAX + RECORD_HEADER];
};

static int sniffer_open(struct stream *s)
{
    struct sniffer_state *state = calloc(1, sizeof *state);
    if (!state)
        return -1;
    state->need = HEAD_BYTES;
    s->state = state;
    return 0;
}

static void sniffer_close(struct stream *s)
{
    free(s->state);
}

/* Decompresses a block of count bytes. Returns what was expected of it, or NULL. */
static const char *decompress(struct sniffer_state *state, size_t count)
{
    const uint8_t *p = state->in, *end = p + count;
    uint8_t *out = state->out;
    size_t n = 0;
    unsigned mask = 0, codes = 0;
    while (p < end) {
        if (!mask) {
            if (end - p < 2)
                return "a mask of two bytes";
            codes = load_le16(p);
            p += 2;
            mask = 0x8000;
            continue;
        }
        const bool is_code = codes & mask;
        mask >>= 1;
        if (!is_code) {
            if (n == BLOCK_MAX)
                return "a block of at most 65536 bytes";
            out[n++] = *p++;
            continue;
        }
        const unsigned kind = *p >> 4, low = *p & 15;
        if (end - p < (kind == 1 || kind == 2 ? 3 : 2))
            return "a code that ends within its block";
        const unsigned wide = low | (unsigned)p[1] << 4;
        const size_t length = kind == 0 ? low + 3u : kind == 1 ? wide + 19u : kind == 2 ? p[2] + 16u : kind;
        if (length > BLOCK_MAX - n)
            return "a block of at most 65536 bytes";
        if (kind < 2) {
            memset(out + n, p[kind + 1], length);
            n += length;
        } else {
            const size_t distance = wide + 3u;
            if (distance > n)
                return "a distance that stays in the block";
            for (size_t i = 0; i < length; i++, n++) /* they may overlap */
                out[n] = out[n - distance];
        }
        p += kind == 1 || kind == 2 ? 3 : 2;
    }
    state->out_count = n;
    return NULL;
}

static void pass_on(struct sniffer_state *state, size_t count)
{
    memcpy(state->out, state->in, count);
    state->out_count = count;
}

static void expect(struct sniffer_state *state, int phase, size_t need)
{
    state->phase = phase;
    state->need = need;
}

/* The phase has its bytes: uses them and enters the next one. */
static void take(struct stream *s, struct sniffer_state *state)
{
    size_t count = state->in_count;
    state->in_count = 0;
    state->out_at = state->out_count = 0;
    switch (state->phase) {
    case HEAD:
        expect(state, count < HEAD_BYTES || state->in[FORMAT] == FORMAT_PLAIN ? PLAIN : RECORD,
               RECORD_HEADER);
        state->in[FORMAT] = FORMAT_PLAIN; /* (not passed on if the header is cut) */
        pass_on(state, count);
        break;
    case RECORD: {
        const unsigned type = load_le16(state->in);
        if (type == 6 || type == 7 || (type >= 13 && type <= 17)) {
            expect(state, RECORD_REST, load_le16(state->in + 2));
            pass_on(state, count);
        } else { /* the first block begins here */
            state->in_count = count;
            expect(state, BLOCK, 2);
        }
        break;
    }
    case RECORD_REST:
        pass_on(state, count);
        expect(state, RECORD, RECORD_HEADER);
        break;
    case BLOCK: {
        const int16_t length = (int16_t)load_le16(state->in);
        state->block = stream_position(s) - count;
        memmove(state->in, state->in + 2, count - 2);
        state->in_count = count - 2; /* read as a record header already */
        expect(state, BLOCK_REST, (size_t)abs(length));
        state->plain = length < 0;
        break;
    }
    case BLOCK_REST: {
        const size_t need = state->need;
        if (state->plain) {
            pass_on(state, need);
        } else {
            const char *expected = decompress(state, need);
            if (expected)
                stream_fail(s, state->block, "expected %s, found corrupt Sniffer data", expected);
        }
        memmove(state->in, state->in + need, count - need);
        state->in_count = count - need;
        expect(state, BLOCK, 2);
        break;
    }
    case PLAIN:
        break;
    }
}

static size_t sniffer_read(struct stream *s, uint8_t *bytes, size_t n)
{
    struct sniffer_state *state = s->state;
    size_t got = 0;
    while (got < n && !s->failed) {
        if (state->out_at < state->out_count) {
            size_t part = MIN(n - got, state->out_count - state->out_at);
            memcpy(bytes + got, state->out + state->out_at, part);
            state->out_at += part;
            got += part;
            continue;
        }
        const size_t there = (size_t)(s->end - s->begin);
        if (state->phase == PLAIN) {
            size_t part = MIN(n - got, there);
            memcpy(bytes + got, s->begin, part);
            s->begin += part;
            got += part;
            break;
        }
        if (state->in_count < state->need) {
            size_t part = MIN(state->need - state->in_count, there);
            memcpy(state->in + state->in_count, s->begin, part);
            s->begin += part;
            state->in_count += part;
        }
        /* Of a head that is cut, the reader of the format says so. */
        if (state->in_count < state->need && !(s->at_end && state->phase == HEAD && state->in_count))
            break;
        take(s, state);
    }
    s->between = state->phase == PLAIN || state->in_count == 0;
    return got;
}

const struct stream_codec stream_codec_sniffer = {
    .open = sniffer_open, .read = sniffer_read, .close = sniffer_close};
