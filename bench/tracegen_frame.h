/* Frames of ordinary traffic: Ethernet, VLAN tags, IPv4 or IPv6, TCP, with valid checksums. */
#ifndef TRACEGEN_FRAME_H
#define TRACEGEN_FRAME_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10

#define VLAN_DEPTH_MAX 8
/* Shorter frames do not exist on Ethernet (its checksum included); what the segment leaves is padded. */
#define FRAME_SMALL 64

static inline void put_be16(uint8_t *p, uint16_t v)
{
    v = htobe16(v);
    memcpy(p, &v, 2);
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, 4);
}

/* The ends of a connection: 0 is the client, 1 the server. IPv6 addresses are 2001:db8:: with the 32 bits at
 * their end. */
struct endpoints {
    uint32_t address[2];
    uint16_t port[2];
    uint16_t vlan;
    uint8_t is_ipv6;
    uint8_t vlan_depth;
};

struct segment {
    uint32_t seq, ack;
    uint32_t payload_length;
    const uint8_t *payload; /* NULL: letters x */
    uint32_t payload_sum;   /* sum of its 16-bit words, unless payload is NULL */
    uint16_t ip_id;
    uint8_t from; /* the sending end */
    uint8_t flags;
};

/* Bytes before the payload of a segment without options. */
static inline uint32_t frame_overhead(const struct endpoints *e)
{
    return 14 + 4u * e->vlan_depth + (e->is_ipv6 ? 40 : 20) + 20;
}

/* Lays the frame at `p`, padded to `pad_to` bytes, and returns its length. */
uint32_t frame_build(uint8_t *p, const struct endpoints *e, const struct segment *s, uint32_t pad_to);

#endif
