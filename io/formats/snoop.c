/* snoop files (RFC 1761) of Solaris, and of Shomiti's analyzers. All numbers are big endian.
 *
 *     file   | "snoop" 8 | version 4 | data link type 4 |
 *     record | original length 4 | captured length 4 | record length 4 | drops 4 | seconds 4 |
 *              microseconds 4 | captured bytes, padded ... |
 *
 * Those of Shomiti are known by the padding of their first record, and have other data link types.
 */
#include "io/formats/chain.h"
#include "io/problems.h"

#include <inttypes.h>

enum {
    FILE_HEADER = 16,
    RECORD_HEADER = 24,
    VERSION_FIRST = 2,
    VERSION_LAST = 5,
    LINK_NONE = 0xffff,
    SHOMITI_PADDING = 16, /* of the first record, or more */

    /* A boundary is believed when so many records in a row look like records, with no more padding than anybody
     * writes. */
    GUESS_CHAIN = 6,
    GUESS_PADDING = 64,
};

struct snoop {
    bool surveyor; /* 802.11 frames of Shomiti's analyzers, with a header of their own */
};

enum fault { FAULT_HEADER, FAULT_CAPTURED, FAULT_ORIGINAL, FAULT_LENGTH, FAULT_DATA };

static bool snoop_probe(const uint8_t *bytes, size_t count)
{
    return count >= 8 && memcmp(bytes, "snoop\0\0\0", 8) == 0;
}

/* The pcap link type of a data link type. */
static uint16_t link_of(uint32_t type)
{
    switch (type) {
    case 0: /* IEEE 802.3 */
    case 4: /* Ethernet */
        return 1;
    case 2: /* token ring */
        return 6;
    case 8: /* FDDI */
        return 10;
    case 9:  /* other; Wireshark takes it, and IP, for BSD's loopback */
    case 14: /* IP */
        return 0;
    case 16: /* fibre channel */
        return 122;
    case 18: /* ATM */
        return 123;
    case 26: /* infiniband */
        return 242;
    default:
        return LINK_NONE;
    }
}

/* The same of Shomiti's analyzers, which pad records a lot, with fields of their own in the padding. */
static uint16_t link_of_shomiti(uint32_t type)
{
    switch (type) {
    case 10: /* fast and gigabit Ethernet */
    case 12:
    case 19:
        return 1;
    case 11: /* token ring, of other speeds or seen elsewhere */
    case 13:
    case 14:
        return 6;
    case 18:
        return 105;
    case 9: /* Solaris alone has these */
    case 16:
    case 26:
        return LINK_NONE;
    default:
        return link_of(type);
    }
}

static enum capture_open_result snoop_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                           bool whole)
{
    if (count < FILE_HEADER) {
        if (!whole)
            return OPEN_MORE;
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a snoop file header of %d bytes, found the end of the file after %" PRIu64,
                     FILE_HEADER, count);
        return OPEN_FAILED;
    }
    uint32_t version = load_be32(bytes + 8), type = load_be32(bytes + 12);
    if (version < VERSION_FIRST || version > VERSION_LAST) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 8,
                     "expected a snoop file of version %d to %d, found %" PRIu32, VERSION_FIRST, VERSION_LAST,
                     version);
        return OPEN_FAILED;
    }
    if (count < FILE_HEADER + RECORD_HEADER && !whole)
        return OPEN_MORE;
    const uint8_t *first = bytes + FILE_HEADER;
    const bool shomiti =
        count >= FILE_HEADER + RECORD_HEADER &&
        load_be32(first + 8) >= (uint64_t)RECORD_HEADER + load_be32(first + 4) + SHOMITI_PADDING;
    c->link_type = shomiti ? link_of_shomiti(type) : link_of(type);
    if (c->link_type == LINK_NONE) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 12,
                     "expected a snoop data link type that is known here, found %" PRIu32, type);
        return OPEN_FAILED;
    }
    struct snoop *s = capture_new_data(c, sizeof *s);
    if (!s)
        return OPEN_FAILED;
    s->surveyor = shomiti && type == 18;
    c->first_record = FILE_HEADER;
    return OPEN_DONE;
}

static bool is_plausible(const uint8_t *p)
{
    uint32_t original = load_be32(p), captured = load_be32(p + 4), length = load_be32(p + 8);
    return captured > 0 && captured <= original && original <= RECORD_LENGTH_MAX &&
           length >= RECORD_HEADER + captured && length <= RECORD_HEADER + captured + GUESS_PADDING &&
           load_be32(p + 20) < 1000000;
}

static inline uint64_t snoop_follow(const struct capture *c, struct chained *chain, const uint8_t *p,
                                    uint64_t left)
{
    (void)c;
    if (left < RECORD_HEADER)
        return CHAIN_CUT;
    if (!is_plausible(p) || !chain_time(chain, load_be32(p + 16)))
        return CHAIN_BREAKS;
    return load_be32(p + 8) <= left ? load_be32(p + 8) : CHAIN_CUT;
}

static uint64_t snoop_guess(const struct capture *c, const struct window *window,
                            const struct record_reader *reader)
{
    for (uint64_t at = reader->position; at < reader->limit && at + RECORD_HEADER <= window->end; at++)
        if (is_plausible(window_at(window, at)) &&
            chain_holds(snoop_follow, c, window, NULL, at, GUESS_CHAIN))
            return at;
    return UINT64_MAX;
}

static uint64_t snoop_record_length(const struct capture *c, const void *context, const uint8_t *p,
                                    uint64_t available)
{
    (void)c;
    (void)context;
    if (available < RECORD_HEADER)
        return 0;
    uint32_t original = load_be32(p), captured = load_be32(p + 4), length = load_be32(p + 8);
    if (captured > RECORD_LENGTH_MAX || original > RECORD_LENGTH_MAX || length < RECORD_HEADER + captured)
        return RECORD_BROKEN;
    return length;
}

static bool fault_at(struct record_reader *reader, enum fault fault, uint64_t expected, uint64_t found)
{
    reader->state = LANE_FAULT;
    reader->fault = fault;
    reader->fault_value = expected << 32 | found;
    return false;
}

/* | ? 3 | length of the rest 1: 8 or more | ... | 802.11 ... */
static void skip_radio_header(struct frame *f)
{
    const uint32_t length = f->captured < 4 ? 0 : 4u + f->data[3];
    if (length < 4 + 8 || length > f->captured) {
        f->link_type = LINK_TYPE_NOT_A_PACKET;
        return;
    }
    f->data += length;
    f->captured -= length;
    f->length -= MIN(f->length, length);
}

static bool walk_one(const struct capture *c, const struct window *window, struct record_reader *reader,
                     struct frame *f)
{
    uint64_t at = reader->position, size = window->end;
    const uint8_t *p = window_at(window, at);
    if (unlikely(at >= reader->limit || at >= size)) {
        reader->state = LANE_DONE;
        return false;
    }
    if (unlikely(size - at < RECORD_HEADER))
        return fault_at(reader, FAULT_HEADER, RECORD_HEADER, size - at);
    uint32_t original = load_be32(p), captured = load_be32(p + 4), length = load_be32(p + 8);
    if (unlikely(captured > RECORD_LENGTH_MAX))
        return fault_at(reader, FAULT_CAPTURED, RECORD_LENGTH_MAX, captured);
    if (unlikely(original > RECORD_LENGTH_MAX))
        return fault_at(reader, FAULT_ORIGINAL, RECORD_LENGTH_MAX, original);
    if (unlikely(length < RECORD_HEADER + captured))
        return fault_at(reader, FAULT_LENGTH, RECORD_HEADER + captured, length);
    if (unlikely(size - at < length))
        return fault_at(reader, FAULT_DATA, length, size - at);
    __builtin_prefetch(p + 64);
    __builtin_prefetch(p + length);
    f->data = p + RECORD_HEADER;
    f->time = load_be32(p + 16) * INT64_C(1000000000) + load_be32(p + 20) * INT64_C(1000);
    f->captured = captured;
    f->length = original;
    f->link_type = c->link_type;
    f->decimals = 6;
    f->fcs = 0;
    reader->position = at + length;
    if (unlikely(((const struct snoop *)c->format_data)->surveyor))
        skip_radio_header(f);
    return true;
}

static void snoop_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
#define NEXT(reader, frame) walk_one(c, window, reader, frame)
    WALK_READERS(walk, NEXT);
#undef NEXT
}

static void snoop_fault(struct capture *c, const struct window *window, const struct record_reader *reader)
{
    (void)window;
    uint32_t expected = (uint32_t)(reader->fault_value >> 32), found = (uint32_t)reader->fault_value;
    int64_t at = (int64_t)reader->position;
    switch ((enum fault)reader->fault) {
    case FAULT_HEADER:
    case FAULT_DATA:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record%s of %" PRIu32 " bytes, found the end of the file after %" PRIu32,
                     reader->fault == FAULT_HEADER ? " header" : "", expected, found);
        break;
    case FAULT_ORIGINAL:
    case FAULT_CAPTURED:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected %s length of at most %" PRIu32 " bytes, found %" PRIu32,
                     reader->fault == FAULT_ORIGINAL ? "an original" : "a captured", expected, found);
        break;
    case FAULT_LENGTH:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record length of at least %" PRIu32
                     " for the captured bytes, found %" PRIu32,
                     expected, found);
        break;
    }
}

const struct capture_format format_snoop = {
    .name = "snoop",
    .probe = snoop_probe,
    .open = snoop_open,
    .guess = snoop_guess,
    .find = snoop_guess,
    .follow = snoop_follow,
    .misleads = true,
    .walk = snoop_walk,
    .fault = snoop_fault,
    .record_length = snoop_record_length,
    .close = capture_free_data,
};
