/* What TCPIPtrace, TCPtrace and UCX's trace print on VMS of IP packets.
 *
 *     TCPIPtrace full display RCV packet 8 at 10-JUL-2001 14:54:19.56
 *
 *     IP Version = 4,  IHL = 5,  TOS = 00,   Total Length = 84 = ^x0054
 *     (more words)
 *     50010C0A   714C1140   00008F17   54000045    0000    E..T....@.Lq...P
 *     27E54C3C | C0B64000   6F00DB02 | 32010C0A    0010    ...2...o.@..<L.'
 *
 * Bytes go from right to left, up to the offset, in groups of four. Fragments may lack the first line. What tshark makes of
 * such text was found by trying. It reads nothing of a file whose very first line is that of a packet. */
#include "io/texts/text_formats.h"

enum {
    BYTES_A_LINE = 16,
    GROUP = 4,
    GROUP_DIGITS = 8,
    GROUP_COLUMNS = 11,
    OFFSET = 45, /* column, from that of the first digit */
    OFFSET_DIGITS = 4,
};

struct header {
    uint32_t length, day, month, year, hour, minute, second, hundredths;
    bool has_length, has_time;
};

static const char packet[] = "packet ", length_word[] = "Length ";

static bool read_time(const struct text_line *line, struct header *h)
{
    struct text_scan s = text_scan_line(line);
    uint32_t number;
    s.at = text_line_find(line, packet) + strlen(packet);
    text_scan_literal(&s, "seq # =");
    if (!text_scan_decimal(&s, 9, &number))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "at") || !text_scan_decimal(&s, 2, &h->day) || !text_scan_literal(&s, "-"))
        return false;
    h->month = 1; /* of a name that is none, as in Wireshark */
    if (!text_scan_month(&s, &h->month))
        s.at += MIN((ptrdiff_t)3, s.end - s.at);
    h->has_time = true;
    return text_scan_literal(&s, "-") && text_scan_decimal(&s, 4, &h->year) &&
           text_scan_decimal(&s, 2, &h->hour) && text_scan_literal(&s, ":") &&
           text_scan_decimal(&s, 2, &h->minute) && text_scan_literal(&s, ":") &&
           text_scan_decimal(&s, 2, &h->second) && text_scan_literal(&s, ".") &&
           text_scan_decimal(&s, 9, &h->hundredths);
}

static bool vms_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct text_line line;
    struct header h;
    bool has_title = false;
    while (text_next_line(&lines, &line) == LINE_FOUND) {
        has_title = has_title || text_line_find(&line, "TCPIPtrace") || text_line_find(&line, "TCPtrace") ||
                    text_line_find(&line, "INTERnet trace");
        if (has_title && text_line_find(&line, packet))
            return text_line_is_printed(&line) && read_time(&line, &h);
    }
    return false;
}

static bool has_offset(const struct text_line *line, size_t begin, uint32_t offset)
{
    struct text_scan s = {line->at + MIN(begin + OFFSET, line->length), line->at + line->length};
    uint32_t found;
    return s.at < s.end && *s.at != ' ' && text_scan_hex(&s, OFFSET_DIGITS, &found) &&
           found == (offset & 0xffff);
}

/* Is this the first line of bytes? *begin: the column of its first digit. */
static bool is_dump(const struct text_line *line, size_t *begin)
{
    struct text_scan s = text_scan_line(line);
    text_scan_blanks(&s);
    *begin = (size_t)(s.at - line->at);
    if (line->length < *begin + OFFSET + OFFSET_DIGITS || !has_offset(line, *begin, 0))
        return false;
    for (unsigned i = 0; i < BYTES_A_LINE / GROUP; i++)
        for (unsigned k = 0; k < GROUP_DIGITS; k++)
            if (text_digit(s.at[i * GROUP_COLUMNS + k]) < 0)
                return false;
    return true;
}

/* What was expected, or NULL. */
static const char *put_bytes(struct text_reader *t, const struct text_line *line, size_t begin,
                             uint32_t count)
{
    if (!has_offset(line, begin, t->captured))
        return "a line of bytes with their offset";
    for (uint32_t i = 0; i < count; i++) {
        const size_t group = BYTES_A_LINE / GROUP - 1 - i / GROUP, byte = GROUP - 1 - i % GROUP;
        struct text_scan s = {line->at + begin + group * GROUP_COLUMNS + byte * 2, line->at + line->length};
        unsigned value;
        if (!text_scan_byte(&s, &value) || !text_put(t, value))
            return "two hexadecimal digits for each byte";
    }
    return NULL;
}

static const char *find_number(const struct text_line *line, const char *at)
{
    while (at < line->at + line->length && (text_digit(*at) < 0 || text_digit(*at) > 9))
        at++;
    return at;
}

/* The words of a packet, up to the first line of its bytes. */
static enum text_result read_words(struct text_reader *t, struct text_lines *lines, struct text_line *line,
                                   struct header *h, size_t *begin)
{
    do {
        const enum text_line_result result = text_next_line(lines, line);
        if (result == LINE_UNFINISHED)
            return TEXT_MORE;
        if (result == LINE_NONE)
            return h->has_time ? text_fault(t, lines->next,
                                            "expected the bytes of a packet, found the end of the file")
                               : TEXT_END;
        if (text_line_find(line, packet) && !read_time(line, h))
            return text_fault(t, line->offset, "expected the number and time of a packet, found other words");
        const char *length = h->has_length ? NULL : text_line_find(line, length_word);
        if (length) {
            struct text_scan s = {find_number(line, length), line->at + line->length};
            if (!text_scan_decimal(&s, 9, &h->length))
                return text_fault(t, line->offset, "expected a number behind Length, found none");
            h->has_length = true;
        }
    } while (!is_dump(line, begin));
    if (!h->has_length)
        return text_fault(t, line->offset, "expected the length of a packet before its bytes, found none");
    if (h->length > TEXT_FRAME_MAX)
        return text_fault(t, line->offset, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h->length);
    return TEXT_RECORD;
}

static enum text_result vms_read(struct text_reader *t, struct text_record *r)
{
    struct text_lines lines = text_lines(t);
    struct text_line line;
    struct header h = {0};
    size_t begin = 0;
    const enum text_result words = read_words(t, &lines, &line, &h, &begin);
    if (words != TEXT_RECORD)
        return words;
    while (t->captured < h.length) {
        const char *expected =
            put_bytes(t, &line, begin, MIN(h.length - t->captured, (uint32_t)BYTES_A_LINE));
        if (expected)
            return text_fault(t, line.offset, "expected %s, found something else", expected);
        const enum text_line_result result =
            t->captured < h.length ? text_next_line(&lines, &line) : LINE_FOUND;
        if (result == LINE_UNFINISHED)
            return TEXT_MORE;
        if (result == LINE_NONE)
            return text_fault(t, lines.next, "expected %u more bytes of a packet, found the end of the file",
                              h.length - t->captured);
    }
    t->used = lines.next;
    if (h.has_time)
        t->own[0] =
            text_local_seconds(h.year, h.month, h.day, h.hour, h.minute, h.second) * 100 + h.hundredths;
    r->time = t->own[0];
    r->length = h.length;
    return TEXT_RECORD;
}

const struct text_format text_vms = {
    .name = "TCPIPtrace",
    .decimals = 2,
    .links = {101},
    .link_count = 1,
    .probe = vms_probe,
    .read = vms_read,
};
