/* pcap files (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html), of micro- and nanoseconds, in
 * both byte orders.
 *
 *     file     | magic 4 | major 2 | minor 2 | reserved 8 | snapshot length 4 | FCS and link type 4 |
 *     record   | seconds 4 | fraction 4 | captured length 4 | original length 4 | captured bytes ... |
 */
#include "capture.h"

#include <inttypes.h>

enum {
    FILE_HEADER = 24,
    RECORD_HEADER = 16,
    MAGIC_MICRO = 0xa1b2c3d4,
    MAGIC_NANO = 0xa1b23c4d,

    /* A boundary is believed when this many records in a row look like records. */
    GUESS_CHAIN = 8,
    /* Time between two records in a row of a chain that is believed: a day forward, a minute back. */
    GUESS_SECONDS_FORWARD = 86400,
    GUESS_SECONDS_BACK = 60,
};

enum fault { FAULT_HEADER, FAULT_LENGTH, FAULT_DATA };

static bool pcap_probe(const uint8_t *bytes, size_t count)
{
    (void)count;
    uint32_t be = load_be32(bytes), le = load_le32(bytes);
    return be == MAGIC_MICRO || be == MAGIC_NANO || le == MAGIC_MICRO || le == MAGIC_NANO;
}

ALWAYS_INLINE uint32_t field(const uint8_t *p, bool swapped)
{
    uint32_t v = load_raw32(p);
    return swapped ? __builtin_bswap32(v) : v;
}

static enum capture_open_result pcap_open(struct capture *c, const uint8_t *bytes, uint64_t count, bool whole)
{
    if (count < FILE_HEADER) {
        if (!whole)
            return OPEN_MORE;
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a pcap file header of %d bytes, found the end of the file after %" PRIu64,
                     FILE_HEADER, count);
        return OPEN_FAILED;
    }
    uint32_t magic = load_raw32(bytes);
    c->swapped = magic != MAGIC_MICRO && magic != MAGIC_NANO;
    bool nano = field(bytes, c->swapped) == MAGIC_NANO;
    c->fraction_ns = nano ? 1 : 1000;
    c->fraction_max = nano ? 1000000000 : 1000000;
    c->decimals = nano ? 9 : 6;
    uint32_t link = field(bytes + 20, c->swapped);
    c->link_type = (uint16_t)link;
    if (link & 0x04000000) /* the length of the frame check sequence is told, in 16-bit units */
        c->fcs = (uint8_t)((link >> 28) * 2);
    c->first_record = FILE_HEADER;
    return OPEN_DONE;
}

static bool looks_like_record(const struct capture *c, const uint8_t *p)
{
    uint32_t captured = field(p + 8, c->swapped), original = field(p + 12, c->swapped);
    return captured > 0 && captured <= RECORD_LENGTH_MAX && captured <= original &&
           field(p + 4, c->swapped) < c->fraction_max;
}

/* From candidate on, a chain of records with plausible times, or records up to the very end of the file. */
static bool looks_like_chain(const struct capture *c, const struct batch *b, uint64_t at)
{
    uint32_t before = 0;
    for (int i = 0; i < GUESS_CHAIN; i++) {
        if (at == b->end)
            return i > 0;
        if (b->end - at < RECORD_HEADER)
            return false;
        const uint8_t *p = b->bytes + (at - b->base);
        if (!looks_like_record(c, p))
            return false;
        uint32_t seconds = field(p, c->swapped);
        if (i > 0 && seconds - before > GUESS_SECONDS_FORWARD && before - seconds > GUESS_SECONDS_BACK)
            return false;
        before = seconds;
        at += RECORD_HEADER + field(p + 8, c->swapped);
        if (at > b->end)
            return false;
    }
    return true;
}

static void pcap_guess(const struct capture *c, const struct batch *b, struct lane *lane)
{
    lane->start = UINT64_MAX;
    for (uint64_t at = lane->begin; at < lane->limit && at + RECORD_HEADER <= b->end; at++) {
        if (looks_like_record(c, b->bytes + (at - b->base)) && looks_like_chain(c, b, at)) {
            lane->start = at;
            return;
        }
    }
}

static uint64_t pcap_record_length(const struct capture *c, const void *context, const uint8_t *p,
                                   uint64_t available)
{
    (void)context;
    if (available < RECORD_HEADER)
        return 0;
    uint32_t captured = field(p + 8, c->swapped);
    return captured > RECORD_LENGTH_MAX ? RECORD_BROKEN : RECORD_HEADER + captured;
}

/* The next record of the lane, or false and the lane's new state.
 * All lanes of a batch are walked a step each in turn, and each step fetches the lane's next header: the
 * misses of the chains overlap. Two lines hold what decoding reads of most frames, the record's header with
 * the first 48 bytes, and the 64 behind. */
ALWAYS_INLINE bool walk_one(const struct capture *c, const struct batch *b, struct lane *lane,
                            struct frame *f, bool swapped)
{
    uint64_t at = lane->position, size = b->end;
    const uint8_t *p = b->bytes + (at - b->base);
    if (unlikely(at >= lane->limit || at >= size)) {
        lane->state = LANE_DONE;
        return false;
    }
    if (unlikely(size - at < RECORD_HEADER)) {
        lane->state = LANE_FAULT;
        lane->fault = FAULT_HEADER;
        return false;
    }
    uint32_t captured = field(p + 8, swapped);
    if (unlikely(captured > RECORD_LENGTH_MAX)) {
        lane->state = LANE_FAULT;
        lane->fault = FAULT_LENGTH;
        lane->fault_value = captured;
        return false;
    }
    uint64_t next = at + RECORD_HEADER + captured;
    if (unlikely(next > size)) {
        lane->state = LANE_FAULT;
        lane->fault = FAULT_DATA;
        lane->fault_value = captured;
        return false;
    }
    __builtin_prefetch(p + 64);
    __builtin_prefetch(p + (next - at));
    f->data = p + RECORD_HEADER;
    f->time = field(p, swapped) * INT64_C(1000000000) + (int64_t)field(p + 4, swapped) * c->fraction_ns;
    f->captured = captured;
    f->length = field(p + 12, swapped);
    f->link_type = c->link_type;
    f->decimals = c->decimals;
    f->fcs = c->fcs;
    lane->position = next;
    return true;
}

ALWAYS_INLINE void walk_all(const struct capture *c, struct batch *b, struct walk *walk, bool swapped)
{
    for (unsigned i = 0; i < b->lanes_used; i++)
        walk->count[i] = 0;
    for (unsigned k = 0; k < WALK_FRAMES; k++)
        for (unsigned i = 0; i < b->lanes_used; i++) {
            struct lane *lane = &b->lane[i];
            if (lane->state == LANE_OPEN && walk_one(c, b, lane, &walk->frame[i][k], swapped))
                walk->count[i] = k + 1;
        }
}

static void pcap_walk(const struct capture *c, struct batch *b, struct walk *walk)
{
    if (c->swapped)
        walk_all(c, b, walk, true);
    else
        walk_all(c, b, walk, false);
}

static void pcap_fault(struct capture *c, const struct batch *b, const struct lane *lane)
{
    uint64_t size = b->end, at = lane->position;
    switch ((enum fault)lane->fault) {
    case FAULT_HEADER:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a record header of %d bytes, found the end of the file after %" PRIu64,
                     RECORD_HEADER, size - at);
        break;
    case FAULT_LENGTH:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a captured length of at most %d bytes, found %" PRIu64, RECORD_LENGTH_MAX,
                     lane->fault_value);
        break;
    case FAULT_DATA:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at + RECORD_HEADER,
                     "expected %" PRIu64 " captured bytes, found the end of the file after %" PRIu64,
                     lane->fault_value, size - at - RECORD_HEADER);
        break;
    }
}

const struct capture_format format_pcap = {
    .name = "pcap",
    .probe = pcap_probe,
    .open = pcap_open,
    .guess = pcap_guess,
    .walk = pcap_walk,
    .fault = pcap_fault,
    .record_length = pcap_record_length,
};
