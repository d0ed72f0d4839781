/* Captures of EtherPeek, AiroPeek and OmniPeek, of versions 5 to 7. All numbers are big endian.
 *
 *     file       | version 1: 5 to 7 | 0 1 | length 4 | packets 4 | date 4: seconds since 1904 | ? 8 |
 *                  medium 4 | physical medium 4 | ? 8 | 0 12 |
 *     record 5,6 | original length 2 | captured length, or 0 2 | ? 2 | milliseconds 4 | ? 16 | bytes |
 *     record 7   | ? 2 | original length 2 | captured length, or 0 2 | ? 2 |
 *                  microseconds since 1904 8 | bytes, padded to an even count |
 *
 * There is no magic number; the twelve zeros and the few media have to do. Seen on what tshark makes of
 * crafted files.
 */
#include "io/formats/records.h"

enum {
    FILE_HEADER = 50,
    RECORD_5 = 26,
    RECORD_7 = 16,
    RADIO_HEADER = 4, /* before, and a check sequence behind an 802.11 frame of version 7 */
    FCS_LENGTH = 4,
};

#define MAC_EPOCH INT64_C(2082844800) /* seconds from 1904 to 1970 */

struct peek {
    int64_t start; /* seconds since 1970 */
    bool seven;
};

static uint16_t link_of(uint32_t medium, uint32_t physical)
{
    if (medium == 0 && physical == 0)
        return 1;
    if (medium == 0 && physical == 1)
        return 105;
    return medium == 1 && physical == 0 ? 6 : 0xffff;
}

static bool peek_probe(const uint8_t *bytes, size_t count)
{
    static const uint8_t reserved[12];
    return count >= FILE_HEADER && bytes[0] >= 5 && bytes[0] <= 7 && bytes[1] == 0 &&
           memcmp(bytes + 38, reserved, sizeof reserved) == 0 &&
           link_of(load_be32(bytes + 22), load_be32(bytes + 26)) != 0xffff;
}

static enum capture_open_result peek_open(struct capture *c, const uint8_t *bytes, uint64_t count, bool whole)
{
    (void)count; /* the probe has seen as many */
    (void)whole;
    struct peek *p = capture_new_data(c, sizeof *p);
    if (!p)
        return OPEN_FAILED;
    p->start = load_be32(bytes + 10) - MAC_EPOCH;
    p->seven = bytes[0] == 7;
    c->link_type = link_of(load_be32(bytes + 22), load_be32(bytes + 26));
    c->first_record = FILE_HEADER;
    return OPEN_DONE;
}

static bool peek_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                      struct frame *f)
{
    const struct peek *k = c->format_data;
    const uint32_t header = k->seven ? RECORD_7 : RECORD_5;
    if (!record_has_header(r, header, available))
        return false;
    uint32_t original = load_be16(p + (k->seven ? 2 : 0)), captured = load_be16(p + (k->seven ? 4 : 2));
    if (!captured)
        captured = original;
    const uint64_t length = header + captured;
    if (!record_has(r, length, captured, available))
        return false;
    if (k->seven)
        r->length = length + (captured & 1); /* the last one's padding may be missing */
    f->data = p + header;
    if (k->seven && c->link_type == 105) {
        const uint32_t skip = MIN(captured, (uint32_t)RADIO_HEADER);
        f->data += skip;
        captured -= MIN(captured, (uint32_t)(RADIO_HEADER + FCS_LENGTH));
        original -= MIN(original, (uint32_t)(RADIO_HEADER + FCS_LENGTH));
    }
    r->has_frame = true;
    f->captured = captured;
    f->length = original;
    if (k->seven) {
        const uint64_t us = load_be64(p + 8);
        f->time = records_time((int64_t)(us / 1000000) - MAC_EPOCH, (int64_t)(us % 1000000) * 1000);
    } else {
        f->time = records_time(k->start, load_be32(p + 6) * INT64_C(1000000));
        f->decimals = 3;
    }
    return true;
}

const struct capture_format format_peek = {
    .name = "EtherPeek",
    .probe = peek_probe,
    .open = peek_open,
    RECORDS_FORMAT,
    .read_record = peek_read,
};
