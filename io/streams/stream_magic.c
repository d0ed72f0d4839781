/* Which compression, or format that a codec translates, the first bytes of a file show. */
#include "engine/util.h"
#include "io/streams/stream_codec.h"

/* zstd and lz4 share skippable frames and their 16 magic numbers (RFC 8878, 3.1.2). So such frames at the
 * start, as pzstd writes them, do not tell which of the two it is. */
static bool is_skippable(const uint8_t *bytes, size_t count)
{
    return count >= 4 && (load_le32(bytes) & 0xfffffff0u) == 0x184d2a50u;
}

size_t stream_skippable_bytes(const uint8_t *bytes, size_t count)
{
    size_t skip = 0;
    while (skip + STREAM_SKIPPABLE_HEADER_BYTES <= count && is_skippable(bytes + skip, count - skip))
        skip += STREAM_SKIPPABLE_HEADER_BYTES + (size_t)load_le32(bytes + skip + 4);
    return skip;
}

static bool starts_with(const uint8_t *bytes, size_t count, const char *magic, size_t length)
{
    return count >= length && memcmp(bytes, magic, length) == 0;
}

const char *stream_compression(const uint8_t *bytes, size_t count)
{
    if (starts_with(bytes, count, "\x1f\x8b", 2))
        return "gzip";
    if (starts_with(bytes, count, "\xfd\x37zXZ\0", 6))
        return "xz";
    if (count >= STREAM_MAGIC_BYTES && starts_with(bytes, count, "TRSNIFF ", MIN(count, 8u)))
        return "Sniffer";
    if (stream_is_nstrace(bytes, count))
        return "NetScaler";
    if (stream_is_blf(bytes, count))
        return "BLF";
    if (stream_is_pppd(bytes, count))
        return "pppd";
    bool skippable = is_skippable(bytes, count);
    size_t skip = stream_skippable_bytes(bytes, count);
    if (skip < count) {
        bytes += skip;
        count -= skip;
        /* the second is the format of lz4 from before its frames */
        if (starts_with(bytes, count, "\x04\x22\x4d\x18", 4) ||
            starts_with(bytes, count, "\x02\x21\x4c\x18", 4))
            return "lz4";
        if (starts_with(bytes, count, "\x28\xb5\x2f\xfd", 4))
            return "zstd";
    }
    return skippable ? "zstd" : NULL;
}
