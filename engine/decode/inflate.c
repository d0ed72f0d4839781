/* Inflates an IPComp payload with zlib. inflate_stub.c replaces it in builds without zlib. */
#include "engine/decode/inflate.h"

#include "engine/util.h"

#include <zlib.h>

/* RFC 1950, 2.2: compression method 8, and the first two bytes are a multiple of 31. */
static bool has_zlib_header(const uint8_t *from, size_t size)
{
    return size >= 2 && (from[0] & 15) == 8 && load_be16(from) % 31 == 0;
}

size_t inflate_packet(uint8_t *to, size_t room, const uint8_t *from, size_t size)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)from,
                  .avail_in = (uInt)size,
                  .next_out = to,
                  .avail_out = (uInt)room};
    if (inflateInit2(&z, has_zlib_header(from, size) ? MAX_WBITS : -MAX_WBITS) != Z_OK)
        return 0;
    int end = inflate(&z, Z_SYNC_FLUSH);
    size_t made = room - z.avail_out;
    inflateEnd(&z);
    return end == Z_OK || end == Z_STREAM_END || end == Z_BUF_ERROR ? made : 0;
}
