/* Captures of Network Instruments' (Viavi's) Observer. All numbers are little endian.
 *
 *     file    | "ObserverPktBufferVersion=" ... 32 | offset of the first record 2 | ? 1 | elements 1 |
 *               elements |
 *     element | type 2 | length of all of it 2 | ...: of type 4, time, 0 for local and 1 for UTC 4 |
 *     record  | 88888888 4 | ? 4 | captured length 2 | original length, with FCS 2 |
 *               offset of the frame 2 | offset of the next record 2 | network 1 | ? 2 |
 *               kind 1: 0 for frames | ? 20 | nanoseconds since 2000 8 | elements | bytes |
 *
 * Seen on files that editcap writes, and on what tshark makes of others.
 */
#include "io/formats/records.h"

enum {
    FILE_HEADER = 36,
    ELEMENT = 4,
    ELEMENT_TIME = 4,
    RECORD = 48,
    FCS_LENGTH = 4,
    NETWORK_FIBRE_CHANNEL = 8,
    SECONDS_OF_2000 = 946684800,
};
#define RECORD_MAGIC 0x88888888u

struct observer {
    bool utc;
};

static bool observer_probe(const uint8_t *bytes, size_t count)
{
    static const char magic[] = "ObserverPktBufferVersion=";
    return count >= sizeof magic - 1 && memcmp(bytes, magic, sizeof magic - 1) == 0;
}

static enum capture_open_result observer_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                              bool whole)
{
    enum capture_open_result result = records_need_header(c, FILE_HEADER, count, whole);
    if (result != OPEN_DONE)
        return result;
    const uint32_t first = load_le16(bytes + 32);
    if (first < FILE_HEADER)
        return records_refuse(c, 32, "a first record at offset 36 or more", first);
    result = records_need_header(c, first, count, whole);
    if (result != OPEN_DONE)
        return result;
    struct observer *o = capture_new_data(c, sizeof *o);
    if (!o)
        return OPEN_FAILED;
    uint32_t at = FILE_HEADER;
    for (unsigned left = bytes[35]; left; left--) {
        uint32_t length = first - at < ELEMENT ? 0 : load_le16(bytes + at + 2);
        if (length < ELEMENT || length > first - at)
            return records_refuse(c, at, "an element that ends before the first record, with a length",
                                  length);
        if (load_le16(bytes + at) == ELEMENT_TIME && length >= ELEMENT + 4)
            o->utc = load_le32(bytes + at + ELEMENT) == 1;
        at += length;
    }
    c->first_record = first;
    return OPEN_DONE;
}

static uint16_t link_of(unsigned network)
{
    switch (network) {
    case 0: /* Ethernet */
        return 1;
    case 1: /* token ring */
        return 6;
    case NETWORK_FIBRE_CHANNEL:
        return 225;
    case 9: /* 802.11 */
        return 105;
    default:
        return 0xffff;
    }
}

static bool observer_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                          struct frame *f)
{
    const struct observer *o = c->format_data;
    if (!record_has_header(r, RECORD, available))
        return false;
    if (load_le32(p) != RECORD_MAGIC)
        return record_fault(r, RECORD_MARK, RECORD_MAGIC, load_le32(p));
    uint32_t captured = load_le16(p + 8), original = load_le16(p + 10), data = load_le16(p + 12),
             next = load_le16(p + 14);
    const bool is_frame = p[19] == 0;
    if (data < RECORD || next < data || (is_frame && next < data + captured))
        return record_fault(r, RECORD_LENGTH, MAX(data, (uint32_t)RECORD) + (is_frame ? captured : 0), next);
    if (!record_has(r, next, captured, available))
        return false;
    if (!is_frame)
        return true;
    f->link_type = link_of(p[16]);
    if (f->link_type == 0xffff)
        return record_fault(r, RECORD_LINK, 0, p[16]);
    if (p[16] != NETWORK_FIBRE_CHANNEL)
        original -= MIN(original, (uint32_t)FCS_LENGTH);
    r->has_frame = true;
    f->data = p + data;
    f->length = original;
    f->captured = MIN(captured, original);
    const uint64_t ns = load_le64(p + 40);
    const int64_t seconds = (int64_t)(ns / 1000000000);
    const int64_t start =
        o->utc ? SECONDS_OF_2000 + seconds
               : records_local_seconds(2000, 1, 1 + (int)(seconds / 86400), 0, 0, (int)(seconds % 86400));
    f->time = records_time(start, (int64_t)(ns % 1000000000));
    f->decimals = 9;
    return true;
}

const struct capture_format format_observer = {
    .name = "Observer",
    .probe = observer_probe,
    .open = observer_open,
    RECORDS_FORMAT,
    .read_record = observer_read,
};
