/* What EyeSDN's USB devices record of ISDN lines, S0 and E1.
 *
 *     "EyeSDN" | records
 *     record   | ff 1 | microseconds 3 | seconds since 1970 5 | channel 1 | direction, and kind << 1 1 | length 2 | bytes |
 *
 * The most significant byte first. Behind ff, two bytes stand for one that is fe or ff: fe, and the byte less 2. Kinds: 0 ISDN, 1
 * messages of layer 1, 2 LAPB, 3 a cell of ATM, 4 MTP2, 5 DPNSS, 6 DASS2, 7 BACnet, 8 V5. What stands between records is
 * skipped. From editcap, and by trying on tshark 4.6.9. */
#include "io/texts/text_formats.h"

enum {
    FLAG = 0xff,
    ESCAPE = 0xfe,
    ESCAPED = 2,
    MAGIC = 6,
    HEADER = 12,
    CELL = 53,

    KIND_MESSAGE = 1,
    KIND_CELL = 3,
    KIND_LAST = 8, /* those above are ISDN */

    LINK_PPP = 0,
    LINK_OTHER,
    LINK_NO_PACKET,
};

static const char magic[] = "EyeSDN";

static bool eyesdn_probe(const uint8_t *bytes, size_t count, bool whole)
{
    (void)whole;
    return count >= MAGIC && memcmp(bytes, magic, MAGIC) == 0;
}

static bool eyesdn_may_begin(const uint8_t *bytes, size_t count)
{
    return count < MAGIC && memcmp(bytes, magic, count) == 0;
}

struct scan {
    const uint8_t *at, *end;
};

/* The next byte, or why there is none: TEXT_MORE at the end, TEXT_FAULT at a flag. */
static enum text_result take(struct scan *s, uint8_t *byte)
{
    if (s->at == s->end)
        return TEXT_MORE;
    if (*s->at == FLAG)
        return TEXT_FAULT;
    *byte = *s->at++;
    if (*byte != ESCAPE)
        return TEXT_RECORD;
    if (s->at == s->end)
        return TEXT_MORE;
    *byte = (uint8_t)(*s->at++ + ESCAPED);
    return TEXT_RECORD;
}

/* What is wrong where a record has no next byte, if anything is. */
static enum text_result no_byte(struct text_reader *t, const struct scan *s, enum text_result result,
                                size_t missing, const char *of)
{
    if (result == TEXT_MORE && !t->whole)
        return TEXT_MORE;
    return text_fault(t, (size_t)(s->at - t->bytes), "expected %zu more bytes of %s, found %s", missing, of,
                      result == TEXT_MORE ? "the end of the file" : "the next record");
}

static unsigned link_of(struct text_reader *t, unsigned kind, unsigned channel)
{
    if (kind == KIND_MESSAGE)
        return LINK_NO_PACKET;
    if (kind != 0 && kind <= KIND_LAST)
        return LINK_OTHER;
    return text_isdn_is_ppp(t, channel) ? LINK_PPP : LINK_OTHER;
}

static enum text_result eyesdn_read(struct text_reader *t, struct text_record *r)
{
    const uint8_t *begin = t->count ? memchr(t->bytes, FLAG, t->count) : NULL;
    uint8_t h[HEADER], byte;
    if (!begin) {
        t->used = t->count;
        return t->whole ? TEXT_END : t->used ? TEXT_SKIPPED : TEXT_MORE;
    }
    struct scan s = {begin + 1, t->bytes + t->count};
    for (size_t i = 0; i < HEADER; i++) {
        const enum text_result result = take(&s, &h[i]);
        if (result != TEXT_RECORD)
            return no_byte(t, &s, result, HEADER - i, "a record header");
    }
    const unsigned length = load_be16(h + 10), kind = h[9] >> 1;
    if (kind == KIND_CELL && length != CELL)
        return text_fault(t, (size_t)(begin - t->bytes),
                          "expected a cell of ATM of %d bytes, found a length of %u", CELL, length);
    for (unsigned i = 0; i < length; i++) {
        const enum text_result result = take(&s, &byte);
        if (result != TEXT_RECORD)
            return no_byte(t, &s, result, length - i, "a frame");
        /* NOLINTNEXTLINE(analyzer-use-of-uninitialized-value): TEXT_RECORD is a byte that was taken */
        text_put(t, byte);
    }
    const uint32_t microseconds = (uint32_t)h[0] << 16 | load_be16(h + 1);
    const uint64_t seconds = (uint64_t)h[3] << 32 | load_be32(h + 4);
    t->used = (size_t)(s.at - t->bytes);
    r->time = (int64_t)seconds * 1000000 + microseconds;
    r->link = link_of(t, kind, h[8]);
    r->length = length;
    return TEXT_RECORD;
}

const struct text_format text_eyesdn = {
    .name = "EyeSDN",
    .may_begin = eyesdn_may_begin,
    .decimals = 6,
    .links = {9, TEXT_LINK_UNSUPPORTED, TEXT_LINK_NO_PACKET},
    .link_count = 3,
    .probe = eyesdn_probe,
    .read = eyesdn_read,
};
