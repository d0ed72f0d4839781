/* Captures of the DOS Sniffer. All numbers are little endian; what is compressed in them has become plain in
 * stream_sniffer.c.
 *
 *     file    | "TRSNIFF data    \x1a" 17 | records |
 *     record  | type 2 | length behind this header 2 | ? 2 | ...
 *     version | type 1 | ... at 6: date, as DOS has it 2 | ? 1 | network 1 | compression 1 |
 *               unit of time 1 | ...
 *     frame   | type 4 | time 5 | days 1 | captured length 2 | ? 2 | original length, or 0 2 | ? 2 | bytes |
 *     frame   | type 12, the same with 34 bytes before those of the frame
 *     frame   | type 8, of ATM
 *     end     | type 3
 *
 * Seen on files that editcap writes, and on what tshark makes of others.
 */
#include "io/formats/records.h"

enum {
    VERSION_AT = 17 + 6,
    FILE_HEADER = VERSION_AT + 18,
    RECORD_HEADER_BYTES = 6,
    TYPE_END = 3,
    TYPE_FRAME = 4,
    TYPE_HEADER_2 = 7,
    TYPE_FRAME_ATM = 8,
    TYPE_FRAME_LONG = 12,
    FRAME_HEADER = 14,
    FRAME_HEADER_LONG = 34,
    NETWORK_WAN = 7,
    NETWORK_SERIAL = 8,
    WAN_FRAME_RELAY = 2,
    LINK_UNSUPPORTED = 0xffe0, /* a packet that is not looked into */
};

struct sniffer {
    int64_t day;          /* seconds since 1970 */
    uint64_t picoseconds; /* a unit of time */
    bool wan;             /* a frame's first bytes tell what it is, unless link_type does */
};

static bool sniffer_probe(const uint8_t *bytes, size_t count)
{
    return count >= 17 && memcmp(bytes, "TRSNIFF data    \x1a", 17) == 0;
}

static uint16_t link_of(unsigned network)
{
    switch (network) {
    case 0:
        return 6; /* token ring */
    case 1:
        return 1; /* Ethernet */
    case 2:
        return 7; /* ARCNET */
    case NETWORK_WAN:
    case NETWORK_SERIAL:
    case 10: /* ATM */
        return LINK_UNSUPPORTED;
    case 9:
        return 10; /* FDDI */
    default:
        return 0xffff;
    }
}

static enum capture_open_result sniffer_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                             bool whole)
{
    static const uint32_t units[] = {15000000, 838096, 15000000, 500000, 2000000, 1000000, 100000};
    enum capture_open_result result = records_need_header(c, FILE_HEADER, count, whole);
    if (result != OPEN_DONE)
        return result;
    const uint8_t *version = bytes + VERSION_AT;
    const unsigned date = load_le16(version + 6), network = version[9];
    if (load_le16(bytes + 17) != 1)
        return records_refuse(c, 17, "a version record, of type 1", load_le16(bytes + 17));
    if (version[10] != 1)
        return records_refuse(c, VERSION_AT + 10,
                              "a Sniffer file that is not compressed within another compression, of format 1",
                              version[10]);
    c->link_type = link_of(network);
    if (c->link_type == 0xffff)
        return records_refuse(c, VERSION_AT + 9, "a network of the Sniffer that is known here", network);
    if (version[11] >= ARRAY_LEN(units))
        return records_refuse(c, VERSION_AT + 11, "a unit of the Sniffer's time stamps, 0 to 6", version[11]);
    struct sniffer *s = capture_new_data(c, sizeof *s);
    if (!s)
        return OPEN_FAILED;
    *s = (struct sniffer){
        .day =
            records_local_seconds(1980 + (int)(date >> 9), (int)(date >> 5 & 15), (int)(date & 31), 0, 0, 0),
        .picoseconds = units[version[11]],
        .wan = network == NETWORK_WAN || network == NETWORK_SERIAL,
    };
    c->first_record = FILE_HEADER;
    /* What kind of WAN it is stands in a record before the first frame. */
    for (uint64_t at = FILE_HEADER; s->wan;) {
        const uint8_t *p = bytes + at;
        if (count - at < RECORD_HEADER_BYTES || count - at < (uint64_t)RECORD_HEADER_BYTES + load_le16(p + 2))
            return whole ? OPEN_DONE : OPEN_MORE;
        const unsigned type = load_le16(p);
        if (type == TYPE_HEADER_2 && load_le16(p + 2) >= 5 && p[RECORD_HEADER_BYTES + 4] == WAN_FRAME_RELAY) {
            c->link_type = 107;
            s->wan = false;
        }
        if (type == TYPE_END || type == TYPE_FRAME || type == TYPE_FRAME_LONG)
            break;
        at += RECORD_HEADER_BYTES + load_le16(p + 2);
    }
    return OPEN_DONE;
}

static bool sniffer_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                         struct frame *f)
{
    const struct sniffer *s = c->format_data;
    if (!record_has_header(r, RECORD_HEADER_BYTES, available))
        return false;
    const unsigned type = load_le16(p);
    const uint32_t length = load_le16(p + 2);
    if (type == TYPE_END) {
        r->length = RECORDS_END;
        return true;
    }
    if (!record_has(r, RECORD_HEADER_BYTES + length, 0, available))
        return false;
    if (type != TYPE_FRAME && type != TYPE_FRAME_LONG && type != TYPE_FRAME_ATM)
        return true;
    const uint32_t header = type == TYPE_FRAME_LONG ? FRAME_HEADER_LONG : FRAME_HEADER;
    if (length < header)
        return record_fault(r, RECORD_LENGTH, header, length);
    p += RECORD_HEADER_BYTES;
    const uint32_t captured = load_le16(p + 6), original = load_le16(p + 10);
    if (length < header + captured)
        return record_fault(r, RECORD_LENGTH, header + captured, length);
    const uint64_t units = load_le32(p) | (uint64_t)p[4] << 32;
    r->has_frame = true;
    f->time =
        records_time(s->day + p[5] * 86400, (int64_t)((unsigned __int128)units * s->picoseconds / 1000));
    f->decimals = 9;
    f->data = p + header;
    f->captured = captured;
    f->length = original ? original : captured;
    if (type == TYPE_FRAME_ATM)
        f->link_type = LINK_UNSUPPORTED;
    else if (s->wan && captured >= 2 &&
             (load_be16(f->data) == 0xff03 || load_be16(f->data) == 0x0f00 || load_be16(f->data) == 0x8f00))
        f->link_type = 9; /* PPP or Cisco HDLC */
    return true;
}

const struct capture_format format_sniffer = {
    .name = "Sniffer",
    .probe = sniffer_probe,
    .open = sniffer_open,
    RECORDS_FORMAT,
    .read_record = sniffer_read,
};
