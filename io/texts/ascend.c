/* What access servers of Ascend and Lucent print of packets: wandsess, wdd, etherdisplay and the like.
 *
 *     Date: 01/12/1990.  Time: 12:22:33                                       of wdd: month, day, year
 *     RECV-iguana:241:(task: B02614C0, time: 1975432.85) 49 octets @ 8003BD94     time since the start of the server
 *       [0000]: FF 03 00 3D C0 06 CA 22 2F 45 00 00 28 6A 3B 40   ...             at most 128 bytes
 *
 * What a packet is stands before its task: Ethernet behind ETHER and of wdd, which has nothing there, PPP or what is like it
 * behind RECV- and XMIT-, and LAPD behind PRI-. Wireshark has no date of most traces and takes that of the file; here the
 * times since the start of the server are used. What tshark makes of such text was found by trying. */
#include "io/texts/text_formats.h"

enum { LINK_ETHERNET, LINK_PPP, LINK_OTHER, BYTES_A_LINE = 16, TEXT_GAP = 3 };

struct header {
    uint32_t seconds, hundredths, length;
    unsigned link;
};

static const char task[] = "(task";

static bool read_header(const struct text_line *line, struct header *h)
{
    struct text_scan s = text_scan_line(line);
    const char *time = text_line_find(line, ", time: ");
    uint32_t address;
    text_scan_blanks(&s);
    h->link = text_scan_literal(&s, "RECV-") || text_scan_literal(&s, "XMIT-") ? LINK_PPP
              : text_scan_literal(&s, "ETHER") || text_scan_literal(&s, task)  ? LINK_ETHERNET
                                                                               : LINK_OTHER;
    if (!time)
        return false;
    s.at = time + strlen(", time: ");
    if (!text_scan_decimal(&s, 9, &h->seconds) || !text_scan_literal(&s, ".") ||
        !text_scan_decimal(&s, 9, &h->hundredths) || !text_scan_literal(&s, ")") ||
        !text_scan_decimal(&s, 9, &h->length))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "octets @"))
        return false;
    text_scan_blanks(&s);
    text_scan_literal(&s, "0x");
    return text_scan_hex(&s, 8, &address);
}

/* Is it a line of bytes? *s: those. */
static bool is_data(const struct text_line *line, struct text_scan *s)
{
    uint32_t offset;
    *s = text_scan_line(line);
    text_scan_blanks(s);
    return text_scan_literal(s, "[") && text_scan_hex(s, 4, &offset) && text_scan_literal(s, "]:");
}

static bool ascend_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct text_line line;
    struct text_scan s;
    struct header h;
    while (text_next_line(&lines, &line) == LINE_FOUND)
        if (text_line_find(&line, task))
            return text_line_is_printed(&line) && read_header(&line, &h) &&
                   text_next_line(&lines, &line) == LINE_FOUND && is_data(&line, &s);
    return false;
}

/* "Date: 01/12/1990.  Time: 12:22:33" */
static bool read_date(const struct text_line *line, int64_t *seconds)
{
    struct text_scan s = text_scan_line(line);
    uint32_t year, month, day, hour, minute, second;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "Date:") || !text_scan_decimal(&s, 2, &month) || !text_scan_literal(&s, "/") ||
        !text_scan_decimal(&s, 2, &day) || !text_scan_literal(&s, "/") || !text_scan_decimal(&s, 4, &year) ||
        !text_scan_literal(&s, "."))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "Time:") || !text_scan_decimal(&s, 2, &hour) || !text_scan_literal(&s, ":") ||
        !text_scan_decimal(&s, 2, &minute) || !text_scan_literal(&s, ":") ||
        !text_scan_decimal(&s, 2, &second))
        return false;
    *seconds = text_local_seconds(year, month, day, hour, minute, second);
    return true;
}

/* The bytes of a line, up to the gap before its characters. False: there is something else between them. */
static bool put_bytes(struct text_reader *t, struct text_scan s, uint32_t length)
{
    for (unsigned i = 0, byte; i < BYTES_A_LINE; i++) {
        const char *before = s.at;
        text_scan_blanks(&s);
        if (s.at == s.end || s.at - before >= TEXT_GAP)
            break;
        if (s.at == before || !text_scan_byte(&s, &byte))
            return false;
        if (t->captured < length)
            text_put(t, byte);
    }
    return true;
}

/* The first packet tells when the server was started, if there is a date before it. */
static int64_t time_of(struct text_reader *t, const struct header *h, bool has_date, int64_t date)
{
    int64_t *is_known = &t->own[0], *start = &t->own[1];
    if (!*is_known)
        *start = has_date ? date - (int64_t)h->seconds : 0;
    *is_known = 1;
    return (*start + h->seconds) * 100 + h->hundredths;
}

static enum text_result ascend_read(struct text_reader *t, struct text_record *r)
{
    struct text_lines lines = text_lines(t);
    struct text_line line;
    struct text_scan s;
    struct header h;
    enum text_line_result result;
    bool has_date = false;
    int64_t date = 0;
    do {
        result = text_next_line(&lines, &line);
        if (result != LINE_FOUND)
            return has_date && result == LINE_UNFINISHED ? TEXT_MORE : text_skip_lines(t, &lines, result);
        has_date = read_date(&line, &date) || has_date;
    } while (!text_line_find(&line, task));
    const size_t at = line.offset;
    if (!read_header(&line, &h))
        return text_fault(t, at,
                          "expected the time and length of a packet behind its task, found other words");
    if (h.length > TEXT_FRAME_MAX)
        return text_fault(t, at, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h.length);
    t->used = lines.next;
    while ((result = text_next_line(&lines, &line)) == LINE_FOUND && is_data(&line, &s)) {
        if (!put_bytes(t, s, h.length))
            return text_fault(t, line.offset,
                              "expected a line of bytes in hexadecimal digits, found another");
        t->used = lines.next;
    }
    if (result == LINE_UNFINISHED)
        return TEXT_MORE;
    if (!t->captured)
        return text_fault(t, t->used, "expected the bytes of a packet, found %s",
                          result == LINE_NONE ? "the end of the file" : "other words");
    r->time = time_of(t, &h, has_date, date);
    r->link = h.link;
    r->length = h.length;
    return TEXT_RECORD;
}

const struct text_format text_ascend = {
    .name = "Ascend",
    .decimals = 2,
    .links = {1, 9, TEXT_LINK_UNSUPPORTED},
    .link_count = 3,
    .probe = ascend_probe,
    .read = ascend_read,
};
