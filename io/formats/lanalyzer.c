/* Captures of Novell's LANalyzer. All numbers are little endian.
 *
 *     file   | records: 1001, others, with a summary among them, and then those of packets
 *     record | type 2 | length behind this 2 | ...
 *     1001   | ? 2 | "Trace Display Trace File" ...
 *     1002   | the summary: day 1 | month 1 | year 2 | ... at 188 | board 2 ...
 *     1005   | ? 4 | original length, with FCS 2 | captured length 2 | time of day 6: units of 0.5 us |
 *              ? 18 | bytes |
 *
 * Seen on files that editcap writes, and on what tshark makes of others.
 */
#include "io/formats/records.h"
#include "io/problems.h"

enum {
    RECORD_HEADER = 4,
    TYPE_HEADER = 0x1001,
    TYPE_CYCLIC = 0x1007,
    TYPE_SUMMARY = 0x1002,
    TYPE_PACKET = 0x1005,
    SUMMARY_BOARD = 188,
    PACKET_HEADER = 32,
    FCS_LENGTH = 4,
};

struct lanalyzer {
    int64_t day; /* seconds since 1970 at which it began */
};

static bool lanalyzer_probe(const uint8_t *bytes, size_t count)
{
    static const char name[] = "Trace Display Trace File";
    unsigned type = count >= RECORD_HEADER ? load_le16(bytes) : 0;
    return (type == TYPE_HEADER || type == TYPE_CYCLIC) && count >= 6 + sizeof name - 1 &&
           memcmp(bytes + 6, name, sizeof name - 1) == 0;
}

static enum capture_open_result lanalyzer_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                               bool whole)
{
    struct lanalyzer *l = NULL;
    uint64_t at = 0;
    while (count - at >= RECORD_HEADER && load_le16(bytes + at) != TYPE_PACKET) {
        const uint8_t *p = bytes + at;
        const uint32_t length = load_le16(p + 2);
        if (count - at < RECORD_HEADER + length)
            break;
        if (load_le16(p) == TYPE_SUMMARY && length >= SUMMARY_BOARD + 2) {
            const unsigned board = load_le16(p + RECORD_HEADER + SUMMARY_BOARD);
            if (board != 226 && board != 227)
                return records_refuse(c, (int64_t)at + RECORD_HEADER + SUMMARY_BOARD,
                                      "a LANalyzer board that is known here", board);
            l = capture_new_data(c, sizeof *l);
            if (!l)
                return OPEN_FAILED;
            c->link_type = board == 226 ? 1 : 6;
            l->day = records_local_seconds(load_le16(p + RECORD_HEADER + 2), p[RECORD_HEADER + 1],
                                           p[RECORD_HEADER], 0, 0, 0);
        }
        at += RECORD_HEADER + length;
    }
    const bool packet = count - at >= RECORD_HEADER && load_le16(bytes + at) == TYPE_PACKET;
    if (!packet && !whole)
        return OPEN_MORE;
    if (!l) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a LANalyzer summary before the first packet, found none");
        return OPEN_FAILED;
    }
    c->first_record = at;
    return OPEN_DONE;
}

static bool lanalyzer_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                           struct frame *f)
{
    const struct lanalyzer *l = c->format_data;
    if (!record_has_header(r, RECORD_HEADER, available))
        return false;
    const uint32_t type = load_le16(p), length = load_le16(p + 2);
    if (type != TYPE_PACKET)
        return record_fault(r, RECORD_LINK, 0, type);
    if (length < PACKET_HEADER)
        return record_fault(r, RECORD_LENGTH, PACKET_HEADER, length);
    if (!record_has(r, RECORD_HEADER + length, 0, available))
        return false;
    const uint32_t original = load_le16(p + 8), captured = load_le16(p + 10);
    if (length < PACKET_HEADER + captured)
        return record_fault(r, RECORD_LENGTH, PACKET_HEADER + captured, length);
    const uint64_t units = load_le32(p + 12) | (uint64_t)load_le16(p + 16) << 32;
    r->has_frame = true;
    f->time = records_time(l->day, (int64_t)units * 500);
    f->decimals = 7;
    f->data = p + RECORD_HEADER + PACKET_HEADER;
    f->captured = captured;
    f->length = original - MIN(original, (uint32_t)FCS_LENGTH);
    return true;
}

const struct capture_format format_lanalyzer = {
    .name = "LANalyzer",
    .probe = lanalyzer_probe,
    .open = lanalyzer_open,
    RECORDS_FORMAT,
    .read_record = lanalyzer_read,
};
