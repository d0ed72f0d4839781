/* What Toshiba's ISDN routers TR-600 and TR-650 print for `snoop dump`.
 *
 *     [No.1] 00:00:09.14 B1:1 Tx 10.0.0.1->10.0.1.1 TCP      number, time since the trace began, channel, direction
 *     OFFSET 0001-0203-0405-0607-0809-0A0B-0C0D-0E0F 0123456789ABCDEF LEN=67
 *     0000 : FF03 003D C000 0008 2145 0000 3A12 6500 ...=....!E..:.e.
 *     ...
 *
 * Somewhere before it stands T O S H I B A. What tshark 4.6.9 makes of such text was found by trying. */
#include "io/texts/text_formats.h"

enum {
    LINK_ETHERNET,
    LINK_PPP,
    LINK_ISDN, /* nothing that is known here */
    BYTES_A_LINE = 16,
    OFFSET_DIGITS = 4,
    FIRST_COLUMN = 7,
    WORD_COLUMNS = 5,
    WORD_DIGITS = 4,
};

struct header {
    uint32_t hours, minutes, seconds, hundredths, length;
    char channel;
    uint32_t number; /* of a B channel */
};

static const char title[] = "T O S H I B A", record[] = "[No.", words[] = "OFFSET 0001-0203";

static bool scan_word(struct text_scan *s)
{
    text_scan_blanks(s);
    const char *begin = s->at;
    while (s->at < s->end && *s->at != ' ' && *s->at != '\t')
        s->at++;
    return s->at > begin;
}

static bool read_header(const struct text_line *line, struct header *h)
{
    struct text_scan s = text_scan_line(line);
    uint32_t number;
    s.at = text_line_find(line, record) + strlen(record);
    if (!text_scan_decimal(&s, 9, &number) || !text_scan_literal(&s, "]") ||
        !text_scan_decimal(&s, 2, &h->hours) || !text_scan_literal(&s, ":") ||
        !text_scan_decimal(&s, 2, &h->minutes) || !text_scan_literal(&s, ":") ||
        !text_scan_decimal(&s, 2, &h->seconds) || !text_scan_literal(&s, ".") ||
        !text_scan_decimal(&s, 9, &h->hundredths))
        return false;
    text_scan_blanks(&s);
    /* NOLINTNEXTLINE(bugprone-narrowing-conversions): a char or 0 */
    h->channel = s.at < s.end ? *s.at : 0;
    h->number = s.end - s.at > 1 && s.at[1] > '0' && s.at[1] <= '9' ? (uint32_t)(s.at[1] - '0') : 1;
    return scan_word(&s) && scan_word(&s);
}

static bool toshiba_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct text_line line;
    struct header h;
    bool has_title = false;
    while (text_next_line(&lines, &line) == LINE_FOUND) {
        has_title = has_title || text_line_find(&line, title);
        const char *at = has_title ? text_line_find(&line, record) : NULL;
        if (at)
            return text_line_is_printed(&line) && at - line.at <= 8 && read_header(&line, &h);
    }
    return false;
}

/* Four digits, of which blanks are zeros, up to what is none. */
static unsigned read_word(const struct text_line *line, size_t column)
{
    unsigned value = 0;
    for (size_t i = column; i < MIN(column + WORD_DIGITS, line->length); i++) {
        const int digit = line->at[i] == ' ' ? 0 : text_digit(line->at[i]);
        if (digit < 0)
            break;
        value = value << 4 | (unsigned)digit;
    }
    return value;
}

static bool has_offset(const struct text_line *line, uint32_t offset)
{
    struct text_scan s = {line->at, line->at + MIN(line->length, (size_t)OFFSET_DIGITS)};
    uint32_t found;
    return line->length && text_digit(*line->at) >= 0 && text_scan_hex(&s, OFFSET_DIGITS, &found) &&
           found == (offset & 0xffff);
}

static void read_bytes(struct text_reader *t, const struct text_line *line, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 2) {
        const unsigned word = read_word(line, FIRST_COLUMN + i / 2 * WORD_COLUMNS);
        text_put(t, word >> 8);
        if (i + 1 < count)
            text_put(t, word & 0xff);
    }
}

static unsigned link_of(struct text_reader *t, const struct header *h)
{
    if (h->channel != 'B' && h->channel != 'D')
        return LINK_ETHERNET;
    return text_isdn_is_ppp(t, h->channel == 'B' ? h->number : 0) ? LINK_PPP : LINK_ISDN;
}

/* From the line OFFSET on, at which it begins, to the last of the bytes. */
static enum text_result read_packet(struct text_reader *t, struct text_lines *lines, struct text_line *line,
                                    struct header *h)
{
    const char *length = text_line_find(line, "LEN=");
    struct text_scan s = {length ? length + 4 : NULL, line->at + line->length};
    if (!length || !text_scan_decimal(&s, 9, &h->length))
        return text_fault(t, line->offset,
                          "expected a line OFFSET that ends with LEN= and a number, found another");
    if (h->length > TEXT_FRAME_MAX)
        return text_fault(t, line->offset, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h->length);
    for (uint32_t i = 0; i < h->length; i += BYTES_A_LINE) {
        const enum text_line_result result = text_next_line(lines, line);
        if (result == LINE_UNFINISHED)
            return TEXT_MORE;
        if (result == LINE_NONE)
            return text_fault(t, lines->next, "expected %u more bytes of a packet, found the end of the file",
                              h->length - i);
        if (!has_offset(line, i))
            return text_fault(t, line->offset,
                              "expected a line of bytes that begins with %04X, found another", i & 0xffff);
        read_bytes(t, line, MIN(h->length - i, (uint32_t)BYTES_A_LINE));
    }
    t->used = lines->next;
    return TEXT_RECORD;
}

static bool is_record(const struct text_line *line)
{
    return text_line_find(line, record);
}

static enum text_result toshiba_read(struct text_reader *t, struct text_record *r)
{
    struct text_lines lines = text_lines(t);
    struct text_line line;
    struct header h;
    enum text_line_result result;
    const enum text_result found = text_find_record(t, &lines, &line, is_record);
    if (found != TEXT_RECORD)
        return found;
    const size_t at = line.offset;
    if (!read_header(&line, &h))
        return text_fault(t, at,
                          "expected the number, time, channel and direction of a packet, found others behind "
                          "[No.");
    do {
        result = text_next_line(&lines, &line);
        if (result == LINE_UNFINISHED)
            return TEXT_MORE;
        if (result == LINE_NONE)
            return text_fault(t, at, "expected a packet with a line OFFSET, found the end of the file");
    } while (line.length < strlen(words) || memcmp(line.at, words, strlen(words)) != 0);
    const enum text_result packet = read_packet(t, &lines, &line, &h);
    if (packet != TEXT_RECORD)
        return packet;
    r->time = (h.hours * INT64_C(3600) + h.minutes * 60 + h.seconds) * 100 + h.hundredths;
    r->link = link_of(t, &h);
    r->length = h.length;
    return TEXT_RECORD;
}

const struct text_format text_toshiba = {
    .name = "Toshiba router",
    .decimals = 2,
    .links = {1, 9, TEXT_LINK_UNSUPPORTED},
    .link_count = 3,
    .probe = toshiba_probe,
    .read = toshiba_read,
};
