/* Captures of EtherPeek, AiroPeek and OmniPeek, of version 9. All numbers are little endian.
 *
 *     file    | sections: "\x7fver" with <FileVersion>9.0<, "sess" with <MediaSubType>, "pkts" |
 *     section | name 4 | length 4 | ? 4 | text, or of "pkts" the records up to the end |
 *     record  | tags |
 *     tag     | number 2 | value 4 |; the last is ffff, captured length, and what was captured comes
 *               behind it, with a check sequence
 *
 * Tags: 0 length, 1 and 2 the lower and the upper half of the time in ns since 1601. Seen on what tshark
 * makes of crafted files.
 */
#include "io/formats/records.h"

enum {
    SECTION_HEADER = 12,
    TAG = 6,
    TAG_LENGTH = 0,
    TAG_TIME_LOW = 1,
    TAG_TIME_HIGH = 2,
    TAG_CAPTURED = 0xffff, /* the last one */
    /* More tags than anybody writes (there are some thirty). */
    TAGS_MAX = 256,
    /* What comes before the packets is text about the session. */
    HEADERS_MAX = 1 << 20,
    FCS_LENGTH = 4,
};

#define FILETIME_EPOCH INT64_C(11644473600) /* seconds from 1601 to 1970 */

struct peek_tagged {
    bool counts_fcs; /* in the frames' lengths, as Wireshark does of one subtype */
};

static bool peek_tagged_probe(const uint8_t *bytes, size_t count)
{
    return count >= 4 && memcmp(bytes, "\x7fver", 4) == 0;
}

/* The number behind <name> in a text. -1: there is none. */
static long number_in(const uint8_t *text, uint64_t length, const char *name)
{
    const uint8_t *at = memmem(text, length, name, strlen(name));
    if (!at)
        return -1;
    long n = -1;
    for (at += strlen(name); at < text + length && *at >= '0' && *at <= '9' && n < 1000; at++)
        n = (n < 0 ? 0 : n) * 10 + (*at - '0');
    return n;
}

static enum capture_open_result peek_tagged_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                                 bool whole)
{
    static const char packets[] = "pkts";
    uint64_t seen = MIN(count, (uint64_t)HEADERS_MAX);
    const uint8_t *end = memmem(bytes, seen, packets, 4);
    if ((!end || count - (uint64_t)(end - bytes) < SECTION_HEADER) && !whole && count < HEADERS_MAX)
        return OPEN_MORE;
    if (!end || count - (uint64_t)(end - bytes) < SECTION_HEADER)
        return records_refuse(c, 0, "a section of packets, \"pkts\", in the first MiB, and none", seen);
    const uint64_t head = (uint64_t)(end - bytes);
    const long version = number_in(bytes, head, "<FileVersion>"),
               medium = number_in(bytes, head, "<MediaSubType>");
    if (version != 9)
        return records_refuse(c, 0, "a file of version 9 of OmniPeek", version < 0 ? 0 : (uint64_t)version);
    if (medium < 0 || medium > 3)
        return records_refuse(c, 0, "a media subtype of OmniPeek that is known here, 0 to 3",
                              medium < 0 ? UINT32_MAX : (uint64_t)medium);
    struct peek_tagged *p = capture_new_data(c, sizeof *p);
    if (!p)
        return OPEN_FAILED;
    p->counts_fcs = medium == 3;
    c->link_type = medium == 0 ? 1 : 105;
    c->first_record = head + SECTION_HEADER;
    return OPEN_DONE;
}

static bool peek_tagged_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                             struct frame *f)
{
    const struct peek_tagged *k = c->format_data;
    uint32_t original = 0, captured, low = 0, high = 0, header = 0;
    for (unsigned tags = 0;; tags++) {
        if (tags == TAGS_MAX)
            return record_fault(r, RECORD_NONSENSE, 0, load_le16(p + header));
        if (!record_has_header(r, header + TAG, available))
            return false;
        const uint32_t value = load_le32(p + header + 2);
        const unsigned tag = load_le16(p + header);
        header += TAG;
        if (tag == TAG_LENGTH) {
            original = value;
        } else if (tag == TAG_TIME_LOW) {
            low = value;
        } else if (tag == TAG_TIME_HIGH) {
            high = value;
        } else if (tag == TAG_CAPTURED) {
            captured = value;
            break;
        }
    }
    if (!captured)
        captured = original;
    if (!record_has(r, (uint64_t)header + captured, captured, available))
        return false;
    const uint64_t ns = (uint64_t)high << 32 | low;
    r->has_frame = true;
    f->time = records_time((int64_t)(ns / 1000000000) - FILETIME_EPOCH, (int64_t)(ns % 1000000000));
    f->decimals = 9;
    f->data = p + header;
    f->captured = captured - MIN(captured, (uint32_t)FCS_LENGTH);
    f->length = original - (k->counts_fcs ? 0 : MIN(original, (uint32_t)FCS_LENGTH));
    return true;
}

const struct capture_format format_peek_tagged = {
    .name = "OmniPeek",
    .probe = peek_tagged_probe,
    .open = peek_tagged_open,
    RECORDS_FORMAT,
    .read_record = peek_tagged_read,
};
