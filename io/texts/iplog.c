/* The IP log of Cisco's Secure IDS: IP packets without anything below them.
 *
 *     record | seconds since 1970 4 | 0 2 | length 2 | packet |       the most significant byte first
 *
 * Some were written with the two bytes of the packet's first words exchanged, but for those of addresses; what tshark
 * 4.6.9 makes of such files was found by trying. */
#include "io/texts/text_formats.h"

enum { HEADER = 8, IP_HEADER = 20, SWAPPED_BYTES = 6, YEAR = 366 * 86400 };

static bool is_swapped(const uint8_t *packet, uint32_t length)
{
    return load_be16(packet + 2) != length;
}

/* The first record has to be a whole IPv4 packet, and what follows as far as it can be seen as likely. */
static bool iplog_probe(const uint8_t *bytes, size_t count, bool whole)
{
    (void)whole;
    if (count < HEADER + IP_HEADER)
        return false;
    const uint8_t *p = bytes + HEADER;
    const uint32_t length = load_be16(bytes + 6);
    const bool swapped = is_swapped(p, length);
    const unsigned version = swapped ? p[1] : p[0];
    if (length < IP_HEADER || (swapped ? load_le16(p + 2) : load_be16(p + 2)) != length ||
        version >> 4 != 4 || (version & 15) < 5)
        return false;
    uint32_t last = load_be32(bytes);
    for (size_t at = 0; at + HEADER <= count; at += HEADER + load_be16(bytes + at + 6)) {
        const uint32_t seconds = load_be32(bytes + at);
        if (load_be16(bytes + at + 4) != 0 || seconds < YEAR || seconds - last + YEAR > 2u * YEAR)
            return false;
        last = seconds;
    }
    return true;
}

static bool iplog_may_begin(const uint8_t *bytes, size_t count)
{
    return count < HEADER + IP_HEADER && (count < 6 || load_be16(bytes + 4) == 0);
}

static enum text_result iplog_read(struct text_reader *t, struct text_record *r)
{
    enum { NOT_KNOWN, AS_IT_IS, SWAPPED };
    const uint8_t *p = t->bytes;
    int64_t *order = &t->own[0];
    if (t->count == 0 && t->whole)
        return TEXT_END;
    const uint32_t length = t->count < HEADER ? 0 : load_be16(p + 6);
    if (t->count < HEADER + (size_t)length) {
        if (!t->whole)
            return TEXT_MORE;
        return text_fault(t, 0, "expected a record%s of %u bytes, found the end of the file after %zu",
                          t->count < HEADER ? " header" : "", HEADER + length, t->count);
    }
    p += HEADER;
    if (*order == NOT_KNOWN)
        *order = is_swapped(p, length) ? SWAPPED : AS_IT_IS;
    for (uint32_t i = 0; i < length; i++) {
        const bool swap = *order == SWAPPED && i < SWAPPED_BYTES && (i | 1) < length;
        text_put(t, p[swap ? i ^ 1 : i]);
    }
    t->used = HEADER + length;
    r->time = load_be32(t->bytes);
    r->length = length;
    return TEXT_RECORD;
}

const struct text_format text_iplog = {
    .name = "Cisco Secure IDS",
    .may_begin = iplog_may_begin,
    .decimals = 0,
    .links = {101},
    .link_count = 1,
    .probe = iplog_probe,
    .read = iplog_read,
};
