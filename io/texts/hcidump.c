/* What BlueZ's hcidump writes (its option -w): packets between a host and its Bluetooth controller.
 *
 *     record | length 2 | received 1 | 0 1 | seconds since 1970 4 | microseconds 4 | packet |    the least significant byte first
 *     packet | 1 | opcode 2 | length 1 | ...    | 2 | handle 2 | length 2 | ...
 *            | 4 | event 1 | length 1 | ...     | 3 | handle 2 | length 1 | ...
 *
 * Each becomes one of link type 201, which has the direction before it. By trying on tshark 4.6.9. */
#include "io/texts/text_formats.h"

enum { HEADER = 12, DIRECTION = 4, COMMAND = 1, DATA = 2, VOICE = 3, EVENT = 4 };

/* What the packet says of its own length, with all its headers; 0: its type is none. */
static size_t said_length(const uint8_t *p, size_t count)
{
    enum { COMMAND_HEADER = 4, DATA_HEADER = 5, EVENT_HEADER = 3 };
    if (count < DATA_HEADER &&
        (count < EVENT_HEADER || *p == DATA || (count < COMMAND_HEADER && *p != EVENT)))
        return 0;
    switch (*p) {
    case COMMAND:
    case VOICE:
        return COMMAND_HEADER + (size_t)p[3];
    case DATA:
        return DATA_HEADER + (size_t)load_le16(p + 3);
    case EVENT:
        return EVENT_HEADER + (size_t)p[2];
    default:
        return 0;
    }
}

static bool is_likely(const uint8_t *p)
{
    enum { YEAR_1990 = 631152000 };
    return load_le16(p) && p[2] <= 1 && p[3] == 0 && load_le32(p + 4) > YEAR_1990 &&
           load_le32(p + 8) < 1000000;
}

/* There is no magic number. All records that can be seen have to be likely, and the first packet as long as it says; a
 * single one has to end with the file. */
static bool hcidump_probe(const uint8_t *bytes, size_t count, bool whole)
{
    size_t at = 0, records = 0;
    for (; count - at >= HEADER + 1; records++) {
        const uint8_t *p = bytes + at;
        const size_t length = load_le16(p), left = count - at - HEADER;
        if (!is_likely(p) || p[HEADER] < COMMAND || p[HEADER] > EVENT)
            return false;
        if (records == 0 && said_length(p + HEADER, MIN(length, left)) != length)
            return false;
        if (left < length)
            break;
        at += HEADER + length;
    }
    return records >= 2 || (records == 1 && whole && at == count);
}

static bool hcidump_may_begin(const uint8_t *bytes, size_t count)
{
    return count < 4 || (bytes[2] <= 1 && bytes[3] == 0 && (count < HEADER || is_likely(bytes)));
}

static enum text_result hcidump_read(struct text_reader *t, struct text_record *r)
{
    const uint8_t *p = t->bytes;
    if (t->count == 0 && t->whole)
        return TEXT_END;
    const size_t length = t->count < HEADER ? 0 : load_le16(p);
    if (t->count < HEADER + length) {
        if (!t->whole)
            return TEXT_MORE;
        return text_fault(t, 0, "expected a record%s of %zu bytes, found the end of the file after %zu",
                          t->count < HEADER ? " header" : "", HEADER + length, t->count);
    }
    memcpy(t->frame, (const uint8_t[DIRECTION]){0, 0, 0, p[2] != 0}, DIRECTION);
    memcpy(t->frame + DIRECTION, p + HEADER, length);
    t->captured = (uint32_t)(DIRECTION + length);
    t->used = HEADER + length;
    r->time = load_le32(p + 4) * INT64_C(1000000) + load_le32(p + 8);
    r->length = t->captured;
    return TEXT_RECORD;
}

const struct text_format text_hcidump = {
    .name = "hcidump",
    .may_begin = hcidump_may_begin,
    .decimals = 6,
    .links = {201},
    .link_count = 1,
    .probe = hcidump_probe,
    .read = hcidump_read,
};
