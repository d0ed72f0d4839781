/* ERF files, Endace's extensible record format (EDM11-01): records with nothing before them, so that the
 * format is known by its first records alone, and tried last.
 *
 *     | time 8 | type 1 | flags 1 | record length 2 | loss or colour 2 | wire length 2 |
 *     | extension headers, 8 each ... | header of the type | captured bytes, padded ... |
 *
 *     time                 little endian, seconds in units of 2^-32; all else is big endian
 *     extension headers    as long as bit 7 is set: of the type, then of the first byte of each of them
 *     header of the type   Ethernet: offset and pad 2; multi-channel: 4; most others have none
 *
 * Frames are the whole records, of link type LINKTYPE_ERF, cut where the wire length ends. Records of padding
 * (48) are no frames; all others are, as in Wireshark 4.4, also those that hold no packet (27, provenance).
 */
#include "io/formats/chain.h"
#include "io/problems.h"

#include <inttypes.h>

enum {
    RECORD_HEADER = 16,
    EXTENSION = 8,
    FOLLOWS = 0x80, /* one more extension header */
    LINK_ERF = 197,

    TYPE_LAST = 33,
    TYPE_PAD = 48,

    /* So many records, or all there are, have to be plausible. A file may be cut, but behind so many of them,
     * as in Wireshark. */
    PROBE_RECORDS = 20,
    PROBE_RECORDS_CUT = 3,
    /* Time between two of them: a second back (reassembled AAL5), a year forward. */
    PROBE_SECONDS_FORWARD = 365 * 86400,

    /* A boundary is believed when so many records in a row look like records. */
    GUESS_CHAIN = 8,
};

enum fault { FAULT_HEADER, FAULT_LENGTH, FAULT_DATA };

static uint32_t seconds_at(const uint8_t *p)
{
    return load_le32(p + 4);
}

ALWAYS_INLINE unsigned type_at(const uint8_t *p)
{
    return p[8] & (FOLLOWS - 1);
}

ALWAYS_INLINE uint32_t length_at(const uint8_t *p)
{
    return load_be16(p + 10);
}

/* Bytes between the extension headers and the frame. */
static uint32_t type_header(unsigned type)
{
    switch (type) {
    case 2:  /* Ethernet */
    case 11: /* Ethernet, coloured */
    case 16: /* Ethernet, DSM coloured */
    case 20: /* Ethernet, coloured, with a hash */
        return 2;
    case 5:  /* multi-channel HDLC */
    case 6:  /* multi-channel raw */
    case 7:  /* multi-channel ATM */
    case 8:  /* multi-channel raw link */
    case 9:  /* multi-channel AAL5 */
    case 12: /* multi-channel AAL2 */
    case 17: /* multi-channel HDLC, coloured */
    case 18: /* AAL2 */
        return 4;
    default:
        return 0;
    }
}

static bool is_plausible(const uint8_t *p)
{
    unsigned type = type_at(p);
    return type != 0 && (type <= TYPE_LAST || type == TYPE_PAD) &&
           length_at(p) >= RECORD_HEADER + type_header(type);
}

/* One record's header says little: of the C headers in /usr/include, 318 of 23,263 begin with one that is
 * plausible, since a blank, a line feed, '!' and '0' are types, and any two letters a length. Two in a row are
 * in a year of each other by chance, and a file with long lines of blanks is one of equal headers. */
static bool is_text(const uint8_t *header)
{
    unsigned letters = 0, zeros = 0; /* those behind the letters in UTF-16 */
    for (unsigned i = 0; i < RECORD_HEADER; i++) {
        letters += (header[i] >= ' ' && header[i] < 0x7f) || (header[i] >= '\t' && header[i] <= '\r');
        zeros += i % 2 && header[i] == 0;
    }
    return letters == RECORD_HEADER || (letters == RECORD_HEADER / 2 && zeros == RECORD_HEADER / 2);
}

static enum probe_result erf_probe_records(const uint8_t *bytes, uint64_t count, bool whole)
{
    const enum probe_result cut[2] = {PROBE_MORE, PROBE_NO};
    uint32_t before = 0;
    uint64_t at = 0;
    bool timed = false;
    for (int i = 0; i < PROBE_RECORDS; i++) {
        if (whole && i > 0 && (at == count || (i >= PROBE_RECORDS_CUT && count - at < RECORD_HEADER)))
            return PROBE_YES;
        if (count - at < RECORD_HEADER)
            return cut[whole];
        const uint8_t *p = bytes + at;
        if (!is_plausible(p) || is_text(p))
            return PROBE_NO;
        if (type_at(p) != TYPE_PAD) { /* those need not have a time */
            uint32_t seconds = seconds_at(p);
            if (timed && seconds != before && before - seconds > 1 &&
                seconds - before > PROBE_SECONDS_FORWARD)
                return PROBE_NO;
            before = seconds;
            timed = true;
        }
        if (count - at < length_at(p))
            return whole && i >= PROBE_RECORDS_CUT ? PROBE_YES : cut[whole];
        at += length_at(p);
    }
    return PROBE_YES;
}

static enum capture_open_result erf_open(struct capture *c, const uint8_t *bytes, uint64_t count, bool whole)
{
    (void)bytes;
    (void)count;
    (void)whole;
    c->first_record = 0;
    return OPEN_DONE;
}

static inline uint64_t erf_follow(const struct capture *c, struct chained *chain, const uint8_t *p,
                                  uint64_t left)
{
    (void)c;
    if (left < RECORD_HEADER)
        return CHAIN_CUT;
    if (!is_plausible(p) || (type_at(p) != TYPE_PAD && !chain_time(chain, seconds_at(p))))
        return CHAIN_BREAKS;
    return length_at(p) <= left ? length_at(p) : CHAIN_CUT;
}

static uint64_t erf_guess(const struct capture *c, const struct window *window,
                          const struct record_reader *reader)
{
    for (uint64_t at = reader->position; at < reader->limit && at + RECORD_HEADER <= window->end; at++)
        if (is_plausible(window_at(window, at)) && chain_holds(erf_follow, c, window, NULL, at, GUESS_CHAIN))
            return at;
    return UINT64_MAX;
}

static uint64_t erf_record_length(const struct capture *c, const void *context, const uint8_t *p,
                                  uint64_t available)
{
    (void)c;
    (void)context;
    if (available < RECORD_HEADER)
        return 0;
    return length_at(p) < RECORD_HEADER ? RECORD_BROKEN : length_at(p);
}

static bool fault_at(struct record_reader *reader, enum fault fault, uint64_t value)
{
    reader->state = LANE_FAULT;
    reader->fault = fault;
    reader->fault_value = value;
    return false;
}

/* Bytes of the record at p before its frame. More than its length: the headers do not fit in. */
ALWAYS_INLINE uint32_t headers_length(const uint8_t *p, uint32_t length)
{
    uint32_t n = RECORD_HEADER;
    for (uint8_t head = p[8]; unlikely(head & FOLLOWS); n += EXTENSION) {
        if (n + EXTENSION > length)
            return n + EXTENSION;
        head = p[n];
    }
    return n + type_header(type_at(p));
}

/* Rounded to the nearest nanosecond, as Wireshark does. */
ALWAYS_INLINE int64_t time_of(const uint8_t *p)
{
    return seconds_at(p) * INT64_C(1000000000) +
           (int64_t)((load_le32(p) * UINT64_C(1000000000) + (UINT64_C(1) << 31)) >> 32);
}

static bool walk_one(const struct window *window, struct record_reader *reader, struct frame *f)
{
    for (;;) {
        uint64_t at = reader->position, size = window->end;
        const uint8_t *p = window_at(window, at);
        if (unlikely(at >= reader->limit || at >= size)) {
            reader->state = LANE_DONE;
            return false;
        }
        if (unlikely(size - at < RECORD_HEADER))
            return fault_at(reader, FAULT_HEADER, size - at);
        uint32_t length = length_at(p);
        if (unlikely(length <= RECORD_HEADER))
            return fault_at(reader, FAULT_LENGTH, (uint64_t)(RECORD_HEADER + 1) << 32 | length);
        if (unlikely(size - at < length))
            return fault_at(reader, FAULT_DATA, (uint64_t)length << 32 | (size - at));
        reader->position = at + length;
        if (unlikely(type_at(p) == TYPE_PAD))
            continue;
        __builtin_prefetch(p + 64);
        __builtin_prefetch(p + length);
        uint32_t headers = headers_length(p, length);
        if (unlikely(headers > length)) {
            reader->position = at;
            return fault_at(reader, FAULT_LENGTH, (uint64_t)headers << 32 | length);
        }
        uint32_t wire = load_be16(p + 14);
        f->data = p;
        f->time = time_of(p);
        f->captured = headers + MIN(length - headers, wire);
        f->length = wire;
        f->link_type = LINK_ERF;
        f->decimals = 9;
        f->fcs = 0;
        return true;
    }
}

static void erf_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
    (void)c;
#define NEXT(reader, frame) walk_one(window, reader, frame)
    WALK_READERS(walk, NEXT);
#undef NEXT
}

static void erf_fault(struct capture *c, const struct window *window, const struct record_reader *reader)
{
    (void)window;
    uint32_t expected = (uint32_t)(reader->fault_value >> 32), found = (uint32_t)reader->fault_value;
    int64_t at = (int64_t)reader->position;
    switch ((enum fault)reader->fault) {
    case FAULT_HEADER:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record header of %d bytes, found the end of the file after %" PRIu32,
                     RECORD_HEADER, found);
        break;
    case FAULT_LENGTH:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record length of at least %" PRIu32 " for its headers, found %" PRIu32,
                     expected, found);
        break;
    case FAULT_DATA:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record of %" PRIu32 " bytes, found the end of the file after %" PRIu32,
                     expected, found);
        break;
    }
}

const struct capture_format format_erf = {
    .name = "ERF",
    .probe_records = erf_probe_records,
    .open = erf_open,
    .guess = erf_guess,
    .find = erf_guess,
    .follow = erf_follow,
    .misleads = true,
    .walk = erf_walk,
    .fault = erf_fault,
    .record_length = erf_record_length,
};
