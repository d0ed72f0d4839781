/* ISA-L. Three things about isal_inflate() (2.30):
 *
 * - It does not give back the whole bytes that are left in its shift register after the last block.
 * - After an error there may be output in its own buffer that did not fit the caller's.
 * - Its tables give up to three symbols a look-up, and none of them if the last one is cut. So where zlib
 * gives all literals of a cut file, ISA-L holds back one or two of them: in a quarter of the places where
 * text can be cut. guess_tail() finds them. */
#include "../engine/util.h"
#include "inflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum {
    TAIL_MAX = 2,
    /* Ways to go on after the cut: the first six bits in all ways, others at random. */
    TAIL_PROBES = 64,
};

struct inflater {
    struct inflate_state state;
    int error;
    bool tail_known;
    uint8_t tail[TAIL_MAX];
    size_t tail_begin, tail_end;
};

struct inflater *inflater_new(void)
{
    return calloc(1, sizeof(struct inflater));
}

void inflater_free(struct inflater *f)
{
    free(f);
}

void inflater_start(struct inflater *f)
{
    isal_inflate_init(&f->state);
    f->error = 0;
    f->tail_known = false;
    f->tail_begin = f->tail_end = 0;
}

/* What the file's last bits say for certain is what comes out whatever follows them. Copies of the state are
 * given different bytes to go on with, and different histories, so that a match is not taken for a literal:
 * 128 copies, once a cut file. */
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
        memset(probe->tmp_out_buffer, i < TAIL_PROBES ? 0 : 0xff, (size_t)probe->tmp_out_valid);
        probe->next_in = next;
        probe->avail_in = sizeof next;
        probe->next_out = out;
        probe->avail_out = sizeof out;
        isal_inflate(probe);
        size_t same = (size_t)(probe->next_out - out);
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

/* What an error, or the end of the file, has left. */
static size_t take_rest(const uint8_t *from, size_t count, uint8_t *out, size_t n)
{
    count = MIN(count, n);
    memcpy(out, from, count);
    return count;
}

size_t inflater_run(struct inflater *f, struct stream *s, uint8_t *out, size_t n, enum inflated *result)
{
    struct inflate_state *state = &f->state;
    size_t got = 0;
    *result = INFLATED_SOME;
    if (!f->error) {
        state->next_in = (uint8_t *)(uintptr_t)s->begin;
        state->avail_in = (uint32_t)(s->end - s->begin);
        state->next_out = out;
        state->avail_out = (uint32_t)n;
        int r = isal_inflate(state);
        s->begin = state->next_in;
        got = (size_t)(state->next_out - out);
        if (r < 0)
            f->error = r;
        if (state->block_state == ISAL_BLOCK_FINISH) {
            s->begin -= state->read_in_length / 8;
            *result = INFLATED_ALL;
            return got;
        }
    }
    if (f->error) {
        size_t left = (size_t)(state->tmp_out_valid - state->tmp_out_processed);
        size_t count = take_rest(state->tmp_out_buffer + state->tmp_out_processed, left, out + got, n - got);
        state->tmp_out_processed += (int32_t)count;
        if (count == left)
            *result = INFLATED_BAD;
        return got + count;
    }
    if (!got && s->at_end && s->begin == s->end) {
        if (!f->tail_known)
            guess_tail(f);
        got = take_rest(f->tail + f->tail_begin, f->tail_end - f->tail_begin, out, n);
        f->tail_begin += got;
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
