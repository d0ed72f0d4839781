/* What pppd has recorded (its option `record`): the bytes of both directions of a serial line. All numbers
 * are big endian.
 *
 *     record | 1: sent, or 2: received 1 | length 2 | bytes |
 *            | 3 or 4: end of what was sent, or received 1 |
 *            | 5: time passes 1 | tenths of a second 4 |
 *            | 6: the same 1 | tenths of a second 1 |
 *            | 7: time, first of all 1 | seconds since 1970 4 |
 *     bytes  | 7e between PPP frames | 7d: the next byte, its bit 20 inverted |
 *
 * A frame counts where its end stands, with its check sequence, whether that is right or not. What has no end
 * at the end of the file does not count.
 *
 * From pppdump(8), and what tshark 4.6.9 makes of files. */
#include "engine/util.h"
#include "io/streams/translate.h"

#include <inttypes.h>

enum {
    SENT = 1,
    RECEIVED = 2,
    STEP_LONG = 5,
    STEP_SHORT = 6,
    TIME = 7,
    FLAG = 0x7e,
    ESCAPE = 0x7d,
    FRAME_MAX = 65536,
    PROBE_MAX = 4096,
};

/* The bytes of a record, or of its header if data follow. 0: there is no such type. */
static size_t header_length(unsigned type)
{
    static const uint8_t lengths[] = {0, 3, 3, 1, 1, 5, 2, 5};
    return type < ARRAY_LEN(lengths) ? lengths[type] : 0;
}

static bool has_data(unsigned type)
{
    return type == SENT || type == RECEIVED;
}

/* There is no magic number. The first record has to be a time of this or the next decades, and all records of
 * the first bytes have to be known ones: two whole ones with data, or all there is, with a flag in it. */
bool stream_is_pppd(const uint8_t *bytes, size_t count)
{
    enum { YEAR_1990 = 631152000 };
    count = MIN(count, (size_t)PROBE_MAX);
    if (count < 6 || bytes[0] != TIME || load_be32(bytes + 1) < YEAR_1990)
        return false;
    size_t at = 0;
    unsigned records = 0;
    bool has_flag = false;
    while (at < count) {
        const unsigned type = bytes[at];
        const size_t header = header_length(type);
        if (!header || (records == 0 && at == 5 && (type == 3 || type == 4)))
            return false;
        if (count - at < header)
            break;
        const size_t length = has_data(type) ? load_be16(bytes + at + 1) : 0;
        has_flag |= length && memchr(bytes + at + header, FLAG, MIN(length, count - at - header));
        if (count - at - header < length)
            break;
        records += length > 0;
        at += header + length;
    }
    return has_flag && (records >= 2 || (records == 1 && at == count));
}

struct pppd {
    uint64_t time; /* ns since 1970 */
    unsigned direction;
    size_t left; /* bytes of this direction that follow */
    struct line {
        size_t count;
        bool is_escaped;
        uint8_t bytes[FRAME_MAX];
    } lines[2];
};

static int take_byte(struct translator *t, struct line *line, uint8_t byte)
{
    const struct pppd *d = t->state;
    if (byte == FLAG) {
        if (line->count)
            translate_frame(
                t, &(struct translated){
                       .time = d->time, .data = line->bytes, .captured = line->count, .length = line->count});
        line->count = 0;
        line->is_escaped = false;
        return 0;
    }
    if (byte == ESCAPE && !line->is_escaped) {
        line->is_escaped = true;
        return 0;
    }
    if (line->count == FRAME_MAX)
        return -1;
    line->bytes[line->count++] = line->is_escaped ? byte ^ 0x20 : byte;
    line->is_escaped = false;
    return 0;
}

/* Those of the count bytes at p that belong to the record. */
static size_t take_data(struct translator *t, const uint8_t *p, size_t count)
{
    struct pppd *d = t->state;
    const size_t n = MIN(d->left, count);
    for (size_t i = 0; i < n; i++)
        if (take_byte(t, &d->lines[d->direction == SENT], p[i])) {
            translate_fail(t, i, "expected a PPP frame of at most %d bytes, found a longer one", FRAME_MAX);
            return count;
        }
    d->left -= n;
    return n;
}

static size_t pppd_take(struct translator *t, const uint8_t *p, size_t count, bool at_end)
{
    const uint64_t second = 1000000000;
    struct pppd *d = t->state;
    if (d->left) {
        if (!count)
            translate_fail(t, 0, "expected %zu more bytes of a line, found the end of the file", d->left);
        return take_data(t, p, count);
    }
    if (!count)
        return 0;
    const unsigned type = p[0];
    const size_t header = header_length(type);
    if (!header) {
        translate_fail(t, 0, "expected a record of pppd of type 1 to 7, found %u", type);
        return count;
    }
    if (count < header) {
        if (at_end)
            translate_fail(t, 0,
                           "expected a record of pppd of %zu bytes, found the end of the file after %zu",
                           header, count);
        return at_end ? count : 0;
    }
    if (has_data(type)) {
        d->direction = type;
        d->left = load_be16(p + 1);
        if (d->left && count == header && at_end)
            translate_fail(t, header, "expected %zu more bytes of a line, found the end of the file",
                           d->left);
    }
    if (type == TIME)
        d->time = load_be32(p + 1) * second;
    if (type == STEP_LONG)
        d->time += load_be32(p + 1) * (second / 10);
    if (type == STEP_SHORT)
        d->time += p[1] * (second / 10);
    return header;
}

static const struct translation pppd = {
    .links = {9},
    .link_count = 1,
    .state_bytes = sizeof(struct pppd),
    .take = pppd_take,
};

static int pppd_open(struct stream *s)
{
    return translate_open(s, &pppd);
}

const struct stream_codec stream_codec_pppd = {
    .open = pppd_open, .read = translate_read, .close = translate_close};
