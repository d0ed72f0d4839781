/* What CoSine's IP switches print of the packets of layer 2 that they log.
 *
 *     2000-2-1,18:19:46.8:  l2-tx (PPP:3/7/1:100), Length:16, Pro:0, Off:0, Pri:0, RM:0, Err:0 [0x4000, 0x0]
 *     00 02 00 00 FF 03 00 21 ...                                                        16 bytes a line
 *     (an empty line, unless the length is reached)
 *
 * Processor engines print no time. Before the packet stand bytes of the switch, how many depends on the interface. What
 * tshark makes of such text was found by trying. */
#include "io/texts/text_formats.h"

#include <ctype.h>

enum { BYTES_A_LINE = 16, HDLC_SENT = 2 };

enum { LINK_PPP, LINK_HDLC, LINK_FRAME_RELAY, LINK_ETHERNET, LINK_LLC, LINK_OTHER };

static const struct kind_of_interface {
    const char *name;
    unsigned link;
    uint32_t before; /* bytes */
} kinds[] = {
    {"PPP:", LINK_PPP, 4},           {"HDLC:", LINK_HDLC, 4},    {"FR:", LINK_FRAME_RELAY, 4},
    {"PPoFR:", LINK_FRAME_RELAY, 4}, {"ETH:", LINK_ETHERNET, 0}, {"ATM:", LINK_LLC, 16},
    {"PPoATM:", LINK_LLC, 16},       {"", LINK_OTHER, 0},
};

struct header {
    int64_t time; /* in hundredths of a second */
    const struct kind_of_interface *kind;
    bool is_sent;
    uint32_t length;
};

static bool is_header(const struct text_line *line)
{
    return text_line_find(line, "l2-tx") || text_line_find(line, "l2-rx");
}

static bool scan_time(struct text_scan *s, int64_t *time)
{
    uint32_t year, month, day, hour, minute, second, hundredths;
    if (!text_scan_decimal(s, 4, &year) || !text_scan_literal(s, "-") || !text_scan_decimal(s, 2, &month) ||
        !text_scan_literal(s, "-") || !text_scan_decimal(s, 2, &day) || !text_scan_literal(s, ",") ||
        !text_scan_decimal(s, 2, &hour) || !text_scan_literal(s, ":") || !text_scan_decimal(s, 2, &minute) ||
        !text_scan_literal(s, ":") || !text_scan_decimal(s, 2, &second) || !text_scan_literal(s, ".") ||
        !text_scan_decimal(s, 9, &hundredths) || !text_scan_literal(s, ":"))
        return false;
    *time = text_local_seconds(year, month, day, hour, minute, second) * 100 + hundredths;
    return true;
}

static bool scan_field(struct text_scan *s, const char *name, uint32_t *value)
{
    if (!text_scan_literal(s, ","))
        return false;
    text_scan_blanks(s);
    return text_scan_literal(s, name) && text_scan_decimal(s, 9, value);
}

static bool read_header(const struct text_line *line, struct header *h)
{
    struct text_scan s = text_scan_line(line);
    uint32_t ignored;
    h->time = 0;
    text_scan_blanks(&s);
    if (s.at < s.end && isdigit((unsigned char)*s.at) && !scan_time(&s, &h->time))
        return false;
    text_scan_blanks(&s);
    h->is_sent = text_scan_literal(&s, "l2-tx");
    if (!h->is_sent && !text_scan_literal(&s, "l2-rx"))
        return false;
    text_scan_blanks(&s);
    if (!text_scan_literal(&s, "("))
        return false;
    for (h->kind = kinds; !text_scan_literal(&s, h->kind->name); h->kind++)
        ;
    while (s.at < s.end && (isalnum((unsigned char)*s.at) || *s.at == '/' || *s.at == ':'))
        s.at++;
    return text_scan_literal(&s, ")") && scan_field(&s, "Length:", &h->length) &&
           scan_field(&s, "Pro:", &ignored) && scan_field(&s, "Off:", &ignored) &&
           scan_field(&s, "Pri:", &ignored) && scan_field(&s, "RM:", &ignored) &&
           scan_field(&s, "Err:", &ignored);
}

static bool cosine_probe(const uint8_t *bytes, size_t count, bool whole)
{
    struct text_lines lines = {.bytes = bytes, .count = count, .whole = whole};
    struct text_line line;
    struct header h;
    while (text_next_line(&lines, &line) == LINE_FOUND)
        if (is_header(&line))
            return read_header(&line, &h);
    return false;
}

/* Up to 16 bytes, of which the first ones are not of the packet. False: the line has something else. */
static bool put_line(struct text_reader *t, const struct text_line *line, uint32_t skip)
{
    struct text_scan s = text_scan_line(line);
    text_scan_blanks(&s);
    for (uint32_t i = 0, byte; i < BYTES_A_LINE && s.at < s.end; i++) {
        if (!text_scan_hex(&s, 2, &byte) || (i >= skip && !text_put(t, byte)))
            return false;
        text_scan_blanks(&s);
    }
    return true;
}

static enum text_result cosine_read(struct text_reader *t, struct text_record *r)
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
                          "expected the time, interface, length and codes of a packet, found others beside "
                          "l2-tx or l2-rx");
    if (h.length > TEXT_FRAME_MAX)
        return text_fault(t, at, "expected a packet of at most %d bytes, found a length of %u",
                          TEXT_FRAME_MAX, h.length);
    uint32_t skip = h.kind->link == LINK_HDLC && h.is_sent ? HDLC_SENT : h.kind->before;
    const uint32_t before = MIN(skip, h.length);
    for (uint32_t i = 0; i < h.length; i += BYTES_A_LINE) {
        result = text_next_line(&lines, &line);
        if (result == LINE_UNFINISHED)
            return TEXT_MORE;
        if (result == LINE_NONE)
            return text_fault(t, lines.next, "expected %u more bytes of a packet, found the end of the file",
                              h.length - i);
        if (text_line_is_blank(&line))
            break;
        if (!put_line(t, &line, skip))
            return text_fault(t, line.offset,
                              "expected a line of 16 bytes in hexadecimal digits, found another");
        skip -= MIN(skip, (uint32_t)BYTES_A_LINE);
    }
    t->used = lines.next;
    r->time = h.time;
    r->link = h.kind->link;
    r->length = h.length - before;
    return TEXT_RECORD;
}

const struct text_format text_cosine = {
    .name = "CoSine",
    .decimals = 2,
    .links = {9, 104, 107, 1, 100, TEXT_LINK_UNSUPPORTED},
    .link_count = 6,
    .probe = cosine_probe,
    .read = cosine_read,
};
