/* What Juniper's NetScreen firewalls print of the packets that `snoop` has seen: `get dbuf stream`.
 *
 *     12289.5: ethernet2/1(i) len=98:00121ebbd132->00600868d659/0800      seconds, interface, direction, length
 *                   192.168.1.1 -> 192.168.1.10/6                          up to eight lines of words
 *                   00 60 08 68 d6 59 00 12 1e bb d1 32 08 00 45 00     .`.h.Y.....2..E.
 *                   ...                                                   16 bytes a line
 *     (a line of blanks, or the end)
 *
 * What tshark 4.6.9 makes of such text was found by trying. */
#include "io/texts/text_formats.h"

enum {
    LINK_ETHERNET,
    LINK_PPP,
    PROBE_LINES = 32,
    INTERFACE_MAX = 15,
    INDENT = 14, /* of words */
    WORD_LINES = 8,
    BYTES_A_LINE = 16,
    ADDRESS = 6,
};

struct header {
    uint32_t seconds, tenths, length;
    struct text_scan interface, destination;
};

static bool is_header(const struct text_line *line)
{
    return text_line_find(line, "(i) len=") || text_line_find(line, "(o) len=");
}

static bool is_of_interface(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == ':' || c == '.' || c == '-';
}

static bool read_header(const struct text_line *line, struct header *h)
{
    struct text_scan s = text_scan_line(line);
    if (!text_scan_decimal(&s, 9, &h->seconds) || !text_scan_literal(&s, ".") ||
        !text_scan_decimal(&s, 9, &h->tenths) || !text_scan_literal(&s, ":"))
        return false;
    text_scan_blanks(&s);
    h->interface = (struct text_scan){s.at, s.at};
    while (s.at < s.end && s.at - h->interface.at < INTERFACE_MAX && is_of_interface(*s.at))
        s.at++;
    h->interface.end = s.at;
    if (s.at == h->interface.at || !(text_scan_literal(&s, "(i)") || text_scan_literal(&s, "(o)")))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "len=") || !text_scan_decimal(&s, 9, &h->length) ||
        !text_scan_literal(&s, ":"))
        return false;
    while (s.at < s.end && !text_scan_literal(&s, "->"))
        s.at++;
    h->destination = s;
    return true;
}

static bool netscreen_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct text_line line;
    struct header h;
    for (unsigned i = 0; i < PROBE_LINES && text_next_line(&lines, &line) == LINE_FOUND; i++)
        if (is_header(&line))
            return read_header(&line, &h);
    return false;
}

/* PPP or Ethernet: that of serial and some ADSL interfaces begins with no address. */
static unsigned link_of(const struct text_reader *t, const struct header *h)
{
    struct text_scan name = h->interface, destination = h->destination;
    if (text_scan_literal(&name, "seri"))
        return LINK_PPP;
    if (!text_scan_literal(&name, "adsl"))
        return LINK_ETHERNET;
    for (unsigned i = 0, byte; i < ADDRESS; i++)
        if (!text_scan_byte(&destination, &byte) || i >= t->captured || byte != t->frame[i])
            return LINK_PPP;
    return LINK_ETHERNET;
}

/* The bytes of a line, of which *count are counted. What is wrong with it, or NULL. */
static const char *read_bytes(struct text_reader *t, const struct text_line *line, unsigned *count)
{
    struct text_scan s = text_scan_line(line);
    *count = 0;
    text_scan_blanks(&s);
    for (unsigned byte; *count < BYTES_A_LINE && s.at < s.end && *s.at != ' '; ++*count) {
        if (!text_scan_byte(&s, &byte) || !(s.at == s.end || *s.at == ' ') || !text_put(t, byte))
            return "two hexadecimal digits and a blank for each byte";
        s.at += s.at < s.end;
    }
    return NULL;
}

static bool is_indented(const struct text_line *line)
{
    struct text_scan s = text_scan_line(line);
    text_scan_blanks(&s);
    return s.at - line->at >= INDENT;
}

static enum text_result netscreen_read(struct text_reader *t, struct text_record *r)
{
    struct text_lines lines = text_lines(t);
    struct text_line line;
    struct header h;
    enum text_line_result result;
    const enum text_result found = text_find_record(t, &lines, &line, is_header);
    if (found != TEXT_RECORD)
        return found;
    const size_t at = line.offset;
    if (!read_header(&line, &h))
        return text_fault(t, at,
                          "expected the first line of a NetScreen packet, found other words beside len=");
    if (h.length > TEXT_FRAME_MAX)
        return text_fault(t, at, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h.length);
    for (unsigned words = 0; (result = text_next_line(&lines, &line)) == LINE_FOUND;) {
        unsigned count;
        if (text_line_is_blank(&line))
            break;
        const uint32_t before = t->captured;
        const char *expected = read_bytes(t, &line, &count);
        if (before == 0 && (expected || count < ADDRESS) && is_indented(&line) && words++ < WORD_LINES) {
            t->captured = 0;
            continue;
        }
        if (before == 0 && !expected && count < ADDRESS)
            return text_fault(t, line.offset, "expected a first line of at least %d bytes, found one of %u",
                              ADDRESS, count);
        if (expected)
            return text_fault(t, line.offset, "expected %s, found something else after %u", expected, count);
    }
    if (result == LINE_UNFINISHED)
        return TEXT_MORE;
    t->used = lines.next;
    r->time = (int64_t)h.seconds * 10 + h.tenths;
    r->link = link_of(t, &h);
    r->length = h.length;
    return TEXT_RECORD;
}

const struct text_format text_netscreen = {
    .name = "NetScreen",
    .decimals = 1,
    .links = {1, 9},
    .link_count = 2,
    .probe = netscreen_probe,
    .read = netscreen_read,
};
