/* Inflate with ISA-L. Quirks of isal_inflate() (2.30) that this file works around:
 *
 * - It does not give back the whole bytes left in its shift register after the last block.
 * - A look-up in its tables yields up to three symbols, and none of them if the last one is cut. So where
 *   zlib gives all literals of a cut file, ISA-L holds back one or two, at a quarter of all places to cut
 *   text. guess_tail() finds them.
 * - A match with an invalid distance is an error, yet its length is added to the output: up to 258 bytes of
 *   garbage. So the state is saved before each call, and stop_before_fault() goes back to it: 87 KB copied
 *   for each 256 KB or more. Nothing is copied before the first call, which is the only one for a small
 *   file or a block of bgzip: its state is begun again.
 *
 * One difference from zlib remains. Of a damaged block with incomplete codes zlib gives nothing, ISA-L what
 * it can decode up to the first missing code. */
#include "engine/util.h"
#include "io/streams/inflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum {
    TAIL_MAX = 2,
    /* Continuations to try after the cut: all values of the first six bits, the others at random. */
    TAIL_PROBES = 64,
};

struct inflater {
    struct inflate_state state;
    struct inflate_state before; /* state before the last call, unless that was the first */
    bool is_fresh;               /* the last call was the first, or there was none */
    bool is_begun;               /* there was a call */
    int error;                   /* ISA-L's, for data beyond what state has taken */
    bool tail_known;
    uint8_t tail[TAIL_MAX];
    size_t tail_begin, tail_end;
};

struct inflater *inflater_new(void)
{
    return malloc(sizeof(struct inflater));
}

void inflater_free(struct inflater *f)
{
    free(f);
}

/* All but the history is zeroed: an incomplete code is looked up in tables of which ISA-L has not written
 * all, and what it finds there must not depend on the file before. */
static void begin_state(struct inflater *f)
{
    memset(&f->state, 0, offsetof(struct inflate_state, tmp_out_buffer));
    isal_inflate_init(&f->state);
}

void inflater_start(struct inflater *f)
{
    begin_state(f);
    f->is_begun = f->is_fresh = false;
    f->error = 0;
    f->tail_known = false;
    f->tail_begin = f->tail_end = 0;
}

static int inflate_piece(struct inflate_state *state, const uint8_t *in, size_t given, uint8_t *out, size_t n)
{
    state->next_in = (uint8_t *)(uintptr_t)in;
    state->avail_in = (uint32_t)given;
    state->next_out = out;
    state->avail_out = (uint32_t)n;
    return isal_inflate(state);
}

/* If the fault already lies in the shift register, takes nothing. */
static void inflate_good(struct inflate_state *state, const uint8_t *in, size_t given, uint8_t *out, size_t n)
{
    if (inflate_piece(state, in, given, out, n) < 0)
        state->next_out = out;
}

/* How many of the first bytes of a probe are literals. ISA-L leaves the symbol of an invalid match where
 * the bytes of the match would be. */
static size_t literals_of(const struct inflate_state *probe, size_t start, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = (size_t)probe->tmp_out_valid - start - i;
        if (length >= ISAL_DEF_MIN_MATCH && load_le16(probe->tmp_out_buffer + start + i) == 254 + length)
            return i;
    }
    return count;
}

/* The last bits determine whatever comes out regardless of what follows them. So copies of the state
 * continue with different bytes, and with different histories, so that a match does not pass for a literal.
 * 128 copies, once a file. */
static void guess_tail(struct inflater *f)
{
    f->tail_known = true;
    if (f->state.block_state != ISAL_BLOCK_CODED || f->state.tmp_out_processed != f->state.tmp_out_valid)
        return;
    struct inflate_state *probe = malloc(sizeof *probe);
    if (!probe)
        return;
    size_t known = TAIL_MAX;
    for (unsigned i = 0; i < 2 * TAIL_PROBES && known; i++) {
        uint8_t out[TAIL_MAX], next[16];
        uint64_t random = (i + 1) * 0x9e3779b97f4a7c15u;
        for (size_t k = 0; k < sizeof next;
             k++, random = random * 6364136223846793005u + 1442695040888963407u)
            next[k] = (uint8_t)(random >> 56);
        next[0] = (uint8_t)((next[0] & ~(TAIL_PROBES - 1)) | i % TAIL_PROBES);
        *probe = f->state;
        size_t start = (size_t)probe->tmp_out_valid;
        memset(probe->tmp_out_buffer, i < TAIL_PROBES ? 0 : 0xff, start);
        int r = inflate_piece(probe, next, sizeof next, out, sizeof out);
        size_t same = (size_t)(probe->next_out - out);
        if (r < 0)
            same = literals_of(probe, start, same);
        if (i == 0)
            memcpy(f->tail, out, same);
        known = MIN(known, same);
        for (size_t k = 0; k < known; k++)
            if (out[k] != f->tail[k])
                known = k;
    }
    f->tail_end = known;
    free(probe);
}

static void go_back(struct inflater *f)
{
    if (f->is_fresh)
        begin_state(f);
    else
        f->state = f->before;
}

/* Bisects for the most bytes that inflate without an error, and inflates those again. */
static void stop_before_fault(struct inflater *f, struct stream *s, uint8_t *out, size_t n)
{
    size_t good = 0, bad = (size_t)(s->end - s->begin);
    while (bad - good > 1) {
        size_t middle = good + (bad - good) / 2;
        go_back(f);
        if (inflate_piece(&f->state, s->begin, middle, out, n) < 0)
            bad = middle;
        else
            good = middle;
    }
    go_back(f);
    inflate_good(&f->state, s->begin, good, out, n);
}

size_t inflater_run(struct inflater *f, struct stream *s, uint8_t *out, size_t n, enum inflated *result)
{
    struct inflate_state *state = &f->state;
    *result = INFLATED_SOME;
    if (!f->error) {
        f->is_fresh = !f->is_begun;
        f->is_begun = true;
        if (!f->is_fresh)
            f->before = f->state;
        int r = inflate_piece(state, s->begin, (size_t)(s->end - s->begin), out, n);
        if (r < 0) {
            f->error = r;
            stop_before_fault(f, s, out, n);
        }
    } else {
        inflate_good(state, s->begin, 0, out, n);
    }
    s->begin = state->next_in;
    size_t got = (size_t)(state->next_out - out);
    if (state->block_state == ISAL_BLOCK_FINISH && !f->error) {
        s->begin -= state->read_in_length / 8;
        *result = INFLATED_ALL;
    } else if (!got && (f->error || (s->at_end && s->begin == s->end))) {
        if (!f->tail_known)
            guess_tail(f);
        got = MIN(n, f->tail_end - f->tail_begin);
        memcpy(out, f->tail + f->tail_begin, got);
        f->tail_begin += got;
        if (!got && f->error)
            *result = INFLATED_BAD;
    }
    return got;
}

const char *inflater_reason(const struct inflater *f)
{
    switch (f->error) {
    case ISAL_INVALID_BLOCK:
        return "invalid block";
    case ISAL_INVALID_SYMBOL:
        return "invalid code";
    case ISAL_INVALID_LOOKBACK:
        return "invalid distance, too far back";
    default:
        return "bad data";
    }
}

uint32_t inflate_crc32(uint32_t crc, const uint8_t *bytes, size_t n)
{
    return crc32_gzip_refl(crc, bytes, n);
}
