/* What is kept of a conversation: 64 bytes for IPv4, one cache line, 88 for IPv6. */
#ifndef TCPREUSE_CONVERSATION_H
#define TCPREUSE_CONVERSATION_H

#include "rules.h"
#include "segment.h"

/* Three words hold a 48-bit number above 16 bits of something else: frames up to 2.8e14. */
struct conversation {
    uint64_t first_frame_port0;
    uint64_t last_frame_port1;
    uint64_t frames_state;         /* state: enum conversation_state */
    uint64_t bytes;                /* sum of the frames' lengths on the wire */
    int64_t first_time, last_time; /* of the first and the last segment in capture order */
    uint32_t isn[2];
};

struct conversation4 {
    struct conversation c;
    uint32_t address[2];
};

struct conversation6 {
    struct conversation c;
    uint8_t address[2][16];
};

_Static_assert(sizeof(struct conversation4) == CACHE_LINE, "one line a conversation");
_Static_assert(sizeof(struct conversation6) == 88, "memory a conversation");

union conversation_any {
    struct conversation c;
    struct conversation4 v4;
    struct conversation6 v6;
};

/* The low six bits are the completeness. */
enum conversation_state {
    STATE_KNOWN_SHIFT = 6,  /* bits 6 and 7: isn[0] and isn[1] are known */
    STATE_CLIENT_1 = 0x100, /* endpoint 1 is the client */
    STATE_CLIENT_KNOWN =
        0x200,                 /* by its SYN, or by the other side's SYN/ACK; else it is who was seen first */
    STATE_SUPERSEDED = 0x400,  /* a newer conversation has the tuple: nothing touches this one any more */
    STATE_DECIMALS_SHIFT = 12, /* bits 12 to 15: of the finest time stamp, where a segment has its own */
    STATE_DECIMALS = 0xf000,
};

ALWAYS_INLINE uint64_t conversation_first_frame(const struct conversation *c)
{
    return c->first_frame_port0 >> 16;
}
ALWAYS_INLINE uint64_t conversation_last_frame(const struct conversation *c)
{
    return c->last_frame_port1 >> 16;
}
ALWAYS_INLINE uint64_t conversation_frames(const struct conversation *c)
{
    return c->frames_state >> 16;
}
ALWAYS_INLINE uint64_t conversation_bytes(const struct conversation *c)
{
    return c->bytes;
}
ALWAYS_INLINE unsigned conversation_decimals(const struct conversation *c)
{
    return (c->frames_state & STATE_DECIMALS) >> STATE_DECIMALS_SHIFT;
}
ALWAYS_INLINE unsigned conversation_state(const struct conversation *c)
{
    return c->frames_state & 0xffff;
}
ALWAYS_INLINE uint16_t conversation_port(const struct conversation *c, unsigned endpoint)
{
    return (uint16_t)(endpoint ? c->last_frame_port1 : c->first_frame_port0);
}
ALWAYS_INLINE size_t conversation_size(enum family f)
{
    return f == FAMILY_IPV4 ? sizeof(struct conversation4) : sizeof(struct conversation6);
}

#endif
