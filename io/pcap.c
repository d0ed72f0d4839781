/* pcap files (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html), of micro- and nanoseconds, in
 * both byte orders.
 *
 *     file     | magic 4 | major 2 | minor 2 | reserved 8 | snapshot length 4 | FCS and link type 4 |
 *     record   | seconds 4 | fraction 4 | captured length 4 | original length 4 | captured bytes ... |
 */
#include "pcap.h"

#include <inttypes.h>

enum {
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
    return pcap_magic(load_be32(bytes)) || pcap_magic(load_le32(bytes));
}

/* From candidate on, a chain of records with plausible times, or records up to the very end of the file. */
static bool looks_like_chain(const struct capture *c, const struct batch *b, uint64_t at)
{
    uint32_t before = 0;
    for (int i = 0; i < GUESS_CHAIN; i++) {
        if (at == b->end)
            return i > 0;
        if (b->end - at < c->record_header)
            return false;
        const uint8_t *p = b->bytes + (at - b->base);
        if (!pcap_is_plausible(c, p))
            return false;
        uint32_t seconds = pcap_32(p, c->swapped);
        if (i > 0 && seconds - before > GUESS_SECONDS_FORWARD && before - seconds > GUESS_SECONDS_BACK)
            return false;
        before = seconds;
        at += c->record_header + pcap_lengths(c, p).captured;
        if (at > b->end)
            return false;
    }
    return true;
}

static void pcap_guess(const struct capture *c, const struct batch *b, struct lane *lane)
{
    lane->start = UINT64_MAX;
    for (uint64_t at = lane->begin; at < lane->limit && at + c->record_header <= b->end; at++) {
        if (pcap_is_plausible(c, b->bytes + (at - b->base)) && looks_like_chain(c, b, at)) {
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
    uint32_t captured = pcap_lengths(c, p).captured;
    return captured > c->captured_max ? RECORD_BROKEN : (uint64_t)c->record_header + captured;
}

/* Streams wait for this: 10 ns a record through record_length(), 2 ns here. */
static uint64_t pcap_records_length(const struct capture *c, const uint8_t *p, uint64_t available,
                                    uint64_t wanted)
{
    uint64_t at = 0;
    while (at < wanted && available - at >= RECORD_HEADER) {
        uint32_t captured = pcap_lengths(c, p + at).captured;
        if (captured > c->captured_max || (uint64_t)c->record_header + captured > available - at)
            break;
        at += (uint64_t)c->record_header + captured;
    }
    return at;
}

/* The next record of the lane, or false and the lane's new state.
 * All lanes of a batch are walked a step each in turn, and each step fetches the lane's next header: the
 * misses of the chains overlap. Two lines hold what decoding reads of most frames, the record's header with
 * the first 48 bytes, and the 64 behind. */
ALWAYS_INLINE bool walk_one(const struct capture *c, const struct batch *b, struct lane *lane,
                            struct frame *f, bool plain, bool swapped)
{
    uint64_t at = lane->position, size = b->end;
    const uint8_t *p = b->bytes + (at - b->base);
    const uint32_t header = plain ? RECORD_HEADER : c->record_header;
    if (unlikely(at >= lane->limit || at >= size)) {
        lane->state = LANE_DONE;
        return false;
    }
    if (unlikely(size - at < header)) {
        lane->state = LANE_FAULT;
        lane->fault = FAULT_HEADER;
        return false;
    }
    struct pcap_lengths lengths = {.captured = pcap_32(p + 8, swapped), .original = pcap_32(p + 12, swapped)};
    if (!plain)
        lengths = pcap_lengths(c, p);
    uint32_t captured = lengths.captured;
    if (unlikely(captured > RECORD_LENGTH_MAX) && captured > c->captured_max) {
        lane->state = LANE_FAULT;
        lane->fault = FAULT_LENGTH;
        lane->fault_value = captured;
        return false;
    }
    uint64_t next = at + header + captured;
    if (unlikely(next > size)) {
        lane->state = LANE_FAULT;
        lane->fault = FAULT_DATA;
        lane->fault_value = captured;
        return false;
    }
    __builtin_prefetch(p + 64);
    __builtin_prefetch(p + (next - at));
    f->data = p + header;
    f->time = pcap_32(p, swapped) * INT64_C(1000000000) + (int64_t)pcap_32(p + 4, swapped) * c->fraction_ns;
    f->captured = captured;
    f->length = lengths.original;
    f->link_type = c->link_type;
    f->decimals = c->decimals;
    f->fcs = c->fcs;
    lane->position = next;
    return true;
}

ALWAYS_INLINE void walk_all(const struct capture *c, struct batch *b, struct walk *walk, bool plain,
                            bool swapped)
{
#define NEXT(lane, frame) walk_one(c, b, lane, frame, plain, swapped)
    WALK_LANES(b, walk, NEXT);
#undef NEXT
}

static void pcap_walk(const struct capture *c, struct batch *b, struct walk *walk)
{
    if (!c->plain)
        walk_all(c, b, walk, false, c->swapped);
    else if (c->swapped)
        walk_all(c, b, walk, true, true);
    else
        walk_all(c, b, walk, true, false);
}

static void pcap_fault(struct capture *c, const struct batch *b, const struct lane *lane)
{
    uint64_t size = b->end, at = lane->position;
    switch ((enum fault)lane->fault) {
    case FAULT_HEADER:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a record header of %u bytes, found the end of the file after %" PRIu64,
                     c->record_header, size - at);
        break;
    case FAULT_LENGTH:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a captured length of at most %" PRIu32 " bytes, found %" PRIu64,
                     c->captured_max, lane->fault_value);
        break;
    case FAULT_DATA:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at + c->record_header,
                     "expected %" PRIu64 " captured bytes, found the end of the file after %" PRIu64,
                     lane->fault_value, size - at - c->record_header);
        break;
    }
}

const struct capture_format format_pcap = {
    .name = "pcap",
    .probe = pcap_probe,
    .open = pcap_read_header,
    .guess = pcap_guess,
    .walk = pcap_walk,
    .fault = pcap_fault,
    .record_length = pcap_record_length,
    .records_length = pcap_records_length,
};
