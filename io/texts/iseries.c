/* A communications trace of IBM i (OS/400, iSeries), formatted by PRTCMNTRC. Also in UTF-16.
 *
 *      COMMUNICATIONS TRACE       Title: OS400 - OS400 trace       10/28/05  11:44:50       Page:       1
 *      Object protocol  . . . . . . :   ETHERNET
 *      Start date/Time . . . . . .  :   10/28/05  11:43:00.341
 *     (more of this, and the titles of the columns, on each page)
 *          8   S      145  11:43:59.82956               0006299C14AE  0006299C14FE   ETHV2   Type: 0800
 *                          Frame Type :  IP          DSCP: 0   ECN: 00-NECT  Length:   145   Protocol: TCP ...
 *                          IP Header  :  45000091388B40004006CC860A1490960A149097
 *                          TCP Header :  17768A269EEF1D2B7FAE93CF80187F885B5600000101080A0517E0F805166DE0
 *             Data . . . . . :  5443503200020010 0000004980000000  B800000080470103 01001E0000002000   *TCP2.......I*
 *                               5443503200020010                                                       *TCP2....*
 *
 * A packet's first line has its number, direction, length behind the Ethernet header, time, destination and source; its bytes
 * follow in lines of headers and of data, up to the next such line. All others are skipped, with packets that are not ETHV2. What
 * tshark 4.6.9 makes of such text was found by trying. */
#include "io/texts/text_formats.h"

enum {
    LINE_MAX_BYTES =
        256, /* of a line without the zeros of UTF-16; what is behind them is nothing that is read */
    ETHERNET = 14,
    ADDRESS_DIGITS = 12,
    FRACTION_DIGITS = 6,
    FRACTION_DIGITS_LEAST = 5,
    GROUPS = 4,
    GROUP_DIGITS = 16,
    DATE = 0, /* what the reader remembers: year << 16 | month << 8 | day */
};

struct header {
    uint32_t length, hours, minutes, seconds, microseconds;
    uint8_t ethernet[ETHERNET];
};

/* A line of one byte a character. */
struct plain {
    char bytes[LINE_MAX_BYTES];
    struct text_line line; /* of bytes; its offset is that of the line it was made of */
};

static void make_plain(struct plain *p, const struct text_line *line)
{
    size_t n = 0;
    for (size_t i = 0; i < line->length && n < sizeof p->bytes; i++)
        if (line->at[i] && !(i < 3 && (uint8_t)line->at[i] >= 0xfe)) /* nor the mark of the order of bytes */
            p->bytes[n++] = line->at[i];
    while (n && (p->bytes[n - 1] == '\r' || p->bytes[n - 1] == ' '))
        n--;
    p->line = (struct text_line){p->bytes, n, line->offset};
}

static enum text_line_result next_line(struct text_lines *lines, struct plain *p)
{
    struct text_line line;
    const enum text_line_result result = text_next_line(lines, &line);
    if (result == LINE_FOUND)
        make_plain(p, &line);
    return result;
}

/* What stands behind words and a colon; at is NULL: nothing. */
static struct text_scan value_of(const struct text_line *line, const char *words)
{
    const char *at = text_line_find(line, words), *end = line->at + line->length;
    const char *colon = at ? memchr(at, ':', (size_t)(end - at)) : NULL;
    struct text_scan s = {colon ? colon + 1 : NULL, end};
    if (colon)
        text_scan_blanks(&s);
    return s;
}

static bool iseries_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct plain p;
    bool has_title = false;
    while (next_line(&lines, &p) == LINE_FOUND) {
        has_title =
            has_title || (text_line_is_printed(&p.line) && text_line_find(&p.line, "COMMUNICATIONS TRACE"));
        struct text_scan s = value_of(&p.line, has_title ? "Object protocol  ." : "\n");
        if (s.at)
            return text_line_is_printed(&p.line) && text_scan_literal(&s, "ETHERNET");
    }
    return false;
}

/* Such a trace in UTF-16 has zeros in it, which others cannot begin with: a blank or the title, in one order or the other. */
static bool iseries_may_begin(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < MIN(count, (size_t)64); i++)
        if (bytes[i] && bytes[i] < 0xfe &&
            (bytes[i] >= 0x80 || (bytes[i] < ' ' && bytes[i] != '\r' && bytes[i] != '\n')))
            return false;
    return true;
}

static void read_date(struct text_reader *t, const struct text_line *line)
{
    struct text_scan s = value_of(line, "Start date/Time");
    uint32_t month, day, year;
    if (s.at && text_scan_decimal(&s, 2, &month) && text_scan_literal(&s, "/") &&
        text_scan_decimal(&s, 2, &day) && text_scan_literal(&s, "/") && text_scan_decimal(&s, 2, &year))
        t->own[DATE] = (2000 + year) << 16 | month << 8 | day;
}

static bool read_bytes(struct text_scan *s, uint8_t *bytes, size_t count)
{
    text_scan_blanks(s);
    for (size_t i = 0; i < count; i++) {
        unsigned byte;
        if (!text_scan_byte(s, &byte))
            return false;
        bytes[i] = (uint8_t)byte;
    }
    return true;
}

/* Hours, minutes, seconds with five or six decimals. */
static bool read_time(struct text_scan *s, struct header *h)
{
    if (!text_scan_decimal(s, 2, &h->hours) || !text_scan_literal(s, ":") ||
        !text_scan_decimal(s, 2, &h->minutes) || !text_scan_literal(s, ":") ||
        !text_scan_decimal(s, 2, &h->seconds) || !text_scan_literal(s, "."))
        return false;
    const char *begin = s->at;
    if (!text_scan_decimal(s, FRACTION_DIGITS, &h->microseconds) || s->at - begin < FRACTION_DIGITS_LEAST)
        return false;
    if (s->at - begin == FRACTION_DIGITS_LEAST)
        h->microseconds *= 10;
    return true;
}

/* Number, direction and length, with which the line of any packet begins. */
static bool read_beginning(struct text_scan *s, struct header *h)
{
    uint32_t number;
    if (!text_scan_decimal(s, 9, &number))
        return false;
    text_scan_blanks(s);
    if (s->end - s->at < 2 || *s->at < 'A' || *s->at > 'Z' || s->at[1] != ' ')
        return false;
    s->at++;
    return text_scan_decimal(s, 9, &h->length);
}

static bool is_packet(const struct text_line *line)
{
    struct text_scan s = text_scan_line(line);
    struct header h;
    return text_line_find(line, "ETHV2") || (read_beginning(&s, &h) && read_time(&s, &h));
}

static bool read_header(const struct text_line *line, struct header *h)
{
    struct text_scan s = text_scan_line(line);
    if (!read_beginning(&s, h) || !read_time(&s, h) || !read_bytes(&s, h->ethernet, ADDRESS_DIGITS / 2) ||
        !read_bytes(&s, h->ethernet + ADDRESS_DIGITS / 2, ADDRESS_DIGITS / 2))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "ETHV2"))
        return false;
    text_scan_blanks(&s);
    return text_scan_literal(&s, "Type:") && read_bytes(&s, h->ethernet + ADDRESS_DIGITS, 2);
}

/* Puts the digits here into the frame. The number of digits, -1 if it is odd. */
static int put_digits(struct text_reader *t, struct text_scan *s, int most)
{
    int digits = 0;
    unsigned byte;
    for (; digits < most && text_scan_byte(s, &byte); digits += 2)
        text_put(t, byte);
    return digits < most && s->at < s->end && text_digit(*s->at) >= 0 ? -1 : digits;
}

/* Those of the line, if it is one of a header or of data. False: they are none. */
static bool put_line(struct text_reader *t, const struct text_line *line)
{
    struct text_scan s = value_of(line, "Header");
    if (s.at) {
        return put_digits(t, &s, INT32_MAX) >= 0 && s.at == s.end;
    }
    s = value_of(line, "Data . .");
    if (!s.at) {
        s = text_scan_line(line);
        text_scan_blanks(&s);
        const char *star = memchr(s.at, '*', (size_t)(s.end - s.at));
        if (!star || text_digit(*s.at) < 0)
            return true;
        for (const char *c = s.at; c < star; c++) /* something else with an asterisk */
            if (*c != ' ' && text_digit(*c) < 0)
                return true;
    }
    for (int i = 0; i < GROUPS; i++) {
        const int digits = put_digits(t, &s, GROUP_DIGITS);
        text_scan_blanks(&s);
        if (digits < 0 || (digits < GROUP_DIGITS && s.at < s.end && *s.at != '*'))
            return false;
        if (digits < GROUP_DIGITS)
            break;
    }
    return s.at == s.end || *s.at == '*';
}

static enum text_result iseries_read(struct text_reader *t, struct text_record *r)
{
    struct text_lines lines = text_lines(t);
    struct plain p;
    struct header h;
    enum text_line_result result;
    do {
        t->used = lines.next;
        result = next_line(&lines, &p);
        if (result != LINE_FOUND)
            return text_skip_lines(t, &lines, result);
        read_date(t, &p.line);
    } while (!text_line_find(&p.line, "ETHV2"));
    const size_t at = p.line.offset;
    if (!read_header(&p.line, &h))
        return text_fault(
            t, at,
            "expected the number, direction, length, time, addresses and type of a packet, found others");
    if (h.length + ETHERNET > TEXT_FRAME_MAX)
        return text_fault(t, at, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h.length);
    for (size_t i = 0; i < ETHERNET; i++)
        text_put(t, h.ethernet[i]);
    for (;;) {
        t->used = lines.next;
        result = next_line(&lines, &p);
        if (result == LINE_UNFINISHED)
            return TEXT_MORE;
        if (result == LINE_NONE || is_packet(&p.line))
            break;
        if (!put_line(t, &p.line))
            return text_fault(t, p.line.offset, "expected bytes in hexadecimal digits, found others");
        if (t->captured > h.length + ETHERNET)
            return text_fault(t, p.line.offset, "expected a packet of %u bytes, found more of it", h.length);
    }
    const uint32_t date = (uint32_t)t->own[DATE];
    const int64_t seconds =
        date ? text_local_seconds(date >> 16, date >> 8 & 0xff, date & 0xff, h.hours, h.minutes, h.seconds)
             : h.hours * INT64_C(3600) + h.minutes * 60 + h.seconds;
    r->time = seconds * 1000000 + h.microseconds;
    r->length = h.length + ETHERNET;
    return TEXT_RECORD;
}

const struct text_format text_iseries = {
    .name = "IBM i",
    .may_begin = iseries_may_begin,
    .decimals = 6,
    .links = {1},
    .link_count = 1,
    .probe = iseries_probe,
    .read = iseries_read,
};
