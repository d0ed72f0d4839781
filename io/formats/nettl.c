/* Captures of HP-UX's nettl. All numbers are big endian.
 *
 *     file   | "TR" 00 64 and 7 zeros 80, or of HP-UX 9 00 00 00 01 00 00 00 00 00 07 d0 00 | ... up to 128 |
 *     record | length of this header 2 | subsystem 2 | ? 8 | kind 4 | ? 16 | captured length 4 |
 *              original length 4 | seconds 4 | microseconds 4 | ... | bytes |
 *
 * The subsystem tells what the bytes are. Seen on files that editcap writes, and on what tshark makes of
 * others.
 */
#include "io/formats/records.h"

enum {
    FILE_HEADER = 128,
    RECORD_FIELDS = 48,       /* what is read of a record's header */
    KIND_PACKET = 0x30000000, /* received or sent */
    LOOPBACK_PADDING = 26,
    FDDI_PADDING = 3,
    LINK_UNSUPPORTED = 0xffe0, /* a packet that is not looked into */
};

static bool nettl_probe(const uint8_t *bytes, size_t count)
{
    return count >= 12 && (memcmp(bytes, "TR\0d\0\0\0\0\0\0\0\x80", 12) == 0 ||
                           memcmp(bytes, "\0\0\0\1\0\0\0\0\0\7\xd0\0", 12) == 0);
}

static enum capture_open_result nettl_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                           bool whole)
{
    (void)bytes;
    enum capture_open_result result = records_need_header(c, FILE_HEADER, count, whole);
    c->first_record = FILE_HEADER;
    return result;
}

/* The link type of what a subsystem logs, and the bytes before it. */
static uint16_t link_of(unsigned subsystem, uint32_t *padding)
{
    *padding = 0;
    switch (subsystem) {
    case 2: /* loopback */
        *padding = LOOPBACK_PADDING;
        return 101;
    case 6: /* TCP, UDP, IP, IPv6 */
    case 8:
    case 9:
    case 244:
        return 101;
    case 37: /* drivers of Ethernet cards */
    case 164:
    case 172:
    case 173:
    case 178:
    case 179:
    case 180:
    case 185:
    case 189:
    case 190:
    case 210:
    case 233:
    case 252:
    case 253:
    case 265:
    case 269:
    case 270:
    case 271:
    case 275:
    case 277:
    case 278:
        return 1;
    case 31: /* token ring */
    case 187:
        return 6;
    case 95: /* FDDI */
        return 10;
    case 174:
    case 176:
    case 177:
        *padding = FDDI_PADDING;
        return 10;
    case 11: /* drivers, with a header of their own */
    case 23: /* ICMP and ICMPv6 without IP */
    case 245:
        return LINK_UNSUPPORTED;
    default:
        return LINK_TYPE_NOT_A_PACKET;
    }
}

static bool nettl_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                       struct frame *f)
{
    (void)c;
    if (!record_has_header(r, RECORD_FIELDS, available))
        return false;
    uint32_t header = load_be16(p), captured = load_be32(p + 32), padding;
    if (header < RECORD_FIELDS)
        return record_fault(r, RECORD_LENGTH, RECORD_FIELDS, header);
    f->link_type = link_of(load_be16(p + 2), &padding);
    /* Other things are logged, too. */
    if (!(load_be32(p + 12) & KIND_PACKET)) {
        f->link_type = LINK_TYPE_NOT_A_PACKET;
        padding = 0;
    }
    if (!record_has(r, (uint64_t)header + captured, captured, available))
        return false;
    padding = MIN(padding, captured);
    r->has_frame = true;
    f->data = p + header + padding;
    f->captured = captured - padding;
    f->length = load_be32(p + 36);
    f->length -= MIN(f->length, padding);
    f->time = records_time(load_be32(p + 40), load_be32(p + 44) * INT64_C(1000));
    return true;
}

const struct capture_format format_nettl = {
    .name = "nettl",
    .probe = nettl_probe,
    .open = nettl_open,
    RECORDS_FORMAT,
    .read_record = nettl_read,
};
