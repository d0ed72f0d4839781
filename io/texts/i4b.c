/* What isdntrace of isdn4bsd writes (its option -B or -r).
 *
 *     record | length, with this header 4 | unit 4 | type 4 | direction 4 | bytes cut off 4 | number 4 |
 *            | seconds since 1970 4 | microseconds 4 | bytes |
 *
 * In the order of bytes of the machine. Types: 0 what the driver tells, 1 the D channel, 2 and 3 the B channels; others are of
 * the channel before, as in Wireshark. By trying on tshark 4.6.9. */
#include "io/texts/text_formats.h"

enum {
    HEADER = 32,
    UNIT_LAST = 4,
    TYPE_LAST = 4,
    DIRECTION_LAST = 2,
    CUT_MAX = 2048,
    PROBE_RECORDS = 5,

    TYPE_DRIVER = 0,
    TYPE_D = 1,
    TYPE_B1 = 2,
    TYPE_B2 = 3,

    LINK_NULL = 0,
    LINK_PPP,
    LINK_OTHER,

    ORDER = TEXT_ISDN_WORDS, /* places of what the reader remembers: 1: the most significant byte first */
    CHANNEL,
};

struct header {
    uint32_t length, unit, type, direction, cut, number, seconds, microseconds;
};

static uint32_t number_at(const uint8_t *p, unsigned i, bool big)
{
    return big ? load_be32(p + 4 * i) : load_le32(p + 4 * i);
}

static struct header read_header(const uint8_t *p, bool big)
{
    return (struct header){
        .length = number_at(p, 0, big),
        .unit = number_at(p, 1, big),
        .type = number_at(p, 2, big),
        .direction = number_at(p, 3, big),
        .cut = number_at(p, 4, big),
        .number = number_at(p, 5, big),
        .seconds = number_at(p, 6, big),
        .microseconds = number_at(p, 7, big),
    };
}

/* A number without bytes, and a time of the last century, would be found in any table of small numbers. */
static bool is_likely(const struct header *h)
{
    enum { YEAR_1990 = 631152000 };
    return h->length > HEADER && h->length - HEADER <= TEXT_FRAME_MAX && h->unit <= UNIT_LAST &&
           h->type <= TYPE_LAST && h->direction <= DIRECTION_LAST && h->cut <= CUT_MAX &&
           h->microseconds < 1000000 && h->seconds > YEAR_1990;
}

/* The first records that can be seen have to be likely ones: two headers at least. */
static bool i4b_probe(const uint8_t *bytes, size_t count, bool whole)
{
    (void)whole;
    for (int big = 0; big < 2; big++) {
        unsigned records = 0;
        for (size_t at = 0; records < PROBE_RECORDS && at <= count && count - at >= HEADER; records++) {
            const struct header h = read_header(bytes + at, big);
            if (!is_likely(&h)) {
                records = 0;
                break;
            }
            at += h.length;
        }
        if (records >= 2)
            return true;
    }
    return false;
}

static bool i4b_may_begin(const uint8_t *bytes, size_t count)
{
    struct header h;
    for (int big = 0; big < 2 && count >= HEADER; big++) {
        h = read_header(bytes, big);
        if (is_likely(&h))
            return true;
    }
    return count < 8 || (count < HEADER && MIN(load_le32(bytes + 4), load_be32(bytes + 4)) <= UNIT_LAST);
}

static unsigned link_of(struct text_reader *t, uint32_t type)
{
    if (type == TYPE_DRIVER)
        return LINK_NULL;
    if (type == TYPE_D || type == TYPE_B1 || type == TYPE_B2)
        t->own[CHANNEL] = type - TYPE_D;
    return text_isdn_is_ppp(t, (unsigned)t->own[CHANNEL]) ? LINK_PPP : LINK_OTHER;
}

static enum text_result i4b_read(struct text_reader *t, struct text_record *r)
{
    if (t->count == 0 && t->whole)
        return TEXT_END;
    if (t->position == 0 && t->count >= HEADER) {
        const struct header first = read_header(t->bytes, false);
        t->own[ORDER] = !is_likely(&first);
    }
    struct header h = {.length = HEADER};
    if (t->count >= HEADER)
        h = read_header(t->bytes, t->own[ORDER]);
    if (h.length < HEADER || h.length - HEADER > TEXT_FRAME_MAX)
        return text_fault(t, 0, "expected a record of %d to %d bytes, found a length of %u", HEADER,
                          HEADER + TEXT_FRAME_MAX, h.length);
    if (t->count < h.length) {
        if (!t->whole)
            return TEXT_MORE;
        return text_fault(t, 0, "expected a record%s of %u bytes, found the end of the file after %zu",
                          t->count < HEADER ? " header" : "", h.length, t->count);
    }
    t->captured = h.length - HEADER;
    memcpy(t->frame, t->bytes + HEADER, t->captured);
    t->used = h.length;
    r->time = h.seconds * INT64_C(1000000) + h.microseconds;
    r->link = link_of(t, h.type);
    r->length = t->captured;
    return TEXT_RECORD;
}

const struct text_format text_i4b = {
    .name = "isdn4bsd",
    .may_begin = i4b_may_begin,
    .decimals = 6,
    .links = {0, 9, TEXT_LINK_UNSUPPORTED},
    .link_count = 3,
    .probe = i4b_probe,
    .read = i4b_read,
};
