/* Traces of Citrix NetScaler (ADC), versions 1.0, 2.0, 3.0 and 3.5. All numbers are little endian.
 *
 *     file       | pages of 8 KB, from 3.0 on of 16 KB; the last may be shorter |
 *     page       | records | zeros |
 *     record 1.0 | type 2 | length of all of it 2 | ...
 *     record     | type 1 | length 1, or 2: with 80 in the first, whose lower 7 bits are the lower ones | ...
 *     signature  | type 0101 2 | length 2 | ? 4 | "NetScaler Performance Data" |, or
 *                | type 1 1 | length 1 | ? 1 | "NetScaler V20 Performance Data" |, also V30 and V35
 *     start      | type 0107 or 7 | length | ? | seconds since 1970 4 |
 *     pause      | type 0108 or 8 | length | milliseconds 4, from 2.0 on 2 |
 *     frame      | type, as in layouts | length 2 | NIC 1 | time | ... | Ethernet |
 *     frame 3.5  | at 26: length of the header 2 | ... | at 34: type of what follows 1 | extensions |
 *                  Ethernet |
 *     extension  | length of all of it 2 | type of what follows 1 | ... |, Ethernet being type 1
 *     time       | unit in the upper 2 bits: s, ms, us, ns | since the frame before |, or ns since 1970 8
 *
 * A frame does not cross pages up to 2.0; from 3.0 on its header does not. Records of other types are
 * skipped; one that crosses is followed by the next page. Frames before the first start are not counted up
 * to 3.0, as in Wireshark; here it has to be in the first page.
 *
 * Seen by giving tshark 4.6.9 files with all types and values. */
#include "engine/util.h"
#include "io/streams/translate.h"

#include <inttypes.h>

enum {
    PAGE_SHORT = 8192,
    PAGE_LONG = 16384,
    RECORD_MAX = 32768,
    SIGNATURE_BYTES = 34,
    START_V1 = 0x107,
    PAUSE_V1 = 0x108,
    START = 7,
    PAUSE = 8,
    EXTENSION_ETHERNET = 1,
    UNKNOWN_EXTENSIONS_MAX = 4,
};

/* Frames of types from first to last. */
static const struct layout {
    uint16_t first, last;
    uint8_t header;   /* bytes before Ethernet, or before the names of virtual machines */
    uint8_t original; /* where the original length is; 0: the frame is whole */
    uint8_t names;    /* where two lengths of names are; 0: there are none */
    bool is_since;    /* the time is an interval; else nanoseconds since 1970 */
    bool has_extensions;
} layouts_v1[] =
    {
        {0x310, 0x312, .header = 12, .is_since = true},
        {0x314, 0x316, .header = 16, .original = 12, .is_since = true},
},
  layouts_v2[] =
      {
          {0xa0, 0xa3, .header = 48, .names = 29},
          {0xa4, 0xa7, .header = 52, .names = 33, .original = 12},
          {0xb0, 0xb3, .header = 31, .names = 29},
          {0xb4, 0xb7, .header = 35, .names = 33, .original = 12},
          {0xc0, 0xc2, .header = 8, .is_since = true},
          {0xc4, 0xc6, .header = 12, .original = 8, .is_since = true},
          {0xd0, 0xd2, .header = 16, .is_since = true},
          {0xd4, 0xd6, .header = 20, .original = 8, .is_since = true},
          {0xe0, 0xe2, .header = 18, .is_since = true},
          {0xe4, 0xe6, .header = 22, .original = 8, .is_since = true},
          {0xf0, 0xf2, .header = 24},
          {0xf4, 0xf6, .header = 28, .original = 12},
          {0xf8, 0xfb, .header = 29},
          {0xfc, 0xff, .header = 33, .original = 12},
},
  layouts_v3[] = {
      {0xa8, 0xab, .header = 52, .names = 31, .original = 20},
      {0xac, 0xaf, .header = 35, .original = 20, .has_extensions = true},
};

struct nstrace {
    unsigned version; /* 10, 20, 30, 35; 0: not known yet */
    uint32_t page;
    const struct layout *layouts;
    size_t layout_count;
    uint32_t start;    /* seconds since 1970 */
    uint64_t interval; /* nanoseconds since then */
};

struct record {
    unsigned type;
    uint32_t length;
};

static unsigned version_of(const uint8_t *p, size_t count)
{
    if (count < SIGNATURE_BYTES)
        return 0;
    if (load_le16(p) == 0x101 && load_le16(p + 2) >= SIGNATURE_BYTES &&
        memcmp(p + 8, "NetScaler Performance Data", 26) == 0)
        return 10;
    if (p[0] != 1 || p[1] < SIGNATURE_BYTES)
        return 0;
    static const char *const signatures[] = {
        "NetScaler V20 Performance Data", "Netscaler V30 Performance Data", "Netscaler V35 Performance Data"};
    static const uint8_t versions[] = {20, 30, 35};
    for (size_t i = 0; i < ARRAY_LEN(signatures); i++)
        if (memcmp(p + 3, signatures[i], 30) == 0)
            return versions[i];
    return 0;
}

bool stream_is_nstrace(const uint8_t *bytes, size_t count)
{
    return version_of(bytes, count);
}

/* False: available, the bytes left in the page, are too few for it. */
static bool read_record_header(const struct nstrace *n, const uint8_t *p, size_t available, struct record *r)
{
    if (n->version == 10) {
        if (available < 4)
            return false;
        *r = (struct record){load_le16(p), load_le16(p + 2)};
        return true;
    }
    if (available < 2 || (p[1] & 0x80 && available < 3))
        return false;
    *r = (struct record){p[0], p[1] & 0x80 ? (uint32_t)p[2] << 7 | (p[1] & 0x7f) : p[1]};
    return true;
}

static const struct layout *layout_of(const struct nstrace *n, unsigned type)
{
    for (size_t i = 0; i < n->layout_count; i++)
        if (type >= n->layouts[i].first && type <= n->layouts[i].last)
            return &n->layouts[i];
    return NULL;
}

/* Where Ethernet begins in a frame of version 3.5; SIZE_MAX if nowhere. */
static size_t skip_extensions(const uint8_t *p, size_t length)
{
    const size_t header = load_le16(p + 26);
    unsigned type = p[34], unknown = 0;
    size_t at = 35;
    do {
        if (type == EXTENSION_ETHERNET)
            return at;
        if (type == 0 || type == 2 || type == 0xff || length - at < 3)
            return SIZE_MAX;
        const bool is_known =
            type == 0x80 || (type >= 0x83 && type <= 0x85) || type == 0x87 || (type >= 0x8a && type <= 0x8e);
        if (!is_known && ++unknown > UNKNOWN_EXTENSIONS_MAX)
            return SIZE_MAX;
        const size_t extension = load_le16(p + at);
        type = p[at + 2];
        if (!extension && type != EXTENSION_ETHERNET)
            return SIZE_MAX;
        at += extension;
    } while (at <= header && at <= length);
    return SIZE_MAX;
}

static uint64_t time_of(struct nstrace *n, const struct layout *l, const uint8_t *p)
{
    static const uint32_t units[] = {1000000000, 1000000, 1000, 1};
    const uint64_t second = 1000000000;
    if (!l->is_since) {
        const uint64_t time = load_le64(p + 4);
        return (uint64_t)(uint32_t)(time / second) * second + time % second;
    }
    const uint32_t interval = load_le32(p + (n->version == 10 ? 8 : 4));
    n->interval += (uint64_t)(interval & 0x3fffffff) * units[interval >> 30];
    return n->start * second + n->interval;
}

static void give_frame(struct translator *t, const struct layout *l, const uint8_t *p, size_t length)
{
    size_t begin = l->header;
    if (l->names)
        begin += (size_t)p[l->names] + p[l->names + 1];
    if (l->has_extensions)
        begin = skip_extensions(p, length);
    const uint64_t time = time_of(t->state, l, p);
    if (begin > length) {
        translate_no_packet(t);
        return;
    }
    const size_t captured = length - begin;
    translate_frame(t, &(struct translated){
                           .time = time,
                           .data = p + begin,
                           .captured = captured,
                           .length = l->original ? load_le16(p + l->original) : captured,
                       });
}

/* Does the page at p have a start, and where? SIZE_MAX: none. */
static size_t find_start(const struct nstrace *n, const uint8_t *p, size_t count)
{
    struct record r;
    for (size_t at = 0; at < count && read_record_header(n, p + at, count - at, &r); at += r.length) {
        if (r.type == (n->version == 10 ? START_V1 : START))
            return at;
        if (r.type == 0 || r.length == 0 || r.length > count - at)
            break;
    }
    return SIZE_MAX;
}

/* A record at p + at that is no frame, left bytes before the end of its page. 0, or -1 after failing. */
static int take_other(struct translator *t, const struct record *r, const uint8_t *p, size_t at, size_t left)
{
    struct nstrace *n = t->state;
    const bool is_v1 = n->version == 10, is_start = r->type == (is_v1 ? START_V1 : START),
               is_pause = r->type == (is_v1 ? PAUSE_V1 : PAUSE);
    const size_t need = is_start ? (is_v1 ? 12 : 8) : is_pause ? (is_v1 ? 8 : 4) : 0;
    if (left < need) {
        translate_fail(t, at, "expected a NetScaler record of %zu bytes, found the end of the page after %zu",
                       need, left);
        return -1;
    }
    if (r->length == 0) {
        translate_fail(t, at, "expected a length of a NetScaler record of type %#x above 0, found 0",
                       r->type);
        return -1;
    }
    if (is_start)
        n->start = load_le32(p + at + need - 4);
    if (is_pause)
        n->interval += (is_v1 ? load_le32(p + at + 4) : load_le16(p + at + 2)) / 1000 * UINT64_C(1000000000);
    return 0;
}

/* A frame at p + at, left bytes before the end of its page, of count bytes in all. 0, or -1 after failing. */
static int take_frame(struct translator *t, const struct layout *l, const struct record *r, const uint8_t *p,
                      size_t at, size_t left, size_t count)
{
    const struct nstrace *n = t->state;
    if (left < l->header)
        translate_fail(t, at,
                       "expected a NetScaler frame header of %u bytes, found the end of the %s after %zu",
                       l->header, left == count - at ? "file" : "page", left);
    else if (r->length < l->header)
        translate_fail(t, at, "expected a NetScaler frame of at least %u bytes, found %" PRIu32, l->header,
                       r->length);
    else if (r->length > (n->page == PAGE_SHORT ? left : count - at))
        translate_fail(t, at,
                       "expected a NetScaler frame of %" PRIu32 " bytes, found the end of the %s after %zu",
                       r->length, n->page == PAGE_SHORT && left < count - at ? "page" : "file",
                       n->page == PAGE_SHORT ? left : count - at);
    else {
        give_frame(t, l, p + at, r->length);
        return 0;
    }
    return -1;
}

static void begin(struct translator *t, const uint8_t *p, size_t count)
{
    struct nstrace *n = t->state;
    n->version = version_of(p, count);
    n->page = n->version < 30 ? PAGE_SHORT : PAGE_LONG;
    n->layouts = n->version == 10 ? layouts_v1 : n->version == 20 ? layouts_v2 : layouts_v3;
    n->layout_count = n->version == 10   ? ARRAY_LEN(layouts_v1)
                      : n->version == 20 ? ARRAY_LEN(layouts_v2)
                                         : ARRAY_LEN(layouts_v3);
}

/* The rest of a page, or records up to where the last one crosses its end. */
static size_t nstrace_take(struct translator *t, const uint8_t *p, size_t count, bool at_end)
{
    struct nstrace *n = t->state;
    if (count < PAGE_LONG + RECORD_MAX && !at_end)
        return 0;
    size_t at = 0;
    if (!n->version) {
        begin(t, p, count);
        const size_t start = n->version < 35 ? find_start(n, p, MIN(count, (size_t)n->page)) : SIZE_MAX;
        at = start == SIZE_MAX ? 0 : start;
    }
    const size_t page = (size_t)MIN(n->page - t->at % n->page, (uint64_t)count);
    while (at < page) {
        struct record r;
        const size_t left = page - at;
        if (!read_record_header(n, p + at, left, &r)) {
            for (size_t i = at; i < page; i++)
                if (p[i])
                    translate_fail(
                        t, at,
                        "expected a NetScaler record header or zeros, found %02x before the end of the %s",
                        p[i], page == count ? "file" : "page");
            return page;
        }
        if (r.type == 0)
            return page;
        const struct layout *l = layout_of(n, r.type);
        if (l ? take_frame(t, l, &r, p, at, left, count) : take_other(t, &r, p, at, left))
            return page;
        if (!l && r.length > left)
            return page;
        at += r.length;
    }
    return at;
}

static const struct translation nstrace = {
    .links = {1},
    .link_count = 1,
    .state_bytes = sizeof(struct nstrace),
    .take = nstrace_take,
};

static int nstrace_open(struct stream *s)
{
    return translate_open(s, &nstrace);
}

const struct stream_codec stream_codec_nstrace = {
    .open = nstrace_open, .read = translate_read, .close = translate_close};
