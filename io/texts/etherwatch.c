/* What DBS's Etherwatch prints on VMS.
 *
 *     ETHERWATCH  X5-008
 *     ...
 *     From 00-D0-C0-D2-4D-60 [MF1] to AA-00-04-00-FC-94 [PSERVB]
 *     Protocol 08-00 00 00-00-00-00-00,   60 byte buffer at 10-OCT-2001 10:20:45.16
 *       [E..<8...........]-    0-[45 00 00 3C 38 93 00 00 1D 06 D2 12 80 93 11 1A]
 *       ...
 *
 * A protocol is an ether type and 00, or LLC's two service access points and a control byte; with SNAP, AA-AA 03, five bytes
 * more count. The buffer is what comes behind it. What tshark makes of such text was found by trying: 4.0.17 where LLC is
 * concerned, whose header 4.6.9 builds without the service access points. */
#include "io/texts/text_formats.h"

enum {
    ADDRESS = 6,
    PROTOCOL = 9, /* columns of the second line */
    CONTROL = 15,
    IDENTIFIER = 18,
    LENGTH = 33,
    OFFSET = 21, /* and of those of bytes */
    OFFSET_DIGITS = 5,
    BRACKET = 27,
    CONTROL_UNNUMBERED = 3,
    SNAP = 0xaa,
    LENGTH_FIELD = 12, /* in the frame */
};

struct header {
    uint32_t length, day, month, year, hour, minute, second, hundredths;
};

static const char title[] = "ETHERWATCH ", record[] = "From ", target[] = "] to ";

/* Bytes with a dash between two of them, into the frame. */
static bool put_bytes(struct text_reader *t, const struct text_line *line, const char *at, unsigned count)
{
    struct text_scan s = {at, line->at + line->length};
    for (unsigned i = 0, byte; i < count; i++)
        if ((i && !text_scan_literal(&s, "-")) || !text_scan_byte(&s, &byte) || !text_put(t, byte))
            return false;
    return true;
}

static bool put_addresses(struct text_reader *t, const struct text_line *line)
{
    const char *from = text_line_find(line, record), *to = text_line_find(line, target);
    return from && to && put_bytes(t, line, to + strlen(target), ADDRESS) &&
           put_bytes(t, line, from + strlen(record), ADDRESS);
}

static bool scan_time(struct text_scan *s, struct header *h)
{
    if (!text_scan_decimal(s, 2, &h->day) || !text_scan_literal(s, "-"))
        return false;
    h->month = 1; /* of a name that is none, as in Wireshark */
    if (!text_scan_month(s, &h->month))
        s->at += MIN((ptrdiff_t)3, s->end - s->at);
    return text_scan_literal(s, "-") && text_scan_decimal(s, 4, &h->year) &&
           text_scan_decimal(s, 2, &h->hour) && text_scan_literal(s, ":") &&
           text_scan_decimal(s, 2, &h->minute) && text_scan_literal(s, ":") &&
           text_scan_decimal(s, 2, &h->second) && text_scan_literal(s, ".") &&
           text_scan_decimal(s, 9, &h->hundredths);
}

/* The second line: what is between the addresses and the buffer. */
static bool put_protocol(struct text_reader *t, const struct text_line *line, struct header *h)
{
    if (line->length < LENGTH)
        return false;
    struct text_scan s = {line->at + LENGTH, line->at + line->length};
    struct text_scan control = {line->at + CONTROL, line->at + CONTROL + 2};
    unsigned value;
    if (!text_scan_byte(&control, &value) || !text_scan_decimal(&s, 9, &h->length))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "byte buffer at") || !scan_time(&s, h))
        return false;
    if (value == 0)
        return put_bytes(t, line, line->at + PROTOCOL, 2);
    text_put(t, 0); /* the length comes later */
    text_put(t, 0);
    const uint32_t llc = t->captured;
    if (!put_bytes(t, line, line->at + PROTOCOL, 2))
        return false;
    text_put(t, value);
    const bool is_snap = t->frame[llc] == SNAP && t->frame[llc + 1] == SNAP && value == CONTROL_UNNUMBERED;
    return !is_snap || put_bytes(t, line, line->at + IDENTIFIER, 5);
}

static bool begins_with_record(const struct text_line *line)
{
    struct text_scan s = text_scan_line(line);
    text_scan_blanks(&s);
    return text_scan_literal(&s, record);
}

static bool etherwatch_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct text_line line;
    bool has_title = false;
    uint8_t frame[64];
    struct text_reader t = {.frame = frame};
    struct header h;
    while (text_next_line(&lines, &line) == LINE_FOUND) {
        has_title = has_title || text_line_find(&line, title);
        if (has_title && text_line_find(&line, record) && text_line_find(&line, target))
            return begins_with_record(&line) && put_addresses(&t, &line) &&
                   text_next_line(&lines, &line) == LINE_FOUND && put_protocol(&t, &line, &h);
    }
    return false;
}

/* Bytes of the buffer, of which left are missing. What was expected, or NULL. */
static const char *put_buffer(struct text_reader *t, const struct text_line *line, uint32_t offset,
                              uint32_t *left)
{
    struct text_scan s = {line->at + MIN((size_t)OFFSET, line->length), line->at + line->length};
    uint32_t found;
    if (line->length <= BRACKET || !text_scan_decimal(&s, OFFSET_DIGITS, &found) || found != offset % 100000)
        return "a line of bytes with their offset";
    s.at = line->at + BRACKET;
    const char *next = "[";
    for (unsigned byte; text_scan_literal(&s, next); next = " ") {
        if (!text_scan_byte(&s, &byte))
            return "two hexadecimal digits for each byte";
        if (!*left)
            return "no more bytes than the packet's length";
        --*left;
        text_put(t, byte);
    }
    return text_scan_literal(&s, "]") ? NULL
                                      : "two hexadecimal digits for each byte, and a bracket at the end";
}

static bool is_record(const struct text_line *line)
{
    return text_line_find(line, record);
}

static enum text_result etherwatch_read(struct text_reader *t, struct text_record *r)
{
    struct text_lines lines = text_lines(t);
    struct text_line line;
    struct header h;
    enum text_line_result result;
    const enum text_result found = text_find_record(t, &lines, &line, is_record);
    if (found != TEXT_RECORD)
        return found;
    const size_t at = line.offset;
    if (!put_addresses(t, &line))
        return text_fault(t, at, "expected two Ethernet addresses behind From, found other words");
    result = text_next_line(&lines, &line);
    if (result == LINE_FOUND && !put_protocol(t, &line, &h))
        return text_fault(t, line.offset,
                          "expected the protocol, length and time of a packet, found other words");
    if (result == LINE_FOUND && h.length > TEXT_FRAME_MAX - 32)
        return text_fault(t, line.offset, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h.length);
    for (uint32_t left = result == LINE_FOUND ? h.length : 0, offset; left;) {
        offset = h.length - left;
        result = text_next_line(&lines, &line);
        if (result != LINE_FOUND)
            break;
        const char *expected = put_buffer(t, &line, offset, &left);
        if (expected || h.length - left == offset)
            return text_fault(t, line.offset, "expected %s, found something else",
                              expected ? expected : "a line of bytes");
    }
    if (result == LINE_UNFINISHED)
        return TEXT_MORE;
    if (result == LINE_NONE)
        return text_fault(t, at, "expected a whole packet, found the end of the file");
    if (!t->frame[LENGTH_FIELD] && !t->frame[LENGTH_FIELD + 1]) {
        const uint32_t length = t->captured - LENGTH_FIELD - 2;
        t->frame[LENGTH_FIELD] = (uint8_t)(length >> 8);
        t->frame[LENGTH_FIELD + 1] = (uint8_t)length;
    }
    t->used = lines.next;
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): a line that was found filled it; without one this is not reached */
    r->time = text_local_seconds(h.year, h.month, h.day, h.hour, h.minute, h.second) * 100 + h.hundredths;
    r->length = t->captured;
    return TEXT_RECORD;
}

const struct text_format text_etherwatch = {
    .name = "Etherwatch",
    .decimals = 2,
    .links = {1},
    .link_count = 1,
    .probe = etherwatch_probe,
    .read = etherwatch_read,
};
