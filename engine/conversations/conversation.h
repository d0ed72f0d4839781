/* What is kept of a conversation: 64 bytes for IPv4, one cache line, 88 for IPv6. */
#ifndef TCPREUSE_CONVERSATION_H
#define TCPREUSE_CONVERSATION_H

#include "engine/conversations/segment.h"
#include "engine/rules.h"

/* The number of the first frame, up to 2.8e14, lies in pieces where others leave room: f0 are its lowest
 * eight bits, f8 bits 8 to 15, f16 bits 16 to 31, f32 bits 32 to 47. */
struct conversation {
    int64_t first_time, last_time; /* of the first and the last segment in capture order */
    uint64_t f16_frames;           /* f16 above 48 bits: number of frames */
    uint64_t f8_bytes;             /* f8 above 56 bits: sum of the frames' lengths on the wire */
    uint32_t last_frame_low;       /* bits 0 to 31 */
    uint16_t last_frame_high;      /* bits 32 to 47 */
    uint16_t f32;
    uint32_t isn[2];
    /* The same as in a segment, or where that has flags and bits: so that one comparison of words tells
     * whether a segment is of this conversation, and one for which the rules have little to do (shard.c). */
    uint16_t port[2];
    uint16_t state; /* enum conversation_state */
    uint8_t marks;  /* enum conversation_marks */
    uint8_t f0;
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

enum { CONVERSATION_FRAMES_BITS = 48, CONVERSATION_BYTES_BITS = 56 };

enum conversation_state {
    STATE_COMPLETENESS_SHIFT = 2, /* bits 2 to 7. Bit 1, where a segment's flags have SYN, is 0 */
    STATE_CLIENT_1 = 0x100,       /* endpoint 1 is the client */
    STATE_CLIENT_KNOWN =
        0x200,                 /* by its SYN, or by the other side's SYN/ACK; else it is who was seen first */
    STATE_DECIMALS_SHIFT = 12, /* bits 12 to 15: of the finest time stamp, where a segment has its own */
    STATE_DECIMALS = 0xf000,
};

enum conversation_marks {
    MARK_UNKNOWN_SHIFT = 5, /* bits 5 and 6: isn[0] and isn[1] are not known */
    MARK_UNKNOWN = 3 << MARK_UNKNOWN_SHIFT,
    MARK_SUPERSEDED = 0x80, /* a newer conversation has the tuple: nothing touches this one any more */
};

_Static_assert(!((COMPLETENESS << STATE_COMPLETENESS_SHIFT | STATE_CLIENT_1 | STATE_CLIENT_KNOWN) &
                 (TCP_SYN | STATE_DECIMALS)),
               "what is compared with a segment's flags has bits of its own");
_Static_assert(!((MARK_UNKNOWN | MARK_SUPERSEDED) & (SEGMENT_REUSE * 2 - 1)),
               "and so has what is with its bits");

/* The eight bytes from the ports on as one number, of a segment and of a conversation. */
struct port_word {
    uint16_t port[2];
    uint16_t flags_state;
    uint8_t bits_marks;
    uint8_t other;
};
enum { PORT_WORD = offsetof(struct segment, port) };
_Static_assert(offsetof(struct segment, flags) == PORT_WORD + offsetof(struct port_word, flags_state) &&
                   offsetof(struct segment, bits) == PORT_WORD + offsetof(struct port_word, bits_marks),
               "a segment's");
enum { CONVERSATION_PORT_WORD = offsetof(struct conversation, port) };
_Static_assert(offsetof(struct conversation, state) ==
                       CONVERSATION_PORT_WORD + offsetof(struct port_word, flags_state) &&
                   offsetof(struct conversation, marks) ==
                       CONVERSATION_PORT_WORD + offsetof(struct port_word, bits_marks),
               "a conversation's");

ALWAYS_INLINE uint64_t port_word_of(struct port_word w)
{
    return load_raw64(&w);
}
ALWAYS_INLINE uint64_t segment_port_word(const struct segment *s)
{
    return load_raw64((const uint8_t *)s + PORT_WORD);
}
ALWAYS_INLINE uint64_t conversation_port_word(const struct conversation *c)
{
    return load_raw64((const uint8_t *)c + CONVERSATION_PORT_WORD);
}
ALWAYS_INLINE void conversation_set_port_word(struct conversation *c, uint64_t word)
{
    memcpy((uint8_t *)c + CONVERSATION_PORT_WORD, &word, sizeof word);
}

ALWAYS_INLINE uint64_t conversation_first_frame(const struct conversation *c)
{
    return c->f0 | c->f8_bytes >> CONVERSATION_BYTES_BITS << 8 |
           c->f16_frames >> CONVERSATION_FRAMES_BITS << 16 | (uint64_t)c->f32 << 32;
}
ALWAYS_INLINE uint64_t conversation_last_frame(const struct conversation *c)
{
    return c->last_frame_low | (uint64_t)c->last_frame_high << 32;
}
ALWAYS_INLINE uint64_t conversation_frames(const struct conversation *c)
{
    return c->f16_frames & ((UINT64_C(1) << CONVERSATION_FRAMES_BITS) - 1);
}
ALWAYS_INLINE uint64_t conversation_bytes(const struct conversation *c)
{
    return c->f8_bytes & ((UINT64_C(1) << CONVERSATION_BYTES_BITS) - 1);
}
/* One that begins with this frame, and has no other yet. */
ALWAYS_INLINE void conversation_set_first_frame(struct conversation *c, uint64_t frame)
{
    c->f0 = (uint8_t)frame;
    c->f8_bytes = frame >> 8 << CONVERSATION_BYTES_BITS;
    c->f16_frames = frame >> 16 << CONVERSATION_FRAMES_BITS;
    c->f32 = (uint16_t)(frame >> 32);
}
/* One more frame. */
ALWAYS_INLINE void conversation_add_frame(struct conversation *c, uint64_t frame, uint32_t wire)
{
    c->f8_bytes += wire;
    c->f16_frames++;
    c->last_frame_low = (uint32_t)frame;
    c->last_frame_high = (uint16_t)(frame >> 32);
}
ALWAYS_INLINE unsigned conversation_completeness(const struct conversation *c)
{
    return c->state >> STATE_COMPLETENESS_SHIFT & COMPLETENESS;
}
ALWAYS_INLINE unsigned conversation_decimals(const struct conversation *c)
{
    return c->state >> STATE_DECIMALS_SHIFT;
}
/* The endpoint that is the client. */
ALWAYS_INLINE unsigned conversation_client(const struct conversation *c)
{
    return (c->state & STATE_CLIENT_1) != 0;
}
/* Bit 0 and 1: whether isn[0] and isn[1] are known. */
ALWAYS_INLINE unsigned conversation_known(const struct conversation *c)
{
    return ~(unsigned)c->marks >> MARK_UNKNOWN_SHIFT & 3;
}
ALWAYS_INLINE uint16_t conversation_port(const struct conversation *c, unsigned endpoint)
{
    return c->port[endpoint];
}
ALWAYS_INLINE size_t conversation_size(enum family f)
{
    return f == FAMILY_IPV4 ? sizeof(struct conversation4) : sizeof(struct conversation6);
}

#endif
