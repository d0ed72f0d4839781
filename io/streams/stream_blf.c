/* Vector's Binary Logging Format (BLF), of CANoe, CANalyzer and loggers of cars. All numbers are little
 * endian.
 *
 *     file       | "LOGG" 4 | length of this header 4 | ... | at 40: start 16 | ... | objects |
 *     start      | year, month, day of the week, day, hour, minute, second, millisecond, 2 each |; local
 *     object     | "LOBJ" 4 | length of the header 2 | its type: 1 or 2 2 | length of all of it 4 | type 4 |
 *                  unit of time: 1: 10 us, 2: ns 4 | ? 4 | time since the start 8 | ... | body |
 *     container  | "LOBJ" 4 | ? 4 | length of all of it 4 | type: 10 4 | compression: 0, or 2: zlib 2 | ? 6 |
 *                  length when decompressed 4 | ? 4 | bytes |
 *
 * What is in the containers, and the objects outside, make one sequence: an object may begin in a container
 * and end in the next. Between objects anything may stand.
 *
 * From descriptions of the format, and what tshark 4.6.9 makes of files with all types of objects. */
#include "engine/util.h"
#include "io/streams/inflate.h"
#include "io/streams/translate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
    FILE_HEADER = 56, /* at least */
    OBJECT_HEADER = 16,
    CONTAINER_HEADER = 32,
    TYPE_CONTAINER = 10,
    OBJECT_MAX = 16 << 20,
    LINK_ETHERNET = 0,
    LINK_WLAN = 1,
};

struct blf {
    bool begun;
    uint64_t start; /* ns since 1970 */
    struct inflater *inflater;
    uint64_t at;      /* offset of the last container, or object outside one */
    uint8_t *objects; /* those that are not whole yet */
    size_t count, room;
};

bool stream_is_blf(const uint8_t *bytes, size_t count)
{
    enum { HEADER_MAX = 4096 };
    return count >= 6 && memcmp(bytes, "LOGG", 4) == 0 && load_le16(bytes + 4) >= FILE_HEADER &&
           load_le16(bytes + 4) <= HEADER_MAX && (count < 8 || load_le16(bytes + 6) == 0);
}

static const uint8_t *find_object(const uint8_t *p, size_t count)
{
    return count ? memmem(p, count, "LOBJ", 4) : NULL; /* without any, p may be NULL */
}

/* How many bytes at the end may be the beginning of an object's mark. */
static size_t rest_of(size_t count)
{
    return MIN(count, (size_t)3);
}

/* translate_fail() wants where that is from here: of what is wrong with an object in a container. */
static size_t here(const struct translator *t)
{
    const struct blf *b = t->state;
    return (size_t)(b->at - t->at);
}

/* Where the packet is in the bodies of objects that hold one. */
static const struct layout {
    uint8_t type, link, header, length;
} layouts[] = {
    {71, LINK_ETHERNET, 32, 22},  /* Ethernet, with its header taken apart */
    {93, LINK_WLAN, 16, 10},      /* 802.11 */
    {102, LINK_ETHERNET, 20, 12}, /* Ethernet, received with an error */
    {120, LINK_ETHERNET, 32, 22}, /* Ethernet */
    {122, LINK_ETHERNET, 32, 22}, /* Ethernet, with an error */
};

/* Other objects that have a frame number in Wireshark: of CAN, LIN, FlexRay, states of Ethernet. */
static bool has_number(uint32_t type)
{
    static const uint8_t types[] = {1,  2,  3,  11, 12, 14, 15, 20,  21,  29,  41,  50, 57,
                                    58, 60, 61, 62, 66, 73, 86, 100, 101, 103, 104, 133};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

/* Has a text of the application one? Meta data may be in several objects, of which the last one has. */
static bool text_has_number(const uint8_t *body, size_t length)
{
    enum { COMMENT = 0, META_DATA = 2, ATTACHMENT = 3, TRACE_LINE = 4 };
    if (length < 16)
        return false;
    switch (load_le32(body)) {
    case COMMENT:
    case ATTACHMENT:
    case TRACE_LINE:
        return true;
    case META_DATA:
        return (load_le32(body + 4) & 0xffffff) <= load_le32(body + 8);
    default:
        return false;
    }
}

static void put_be16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* An Ethernet frame of type 71, whose length fits. */
static void give_ethernet(struct translator *t, const uint8_t *body, size_t length, struct translated f)
{
    uint8_t frame[18 + UINT16_MAX];
    size_t at = 12;
    memcpy(frame, body + 8, 6);
    memcpy(frame + 6, body, 6);
    if (load_le16(body + 18) && load_le16(body + 20)) { /* of a VLAN */
        put_be16(frame + at, load_le16(body + 18));
        put_be16(frame + at + 2, load_le16(body + 20));
        at += 4;
    }
    put_be16(frame + at, load_le16(body + 16));
    memcpy(frame + at + 2, body + 32, length);
    f.data = frame;
    f.captured = f.length = at + 2 + length;
    translate_frame(t, &f);
}

/* A whole object that has a frame number. */
static void give_frame(struct translator *t, const struct layout *l, const uint8_t *p, uint32_t length)
{
    const struct blf *b = t->state;
    const unsigned header = load_le16(p + 4), kind = load_le16(p + 6);
    const uint32_t type = load_le32(p + 12);
    if ((kind != 1 && kind != 2) || header < (kind == 1 ? 32 : 40)) {
        translate_fail(t, here(t),
                       "expected a BLF object with a header of type 1 or 2, found type %u of %u bytes", kind,
                       header);
        return;
    }
    if (!l) {
        translate_no_packet(t);
        return;
    }
    const uint32_t unit = load_le32(p + 16);
    const uint64_t time = load_le64(p + 24);
    struct translated f = {.link = l->link,
                           .time = unit == 1   ? b->start + time * 10000
                                   : unit == 2 ? b->start + time
                                               : 0};
    const uint8_t *body = p + header;
    const size_t available = length - header;
    const size_t captured = available < l->header ? 0 : load_le16(body + l->length);
    if (available < l->header || available - l->header < captured) {
        translate_fail(t, here(t),
                       "expected a BLF object of type %" PRIu32 " of at least %zu bytes, found %" PRIu32,
                       type, header + l->header + captured, length);
        return;
    }
    if (type == 71) {
        give_ethernet(t, body, captured, f);
        return;
    }
    f.data = body + l->header;
    f.captured = f.length = captured;
    translate_frame(t, &f);
}

static void give_object(struct translator *t, const uint8_t *p, uint32_t length)
{
    const uint32_t type = load_le32(p + 12), header = load_le16(p + 4);
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
        if (layouts[i].type == type) {
            give_frame(t, &layouts[i], p, length);
            return;
        }
    if (has_number(type) || (type == 65 && text_has_number(p + header, length - header)))
        give_frame(t, NULL, p, length);
}

/* Is the header of an object right, which lies at offset? */
static bool check_header(struct translator *t, size_t offset, const uint8_t *p)
{
    const uint32_t header = load_le16(p + 4), length = load_le32(p + 8);
    if (header < OBJECT_HEADER || length < header)
        translate_fail(t, offset, "expected a BLF object of at least %" PRIu32 " bytes, found %" PRIu32,
                       MAX(header, (uint32_t)OBJECT_HEADER), length);
    else if (length > OBJECT_MAX)
        translate_fail(t, offset, "expected a BLF object of at most %d bytes, found %" PRIu32, OBJECT_MAX,
                       length);
    return !t->failed;
}

/* Gives the whole ones of b->objects. is_last: no more come. */
static void give_objects(struct translator *t, bool is_last)
{
    struct blf *b = t->state;
    size_t at = 0;
    while (!t->failed && b->count) {
        const uint8_t *p = find_object(b->objects + at, b->count - at);
        if (!p) {
            at = b->count - rest_of(b->count - at);
            break;
        }
        at = (size_t)(p - b->objects);
        const size_t left = b->count - at;
        if (left < OBJECT_HEADER || (check_header(t, here(t), p) && left < load_le32(p + 8))) {
            if (is_last)
                translate_fail(t, here(t),
                               "expected a BLF object of %" PRIu32
                               " bytes, found the end of the file after %zu",
                               left < OBJECT_HEADER ? OBJECT_HEADER : load_le32(p + 8), left);
            break;
        }
        if (t->failed)
            break;
        give_object(t, p, load_le32(p + 8));
        at += load_le32(p + 8);
    }
    b->count -= at;
    if (b->count)
        memmove(b->objects, b->objects + at, b->count);
}

/* Room for n more bytes of objects; NULL after failing. */
static uint8_t *add(struct translator *t, size_t n)
{
    struct blf *b = t->state;
    if (b->count + n > b->room) {
        uint8_t *objects = realloc(b->objects, b->count + n);
        if (!objects) {
            t->failed = true;
            return NULL;
        }
        b->objects = objects;
        b->room = b->count + n;
    }
    return b->objects + b->count;
}

static uint32_t adler32_of(const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* What was expected of the count bytes at p, to become length bytes at out; NULL: they have. */
static const char *decompress(struct blf *b, const uint8_t *p, size_t count, uint8_t *out, size_t length)
{
    if (!b->inflater && !(b->inflater = inflater_new()))
        return "a build of tcpreuse that can decompress it";
    if (count < 6 || (p[0] & 15) != 8 || (p[0] << 8 | p[1]) % 31 || p[1] & 0x20)
        return "a zlib header";
    struct stream bytes = {.begin = p + 2, .end = p + count, .at_end = true};
    enum inflated result = INFLATED_SOME;
    inflater_start(b->inflater);
    size_t got = 0;
    for (;;) {
        const uint8_t *before = bytes.begin;
        /* a byte more, for what is longer than it says */
        size_t part = inflater_run(b->inflater, &bytes, out + got, length + 1 - got, &result);
        got += part;
        if (result != INFLATED_SOME || got > length || (!part && bytes.begin == before))
            break;
    }
    if (result == INFLATED_BAD)
        return "deflate data";
    if (result != INFLATED_ALL || got != length)
        return "as many bytes as its header says";
    if (bytes.end - bytes.begin < 4 || load_be32(bytes.begin) != adler32_of(out, length))
        return "the checksum of its bytes";
    return NULL;
}

static void take_container(struct translator *t, size_t offset, const uint8_t *p, uint32_t length)
{
    struct blf *b = t->state;
    if (length < CONTAINER_HEADER) {
        translate_fail(t, offset, "expected a BLF container of at least %d bytes, found %" PRIu32,
                       CONTAINER_HEADER, length);
        return;
    }
    const unsigned method = load_le16(p + 16);
    const uint32_t count = length - CONTAINER_HEADER, size = method ? load_le32(p + 24) : count;
    if (method != 0 && method != 2) {
        translate_fail(t, offset, "expected a BLF container of compression 0 or 2, found %u", method);
        return;
    }
    if (size > OBJECT_MAX) {
        translate_fail(t, offset, "expected a BLF container of at most %d bytes, found %" PRIu32, OBJECT_MAX,
                       size);
        return;
    }
    uint8_t *out = add(t, (size_t)size + 1);
    if (!out)
        return;
    const char *expected = NULL;
    if (method)
        expected = decompress(b, p + CONTAINER_HEADER, count, out, size);
    else
        memcpy(out, p + CONTAINER_HEADER, count);
    if (expected)
        translate_fail(t, offset, "expected %s in a BLF container, found corrupt data", expected);
    else
        b->count += size;
}

static size_t take_file_header(struct translator *t, const uint8_t *p, size_t count, bool at_end)
{
    struct blf *b = t->state;
    const size_t need = count < 8 ? FILE_HEADER : MAX((size_t)load_le32(p + 4), (size_t)FILE_HEADER);
    if (count < need && !at_end && need <= OBJECT_MAX)
        return 0;
    if (count < need) {
        translate_fail(t, 0, "expected a BLF file header of %zu bytes, found the end of the file after %zu",
                       need, count);
        return count;
    }
    struct tm tm = {
        .tm_year = load_le16(p + 40) - 1900,
        .tm_mon = load_le16(p + 42) - 1,
        .tm_mday = load_le16(p + 46),
        .tm_hour = load_le16(p + 48),
        .tm_min = load_le16(p + 50),
        .tm_sec = load_le16(p + 52),
        .tm_isdst = -1,
    };
    const time_t start = mktime(&tm);
    b->start = start < 0 ? 0 : (uint64_t)start * 1000000000 + load_le16(p + 54) * UINT64_C(1000000);
    b->begun = true;
    return need;
}

/* The file's header, or an object. */
static size_t blf_take(struct translator *t, const uint8_t *p, size_t count, bool at_end)
{
    struct blf *b = t->state;
    if (!b->begun)
        return take_file_header(t, p, count, at_end);
    const uint8_t *object = find_object(p, count);
    if (!object) {
        if (!count)
            give_objects(t, true);
        return at_end ? count : count - rest_of(count);
    }
    const size_t at = (size_t)(object - p), left = count - at;
    if (left >= OBJECT_HEADER && !check_header(t, at, object))
        return count;
    const uint32_t length = left < OBJECT_HEADER ? OBJECT_HEADER : load_le32(object + 8);
    if (left < length && !at_end)
        return at;
    if (left < length) {
        translate_fail(t, at,
                       "expected a BLF object of %" PRIu32 " bytes, found the end of the file after %zu",
                       length, left);
        return count;
    }
    b->at = t->at + at;
    if (load_le32(object + 12) == TYPE_CONTAINER) {
        take_container(t, at, object, length);
    } else {
        uint8_t *out = add(t, length);
        if (!out)
            return count;
        memcpy(out, object, length);
        b->count += length;
    }
    give_objects(t, false);
    return at + length;
}

static void blf_end(void *state)
{
    struct blf *b = state;
    inflater_free(b->inflater);
    free(b->objects);
}

static const struct translation blf = {
    .links = {[LINK_ETHERNET] = 1, [LINK_WLAN] = 105},
    .link_count = 2,
    .state_bytes = sizeof(struct blf),
    .take = blf_take,
    .end = blf_end,
};

static int blf_open(struct stream *s)
{
    return translate_open(s, &blf);
}

const struct stream_codec stream_codec_blf = {
    .open = blf_open, .read = translate_read, .close = translate_close};
