/* The text that Tektronix's K12 analyzers export, and `editcap -F k12text` writes.
 *
 *     +---------+---------------+----------+
 *     16:06:00,123,456   ETHER                          time of day, what it is
 *     |0   |00|10|a4|...|00|                            the bytes, each with the bar behind it
 *     (an empty line)
 *
 * Lines hardly matter: what stands between these parts is skipped, as tshark 4.6.9 does; found by trying. */
#include "io/texts/text_formats.h"

#include <ctype.h>

enum { LINK_ETHERNET, LINK_HDLC, LINK_OTHER, MAGIC = 38, TIME = 16, BYTES = 6 };

static const char magic[] = "+---------+---------------+----------+", bytes_begin[] = "|0   |";

/* Seconds since 1970 of the day that tshark takes for that of all times. */
static const int64_t day = 946681200;

static const struct {
    const char *name;
    int link; /* -1: Wireshark reads no more than this */
} kinds[] = {
    {"ETHER", LINK_ETHERNET}, {"HDLC", LINK_HDLC}, {"SSCFNNI", LINK_OTHER}, {"MTP-L2", -1}, {"SSCOP", -1},
};

static bool is_time(const char *p)
{
    static const char pattern[] = "00:00:00,000,000";
    for (size_t i = 0; i < TIME; i++)
        if (pattern[i] == '0' ? !isdigit((unsigned char)p[i]) : p[i] != pattern[i])
            return false;
    return true;
}

static unsigned number(const char *p, size_t digits)
{
    unsigned n = 0;
    while (digits--)
        n = n * 10 + (unsigned)(*p++ - '0');
    return n;
}

static const char *find_time(struct text_scan s)
{
    for (; s.end - s.at >= TIME; s.at++)
        if (is_time(s.at))
            return s.at;
    return NULL;
}

/* The first of the kinds of packets, before the bytes begin; ARRAY_LEN(kinds): the bytes begin without one, and -1:
 * there is neither. */
static int find_kind(struct text_scan *s)
{
    for (; s->at < s->end; s->at++) {
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            if (text_scan_literal(s, kinds[i].name))
                return (int)i;
        if (text_scan_literal(s, bytes_begin))
            return ARRAY_LEN(kinds);
    }
    return -1;
}

static bool k12text_probe(const uint8_t *bytes, size_t count, bool whole)
{
    (void)whole;
    const char *begin = memmem(bytes, count, magic, MAGIC), *end = (const char *)bytes + count;
    if (!begin)
        return false;
    struct text_scan s = {begin + MAGIC, end};
    text_scan_blanks(&s);
    if (s.end - s.at < TIME || !is_time(s.at))
        return false;
    const int kind = find_kind(&s);
    return kind >= 0 && kind < (int)ARRAY_LEN(kinds);
}

/* Is this the end of a line, and the next one empty? */
static bool ends_packet(const struct text_scan *s)
{
    const char *p = s->at;
    p += p < s->end && *p == '\r';
    if (p == s->end || *p++ != '\n')
        return false;
    p += p < s->end && *p == '\r';
    return p < s->end && *p == '\n';
}

/* Up to the end of the packet. False: it is not there. */
static bool read_bytes(struct text_reader *t, struct text_scan *s, bool *too_long)
{
    for (; s->at < s->end && !ends_packet(s); s->at++) {
        struct text_scan byte = *s;
        unsigned value;
        if (isupper((unsigned char)byte.at[0]) || byte.end - byte.at < 3 ||
            isupper((unsigned char)byte.at[1]) || !text_scan_byte(&byte, &value) || *byte.at != '|')
            continue;
        *too_long = !text_put(t, value);
        if (*too_long)
            return false;
        s->at = byte.at;
    }
    return s->at < s->end;
}

static enum text_result k12text_read(struct text_reader *t, struct text_record *r)
{
    const char *bytes = (const char *)t->bytes, *begin = memmem(bytes, t->count, magic, MAGIC);
    struct text_scan s = {begin, bytes + t->count};
    bool too_long = false;
    if (!begin) {
        if (t->whole)
            return TEXT_END;
        t->used = t->count - MIN(t->count, (size_t)MAGIC - 1);
        return t->used ? TEXT_SKIPPED : TEXT_MORE;
    }
    const char *time = find_time(s), *data;
    if (!time)
        goto more;
    s.at = time + TIME;
    const int kind = find_kind(&s);
    if (kind < 0)
        goto more;
    if (kind == ARRAY_LEN(kinds))
        return text_fault(t, (size_t)(time - bytes),
                          "expected a K12 packet of Ethernet, HDLC or SSCF-NNI, "
                          "found one of an unknown kind");
    if (kinds[kind].link < 0)
        return text_fault(t, (size_t)(time - bytes),
                          "expected a K12 packet of Ethernet, HDLC or SSCF-NNI, found one of %s",
                          kinds[kind].name);
    data = memmem(s.at, (size_t)(s.end - s.at), bytes_begin, BYTES);
    if (!data)
        goto more;
    s.at = data + BYTES;
    if (!read_bytes(t, &s, &too_long)) {
        if (too_long)
            return text_fault(t, (size_t)(data - bytes),
                              "expected a packet of at most %d bytes, found a longer one", TEXT_FRAME_MAX);
        goto more;
    }
    t->used = (size_t)(s.at - bytes);
    const int64_t seconds = day + number(time, 2) * 3600 + number(time + 3, 2) * 60 + number(time + 6, 2);
    r->time = seconds * 1000000 + number(time + 9, 3) * 1000 + number(time + 13, 3);
    r->link = (unsigned)kinds[kind].link;
    r->length = t->captured;
    return TEXT_RECORD;
more:
    return t->whole
               ? text_fault(t, (size_t)(begin - bytes),
                            "expected a K12 packet that ends with an empty line, found the end of the file")
               : TEXT_MORE;
}

const struct text_format text_k12text = {
    .name = "K12 text",
    .decimals = 6,
    .links = {1, 104, TEXT_LINK_UNSUPPORTED},
    .link_count = 3,
    .probe = k12text_probe,
    .read = k12text_read,
};
