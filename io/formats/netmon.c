/* Captures of Microsoft Network Monitor (CAPTUREFILE_HEADER_VALUES in Netmon.h), versions 1.x and 2.x. All
 * numbers are little endian.
 *
 *     file        | "RTSS" or "GMBU" 4 | minor version 1 | major version 1 | MAC type 2 | SYSTEMTIME 16 |
 *                 | frame table: offset 4 | its length 4 | ...
 *     SYSTEMTIME  | year 2 | month 2 | day of the week 2 | day 2 | hour 2 | minute 2 | second 2 |
 *                 | millisecond 2 |
 *     table       | offset of a frame 4 | ...
 *     frame 1.x   | milliseconds 4 | original length 2 | captured length 2 | captured bytes |
 *     frame 2.x   | microseconds 8 | original length 4 | captured length 4 | captured bytes | trailer |
 *     trailer     | MAC type 2 | process 4 | FILETIME 8 | time zone 1 |
 *                   from 2.1     from 2.2    from 2.3     from 2.3
 *
 * Frames stand anywhere, in the order of the table. So positions of records are those of their table entries:
 * any multiple of four from the table's beginning on is one, and nothing has to be guessed. What Wireshark
 * makes of fields that the documentation leaves open was seen on crafted files.
 */
#include "io/formats/format.h"
#include "io/problems.h"

#include <inttypes.h>
#include <time.h>

enum {
    FILE_HEADER = 64, /* Wireshark wants so many bytes, though nothing behind the first 32 is needed */
    ENTRY = 4,
    /* A longer frame table is refused, as in Wireshark: half a billion frames. */
    TABLE_LENGTH_MAX = 0x80000000u,

    /* Mapped to link types for each frame, by what it begins with. */
    MAC_ATM = 4,
    MAC_802_11 = 6,
    ATM_HEADER = 16, /* MAC addresses 12 | path 2, big endian | circuit 2, big endian */
    LANE_HEADER = 2,

    LINK_ETHERNET = 1,
    LINK_ATM_RFC1483 = 100,
    LINK_802_11 = 105,
};

#define FILETIME_EPOCH INT64_C(11644473600) /* seconds from 1601 to 1970 */

enum fault { FAULT_OFFSET, FAULT_HEADER, FAULT_CAPTURED, FAULT_ATM, FAULT_DATA, FAULT_MAC_TYPE };

/* What the file's header says. */
struct netmon {
    bool old;             /* version 1.x */
    unsigned header_size; /* of a frame */
    unsigned trailer_size;
    bool utc; /* frames have a time of their own */
    uint16_t mac_type;
    int64_t start; /* ns since 1970 */
};

static bool netmon_probe(const uint8_t *bytes, size_t count)
{
    return count >= 4 && (memcmp(bytes, "RTSS", 4) == 0 || memcmp(bytes, "GMBU", 4) == 0);
}

enum mac_kind { KIND_UNKNOWN, KIND_LINK, KIND_ATM, KIND_802_11, KIND_NO_FRAME };

/* What frames of a MAC type are; of KIND_LINK with their pcap link type. */
static enum mac_kind kind_of(unsigned mac_type, uint16_t *link_type)
{
    *link_type = LINK_TYPE_NOT_A_PACKET;
    switch (mac_type) {
    case 0:
    case 1:
        *link_type = LINK_ETHERNET;
        return KIND_LINK;
    case 2: /* token ring */
        *link_type = 6;
        return KIND_LINK;
    case 3: /* FDDI */
        *link_type = 10;
        return KIND_LINK;
    case MAC_ATM:
        return KIND_ATM;
    case MAC_802_11:
        return KIND_802_11;
    case 7: /* tunnels, wireless WAN, raw IP */
    case 8:
    case 9:
        *link_type = 101;
        return KIND_LINK;
    case 0xffe0: /* an event of Windows; those of packet filters hold packets, which are not looked for */
        *link_type = 0xffe0;
        return KIND_LINK;
    case 0xfffb: /* network information */
    case 0xffff: /* the capture's filter */
        return KIND_LINK;
    case 0xfffc: /* payload header, network information, DNS cache: have no frame number */
    case 0xfffd:
    case 0xfffe:
        return KIND_NO_FRAME;
    default:
        if ((mac_type & 0xf000) != 0xe000)
            return KIND_UNKNOWN;
        *link_type = mac_type & 0xfff;
        return KIND_LINK;
    }
}

/* The SYSTEMTIME at p, taken for local time in this process's time zone, as Wireshark does. Fields beyond
 * their ranges carry over. */
static int64_t local_seconds(const uint8_t *p)
{
    struct tm tm = {
        .tm_year = load_le16(p) - 1900,
        .tm_mon = load_le16(p + 2) - 1,
        .tm_mday = load_le16(p + 6),
        .tm_hour = load_le16(p + 8),
        .tm_min = load_le16(p + 10),
        .tm_sec = load_le16(p + 12),
        .tm_isdst = -1,
    };
    return mktime(&tm);
}

/* Nanoseconds, or the end of time. */
static int64_t time_of(int64_t seconds, int64_t more)
{
    int64_t ns;
    if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &ns) || __builtin_add_overflow(ns, more, &ns))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static enum capture_open_result refuse(struct capture *c, int64_t offset, const char *expected,
                                       uint64_t found)
{
    problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset, "expected %s, found %" PRIu64,
                 expected, found);
    return OPEN_FAILED;
}

static enum capture_open_result netmon_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                            bool whole)
{
    if (!whole)
        return OPEN_MORE; /* the table may stand anywhere, and its frames, too */
    if (count < FILE_HEADER)
        return refuse(c, 0, "at least the 64 bytes of a Network Monitor header", count);
    unsigned minor = bytes[4], major = bytes[5], mac_type = load_le16(bytes + 6);
    uint64_t table = load_le32(bytes + 24), length = load_le32(bytes + 28);
    uint16_t link_type;
    if (major != 1 && major != 2)
        return refuse(c, 5, "major version 1 or 2 of Network Monitor", major);
    /* Also when each frame has a MAC type of its own. Others than networks are for frames only. */
    if (mac_type >= 0xe000 || kind_of(mac_type, &link_type) == KIND_UNKNOWN)
        return refuse(c, 6, "a Network Monitor MAC type that is known here", mac_type);
    if (length % ENTRY != 0)
        return refuse(c, 28, "a frame table whose length is a multiple of 4", length);
    if (length == 0 || length > TABLE_LENGTH_MAX)
        return refuse(c, 28, "a frame table of 4 to 2147483648 bytes", length);
    if (table > count || length > count - table) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 24,
                     "expected a frame table within the file's %" PRIu64 " bytes, found one of %" PRIu64
                     " bytes at %" PRIu64,
                     count, length, table);
        return OPEN_FAILED;
    }
    /* Nothing in it is needed, but Wireshark does not go on without it. */
    if (major == 2 && minor >= 2 && load_le32(bytes + 52) > 0 && load_le32(bytes + 48) > count)
        return refuse(c, 48, "a process table within the file", load_le32(bytes + 48));
    struct netmon *n = capture_new_data(c, sizeof *n);
    if (!n)
        return OPEN_FAILED;
    *n = (struct netmon){
        .old = major == 1,
        .header_size = major == 1 ? 8 : 16,
        .mac_type = (uint16_t)mac_type,
        .start = time_of(local_seconds(bytes + 8), load_le16(bytes + 22) * INT64_C(1000000)),
    };
    if (major == 2) {
        n->trailer_size = minor == 0 ? 0 : minor == 1 ? 2 : minor == 2 ? 6 : 15;
        n->utc = minor >= 3;
    }
    c->first_record = table;
    c->records_end = table + length;
    c->position_bytes = (uint32_t)MAX(count / length, UINT64_C(1));
    return OPEN_DONE;
}

static uint64_t netmon_guess(const struct capture *c, const struct window *window,
                             const struct record_reader *reader)
{
    (void)window;
    uint64_t start = reader->position + (c->first_record - reader->position) % ENTRY;
    return start < reader->limit ? start : UINT64_MAX;
}

static uint64_t netmon_record_length(const struct capture *c, const void *context, const uint8_t *p,
                                     uint64_t available)
{
    (void)c;
    (void)context;
    (void)p;
    return available < ENTRY ? 0 : ENTRY;
}

static void set_time(const struct netmon *n, const uint8_t *record, const uint8_t *trailer, struct frame *f)
{
    if (n->utc) {
        uint64_t time = load_le64(trailer + 6); /* units of 100 ns since 1601 */
        f->time =
            time_of((int64_t)(time / 10000000) - FILETIME_EPOCH, (int64_t)(time % 10000000) * INT64_C(100));
        f->decimals = 7;
        return;
    }
    int64_t delta;
    if (n->old)
        delta = load_le32(record) * INT64_C(1000000);
    else /* the product may overflow: that is how negative differences are written */
        delta = (int64_t)(load_le64(record) * 1000);
    if (__builtin_add_overflow(n->start, delta, &f->time))
        f->time = delta < 0 ? INT64_MIN : INT64_MAX;
    f->decimals = n->old ? 3 : 6;
}

static void skip(struct frame *f, uint32_t count)
{
    f->data += count;
    f->captured -= count;
    f->length -= MIN(f->length, count);
}

/* Nothing says what an ATM frame holds: it is guessed from circuit and content, as in Wireshark. */
static void look_into_atm(struct frame *f)
{
    unsigned path = load_be16(f->data + 12), circuit = load_be16(f->data + 14);
    skip(f, ATM_HEADER);
    const uint8_t *p = f->data;
    f->link_type = LINK_TYPE_NOT_A_PACKET;
    if ((path == 0 && (circuit == 5 || circuit == 16)) || f->captured < 3)
        return; /* signalling, ILMI */
    if (p[0] == 0xaa && p[1] == 0xaa && p[2] == 3) {
        f->link_type = LINK_ATM_RFC1483;
    } else if (p[0] != 0xff || p[1] != 0) { /* LAN emulation, and not its control frames */
        f->link_type = LINK_ETHERNET;
        skip(f, LANE_HEADER);
    }
}

/* | version 1 | length of this header 2 | ... | 802.11 ... */
static void look_into_802_11(struct frame *f)
{
    unsigned length = f->captured < 3 ? 1 : load_le16(f->data + 1);
    f->link_type = LINK_TYPE_NOT_A_PACKET;
    if (length == 1 || length == 2 || length > f->captured)
        return;
    f->link_type = LINK_802_11;
    skip(f, length);
}

/* Offset of the frame and what was found there; the rest is known again in fault(). */
static bool fault_at(struct record_reader *reader, enum fault fault, uint32_t offset, uint32_t found)
{
    reader->state = LANE_FAULT;
    reader->fault = fault;
    reader->fault_value = (uint64_t)offset << 32 | found;
    return false;
}

static bool walk_one(const struct capture *c, const struct window *window, struct record_reader *reader,
                     struct frame *f)
{
    const struct netmon *n = c->format_data;
    for (;;) {
        const uint64_t at = reader->position, end = window->end;
        /* A table that was cut meanwhile ends where the file does, which has been said. */
        if (unlikely(at >= reader->limit || end < at + ENTRY)) {
            reader->state = LANE_DONE;
            return false;
        }
        const uint8_t *entry = window_at(window, at);
        const uint32_t offset = load_le32(entry);
        if (unlikely(offset >= end))
            return fault_at(reader, FAULT_OFFSET, offset, 0);
        uint64_t left = end - offset;
        if (unlikely(left < n->header_size))
            return fault_at(reader, FAULT_HEADER, offset, (uint32_t)left);
        left -= n->header_size;
        const uint8_t *record = window_at(window, offset);
        uint32_t original = n->old ? load_le16(record + 4) : load_le32(record + 8);
        uint32_t captured = n->old ? load_le16(record + 6) : load_le32(record + 12);
        if (unlikely(captured > RECORD_LENGTH_MAX))
            return fault_at(reader, FAULT_CAPTURED, offset, captured);
        if (unlikely(left < captured + n->trailer_size))
            return fault_at(reader, FAULT_DATA, offset, captured);
        f->data = record + n->header_size;
        const uint8_t *trailer = f->data + captured;
        __builtin_prefetch(f->data + 64);
        __builtin_prefetch(trailer + n->trailer_size);
        unsigned mac_type = n->trailer_size ? load_le16(trailer) : n->mac_type;
        enum mac_kind kind = kind_of(mac_type, &f->link_type);
        if (unlikely(kind == KIND_UNKNOWN))
            return fault_at(reader, FAULT_MAC_TYPE, offset, mac_type);
        if (unlikely(kind == KIND_ATM && captured < ATM_HEADER))
            return fault_at(reader, FAULT_ATM, offset, captured);
        reader->position = at + ENTRY;
        if (unlikely(kind == KIND_NO_FRAME))
            continue;
        set_time(n, record, trailer, f);
        f->captured = captured;
        f->length = original;
        f->fcs = 0;
        if (kind == KIND_ATM)
            look_into_atm(f);
        else if (kind == KIND_802_11)
            look_into_802_11(f);
        return true;
    }
}

static void netmon_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
#define NEXT(reader, frame) walk_one(c, window, reader, frame)
    WALK_READERS(walk, NEXT);
#undef NEXT
}

static void netmon_fault(struct capture *c, const struct window *window, const struct record_reader *reader)
{
    const struct netmon *n = c->format_data;
    uint32_t offset = (uint32_t)(reader->fault_value >> 32), found = (uint32_t)reader->fault_value;
    switch ((enum fault)reader->fault) {
    case FAULT_OFFSET:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)reader->position,
                     "expected the offset of a frame within the file's %" PRIu64 " bytes, found %" PRIu32,
                     window->end, offset);
        break;
    case FAULT_HEADER:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset,
                     "expected a frame's header of %u bytes, found the end of the file after %" PRIu32,
                     n->header_size, found);
        break;
    case FAULT_CAPTURED:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset,
                     "expected a captured length of at most %d bytes, found %" PRIu32, RECORD_LENGTH_MAX,
                     found);
        break;
    case FAULT_ATM:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset,
                     "expected an ATM frame of at least %d bytes, found %" PRIu32, ATM_HEADER, found);
        break;
    case FAULT_DATA:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset,
                     "expected a frame of %" PRIu64 " bytes, found the end of the file after %" PRIu64,
                     (uint64_t)n->header_size + found + n->trailer_size, window->end - offset);
        break;
    case FAULT_MAC_TYPE:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset,
                     "expected a frame of a MAC type that is known here, found %" PRIu32, found);
        break;
    }
}

const struct capture_format format_netmon = {
    .name = "Network Monitor",
    .probe = netmon_probe,
    .open = netmon_open,
    .guess = netmon_guess,
    .walk = netmon_walk,
    .fault = netmon_fault,
    .record_length = netmon_record_length,
    .close = capture_free_data,
};
