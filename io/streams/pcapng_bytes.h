/* Blocks of the pcapng streams that files of other formats are translated into: those which need no more than a link
 * type, a time and the bytes of a frame. All in little endian. Each writes at p and returns the end. */
#ifndef TCPREUSE_PCAPNG_BYTES_H
#define TCPREUSE_PCAPNG_BYTES_H

#include "engine/util.h"

enum {
    PCAPNG_SECTION_BYTES = 28,
    PCAPNG_INTERFACE_BYTES = 32,
    PCAPNG_PACKET_BYTES = 32, /* around a frame, whose bytes are padded to a multiple of four */
    PCAPNG_CUSTOM_BYTES = 16,
};

ALWAYS_INLINE uint8_t *pcapng_put_around(uint8_t *p, uint32_t kind, size_t length)
{
    store_le32(p, kind);
    store_le32(p + 4, (uint32_t)length);
    store_le32(p + length - 4, (uint32_t)length);
    return p + length;
}

/* A section, and an interface for each link type, whose times have so many decimals. */
static inline uint8_t *pcapng_put_head(uint8_t *p, const uint16_t *links, size_t count, unsigned decimals)
{
    enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, RESOLUTION = 9 };
    store_le32(p + 8, 0x1a2b3c4d);
    store_le32(p + 12, 1); /* version 1.0 */
    store_le64(p + 16, UINT64_MAX);
    p = pcapng_put_around(p, SECTION, PCAPNG_SECTION_BYTES);
    for (size_t i = 0; i < count; i++) {
        store_le32(p + 8, links[i]);
        store_le32(p + 12, 0);
        store_le32(p + 16, RESOLUTION | 1 << 16);
        store_le32(p + 20, decimals);
        store_le32(p + 24, 0);
        p = pcapng_put_around(p, INTERFACE, PCAPNG_INTERFACE_BYTES);
    }
    return p;
}

ALWAYS_INLINE size_t pcapng_packet_bytes(size_t captured)
{
    return PCAPNG_PACKET_BYTES + ((captured + 3) & ~(size_t)3);
}

/* time: in the interface's units. data may be NULL if nothing was captured. */
static inline uint8_t *pcapng_put_packet(uint8_t *p, uint32_t interface, uint64_t time, const uint8_t *data,
                                         size_t captured, size_t length)
{
    enum { PACKET = 6, HEADER = 28 };
    const size_t bytes = pcapng_packet_bytes(captured);
    store_le32(p + 8, interface);
    store_le32(p + 12, (uint32_t)(time >> 32));
    store_le32(p + 16, (uint32_t)time);
    store_le32(p + 20, (uint32_t)captured);
    store_le32(p + 24, (uint32_t)length);
    if (captured)
        memcpy(p + HEADER, data, captured);
    memset(p + HEADER + captured, 0, bytes - PCAPNG_PACKET_BYTES - captured);
    return pcapng_put_around(p, PACKET, bytes);
}

#endif
