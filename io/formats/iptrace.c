/* Captures of AIX's iptrace. All numbers are big endian.
 *
 *     file       | "iptrace 1.0" or "iptrace 2.0" 11 |
 *     record 1.0 | length behind this and the next field 4 | seconds 4 | ? 20 | interface type 1 |
 *                  sent 1 | bytes |
 *     record 2.0 | length behind this and the next field 4 | ? 24 | interface type 1 | sent 1 | ? 2 |
 *                  seconds 4 | nanoseconds 4 | bytes |
 *
 * Interface types are those of RFC 1573. What is behind them was seen on what tshark makes of crafted files.
 */
#include "io/formats/records.h"

enum {
    FILE_HEADER = 11,
    LENGTH_IS_BEHIND = 8,
    RECORD_1 = 30,
    RECORD_2 = 40,
    INTERFACE_TYPE = 28,
    FDDI_PADDING = 3
};

struct iptrace {
    unsigned record_header;
};

static bool iptrace_probe(const uint8_t *bytes, size_t count)
{
    return count >= FILE_HEADER &&
           (memcmp(bytes, "iptrace 1.0", FILE_HEADER) == 0 || memcmp(bytes, "iptrace 2.0", FILE_HEADER) == 0);
}

static enum capture_open_result iptrace_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                             bool whole)
{
    (void)count;
    (void)whole;
    struct iptrace *t = capture_new_data(c, sizeof *t);
    if (!t)
        return OPEN_FAILED;
    t->record_header = bytes[8] == '1' ? RECORD_1 : RECORD_2;
    c->first_record = FILE_HEADER;
    return OPEN_DONE;
}

static uint16_t link_of(unsigned type)
{
    switch (type) {
    case 6: /* Ethernet */
    case 7: /* IEEE 802.3 */
        return 1;
    case 9:
        return 6; /* token ring */
    case 15:
        return 10; /* FDDI */
    case 4:        /* DDN X.25 */
    case 12:       /* starLAN, which AIX takes for something else */
    case 24:       /* loopback */
    case 61:       /* virtual IP */
        return 101;
    case 37:
        return 0xffe0; /* ATM, which is not looked into */
    default:
        return LINK_TYPE_NOT_A_PACKET;
    }
}

static bool iptrace_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                         struct frame *f)
{
    const struct iptrace *t = c->format_data;
    const uint32_t header = t->record_header;
    if (!record_has_header(r, header, available))
        return false;
    uint64_t length = load_be32(p);
    if (length + LENGTH_IS_BEHIND < header)
        return record_fault(r, RECORD_LENGTH, header - LENGTH_IS_BEHIND, length);
    length += LENGTH_IS_BEHIND;
    if (!record_has(r, length, length - header, available))
        return false;
    r->has_frame = true;
    f->data = p + header;
    f->captured = f->length = (uint32_t)(length - header);
    f->link_type = link_of(p[INTERFACE_TYPE]);
    if (f->link_type == 10) {
        uint32_t skip = MIN(f->captured, (uint32_t)FDDI_PADDING);
        f->data += skip;
        f->captured = f->length -= skip;
    }
    if (header == RECORD_1) {
        f->time = records_time(load_be32(p + 4), 0);
        f->decimals = 0;
    } else {
        f->time = records_time(load_be32(p + 32), load_be32(p + 36));
        f->decimals = 9;
    }
    return true;
}

const struct capture_format format_iptrace = {
    .name = "iptrace",
    .probe = iptrace_probe,
    .open = iptrace_open,
    RECORDS_FORMAT,
    .read_record = iptrace_read,
};
