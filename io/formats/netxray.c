/* Captures of NetXRay and of the Sniffer for Windows. All numbers are little endian.
 *
 *     file       | "XCP\0" 4 | version 8: "001.000" to "002.003" | start 4: seconds since 1970 |
 *                  frames 4 | ? 4 | offset of the first record 4 | of the end of the last 4 | ? 12 |
 *                  network 2 | ? 2 |
 *     from 48 on | unit of time 1 | ? 3 | time at the start, in ticks 8 | ? 16 |
 *     from 76 on | ticks a second 4 | ? 4 | way of capturing 1 | ? 43 |
 *     record 1.x | time in ticks 8 | original length 2 | captured length 2 | ? 16 | bytes |
 *     record 2.x | time in ticks 8 | original length 2 | captured length 2 | ? 28 | bytes |
 *     first ever | "VL\0\0" in place of "XCP\0"; records: time in ms 8 | length 2 | ? 6 | bytes |
 *
 * The format was never published. What the fields mean was seen on files that editcap writes, and, with other
 * values in them, by what tshark 4.0.17 makes of them.
 */
#include "io/formats/records.h"
#include "io/problems.h"

enum {
    FILE_HEADER = 128,
    RECORD_FIRST = 16,
    RECORD_1 = 28,
    RECORD_2 = 40,
    FCS_MARK = 14, /* in records 2.x: ff ff where the bytes end with a check sequence */
    FCS_LENGTH = 4,

    NETWORK_ETHERNET = 0,
    NETWORK_TOKEN_RING = 1,
    NETWORK_FDDI = 2,
    NETWORK_WAN = 3,
    NETWORK_ATM = 8,
    NETWORK_802_11 = 9,

    LINK_UNSUPPORTED = 0xffe0, /* a packet that is not looked into */
};

struct netxray {
    unsigned record_header;
    uint64_t ticks_per_second;
    uint64_t start_ticks;
    int64_t start; /* seconds since 1970 */
    uint8_t decimals;
};

static bool netxray_probe(const uint8_t *bytes, size_t count)
{
    return count >= 8 && (memcmp(bytes, "XCP\0", 4) == 0 || memcmp(bytes, "VL\0\0", 4) == 0);
}

/* Ticks a second of version 2.x, by the way of capturing and the unit that it counts in. 0: not known. */
static uint64_t ticks_of(const uint8_t *header, bool ethernet)
{
    enum { DRIVER = 0, GIGABIT_POD = 2, OTHER_POD = 3, OTHER_POD_2 = 5, GIGABIT_POD_2 = 6 };
    unsigned unit = header[48], way = ethernet ? header[84] : DRIVER;
    switch (way << 4 | (unit & 15)) {
    case DRIVER << 4 | 0:
    case OTHER_POD << 4 | 0:
    case OTHER_POD_2 << 4 | 0:
        return unit < 16 ? 1000000 : 0;
    case DRIVER << 4 | 1:
        return 1193000;
    case DRIVER << 4 | 2:
        return load_le32(header + 76);
    case GIGABIT_POD << 4 | 0:
    case GIGABIT_POD_2 << 4 | 0:
        return 1000000000;
    case GIGABIT_POD << 4 | 2:
        return 31250000;
    case OTHER_POD << 4 | 2:
        return 1250000;
    case GIGABIT_POD_2 << 4 | 2:
        return 20000000;
    default:
        return 0;
    }
}

static uint16_t link_of(unsigned network, unsigned major, unsigned way)
{
    switch (network) {
    case NETWORK_ETHERNET:
        return 1;
    case NETWORK_TOKEN_RING:
        return 6;
    case NETWORK_FDDI:
        return 10;
    case NETWORK_WAN:
        if (major == 1)
            return 1; /* of modems, which the driver shows as Ethernet */
        switch (way) {
        case 3: /* PPP */
            return 9;
        case 4: /* Frame Relay */
            return 107;
        case 6: /* HDLC */
        case 7: /* SDLC */
        case 8: /* HDLC */
            return LINK_UNSUPPORTED;
        default:
            return 0xffff;
        }
    case NETWORK_ATM:
        return LINK_UNSUPPORTED;
    case NETWORK_802_11:
        return 105;
    default:
        return 0xffff;
    }
}

static enum capture_open_result netxray_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                             bool whole)
{
    static const char versions[][8] = {"001.000", "001.100", "002.000", "002.001", "002.002", "002.003"};
    if (!whole)
        return OPEN_MORE; /* what stands behind the last record would be taken for one */
    enum capture_open_result result = records_need_header(c, FILE_HEADER, count, whole);
    if (result != OPEN_DONE)
        return result;
    const bool first = bytes[0] == 'V';
    size_t version = 0;
    while (!first && version < ARRAY_LEN(versions) && memcmp(bytes + 4, versions[version], 8) != 0)
        version++;
    if (version == ARRAY_LEN(versions)) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 4,
                     "expected version 001.000 to 002.003 of the Sniffer's format, found \"%.8s\"",
                     (const char *)bytes + 4);
        return OPEN_FAILED;
    }
    const unsigned major = version < 2 ? 1 : 2, network = load_le16(bytes + 44);
    c->link_type = link_of(network, major, bytes[84]);
    if (c->link_type == 0xffff)
        return network == NETWORK_WAN
                   ? records_refuse(c, 84, "a WAN of the Sniffer that is known here", bytes[84])
                   : records_refuse(c, 44, "a network of the Sniffer that is known here", network);
    struct netxray *n = capture_new_data(c, sizeof *n);
    if (!n)
        return OPEN_FAILED;
    *n = (struct netxray){
        .record_header = first        ? RECORD_FIRST
                         : major == 1 ? RECORD_1
                                      : RECORD_2,
        .ticks_per_second = version == 0   ? 1000
                            : version == 1 ? 1000000
                                           : ticks_of(bytes, network == 0),
        .start_ticks = load_le64(bytes + 52),
        .start = load_le32(bytes + 12),
    };
    if (version >= 4 && network == NETWORK_ETHERNET && bytes[84] != 0)
        n->start_ticks = 0; /* later pods count from the start */
    if (!n->ticks_per_second)
        return records_refuse(c, 48, "a unit of the Sniffer's time stamps that is known here", bytes[48]);
    n->decimals = n->ticks_per_second == 1000 ? 3 : n->ticks_per_second == 1000000 ? 6 : 9;
    c->first_record = load_le32(bytes + 24);
    c->records_end = load_le32(bytes + 28);
    /* A buffer that was full goes on at its beginning. */
    if (c->first_record < FILE_HEADER || c->records_end < c->first_record) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 24,
                     "expected records from offset %d or more to a later one, found them from %" PRIu64
                     " to %" PRIu64 ": those that wrap around are not read",
                     FILE_HEADER, c->first_record, c->records_end);
        c->first_record = MAX(c->first_record, (uint64_t)FILE_HEADER);
        c->records_end = UINT64_MAX - 1;
    } else if (c->records_end > count) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 28,
                     "expected an end of the records within the file's %" PRIu64 " bytes, found %" PRIu64,
                     count, c->records_end);
    }
    return OPEN_DONE;
}

static bool netxray_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                         struct frame *f)
{
    const struct netxray *n = c->format_data;
    if (!record_has_header(r, n->record_header, available))
        return false;
    uint32_t original = load_le16(p + 8),
             captured = n->record_header == RECORD_FIRST ? original : load_le16(p + 10);
    if (!record_has(r, n->record_header + captured, captured, available))
        return false;
    const uint64_t ticks = load_le64(p) - n->start_ticks;
    const __int128 ns = (__int128)(int64_t)ticks * 1000000000 / (int64_t)n->ticks_per_second;
    r->has_frame = true;
    f->time = records_time(n->start, (int64_t)MAX(MIN(ns, (__int128)INT64_MAX), (__int128)INT64_MIN));
    f->decimals = n->decimals;
    f->data = p + n->record_header;
    f->captured = captured;
    f->length = original;
    if (n->record_header == RECORD_2 && load_le16(p + FCS_MARK) == 0xffff &&
        (c->link_type == 1 || c->link_type == 105)) {
        f->captured -= MIN(f->captured, (uint32_t)FCS_LENGTH);
        f->length -= MIN(f->length, (uint32_t)FCS_LENGTH);
    }
    return true;
}

const struct capture_format format_netxray = {
    .name = "NetXRay",
    .probe = netxray_probe,
    .open = netxray_open,
    RECORDS_FORMAT,
    .read_record = netxray_read,
};
