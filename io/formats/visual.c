/* Captures of Visual Networks' Traffic Capture. All numbers are little endian.
 *
 *     file    | 05 "VNF" 4 | packets 4 | start 4: seconds since 1970 | medium 2 | ... up to 192 |
 *     record  | milliseconds 4 | original length, with FCS 2 | captured length 2 | status 4 | hint 1 |
 *               skip 1 | ? 6 | bytes |
 *     behind the last | an index
 *
 * Seen on files that editcap writes, and on what tshark makes of others.
 */
#include "io/formats/records.h"

enum { FILE_HEADER = 192, RECORD = 20, HINT_PPP = 14 };

struct visual {
    int64_t start; /* seconds since 1970 */
};

static bool visual_probe(const uint8_t *bytes, size_t count)
{
    return count >= 4 && memcmp(bytes, "\5VNF", 4) == 0;
}

static uint16_t link_of(unsigned medium)
{
    switch (medium) {
    case 6: /* Ethernet */
        return 1;
    case 9: /* token ring */
        return 6;
    case 22: /* Cisco HDLC, unless the hint of a frame says PPP */
    case 118:
        return 104;
    case 32: /* Frame Relay */
        return 107;
    case 16:           /* LAPB */
    case 37:           /* ATM */
        return 0xffe0; /* not looked into */
    default:
        return 0xffff;
    }
}

static enum capture_open_result visual_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                            bool whole)
{
    if (!whole)
        return OPEN_MORE; /* the last packet is known by their number only */
    enum capture_open_result result = records_need_header(c, FILE_HEADER, count, whole);
    if (result != OPEN_DONE)
        return result;
    c->link_type = link_of(load_le16(bytes + 12));
    if (c->link_type == 0xffff)
        return records_refuse(c, 12, "a Visual Networks medium that is known here", load_le16(bytes + 12));
    if (load_le16(bytes + 18) != 1)
        return records_refuse(c, 18, "version 1 of a Visual Networks file", load_le16(bytes + 18));
    struct visual *v = capture_new_data(c, sizeof *v);
    if (!v)
        return OPEN_FAILED;
    v->start = load_le32(bytes + 8);
    uint64_t end = FILE_HEADER;
    for (uint32_t left = load_le32(bytes + 4); left && end < count; left--)
        end += count - end < RECORD ? RECORD : RECORD + load_le16(bytes + end + 6);
    c->first_record = FILE_HEADER;
    c->records_end = end;
    return OPEN_DONE;
}

static bool visual_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                        struct frame *f)
{
    const struct visual *v = c->format_data;
    if (!record_has_header(r, RECORD, available))
        return false;
    uint32_t captured = load_le16(p + 6);
    if (!record_has(r, RECORD + captured, captured, available))
        return false;
    const uint32_t original = load_le16(p + 4);
    const uint32_t fcs = c->link_type == 1 ? 4 : c->link_type == 6 ? 0 : 2;
    if (original < fcs)
        return record_fault(r, RECORD_NONSENSE, fcs, original);
    r->has_frame = true;
    if (c->link_type == 104 && p[12] == HINT_PPP)
        f->link_type = 9;
    f->time = records_time(v->start, load_le32(p) * INT64_C(1000000));
    f->decimals = 3;
    f->data = p + RECORD;
    f->captured = captured;
    f->length = original - fcs;
    return true;
}

const struct capture_format format_visual = {
    .name = "Visual Networks",
    .probe = visual_probe,
    .open = visual_open,
    RECORDS_FORMAT,
    .read_record = visual_read,
};
