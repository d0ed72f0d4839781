/* What is kept of a conversation: 64 bytes for IPv4, one cache line, 88 for IPv6, 104 with a realm. */
#ifndef TCPREUSE_CONVERSATION_H
#define TCPREUSE_CONVERSATION_H

#include "engine/conversations/segment.h"
#include "engine/rules.h"

/* The first frame's number has 48 bits, up to 2.8e14. To save eight bytes it is stored in four pieces, each
 * in the unused top of another field or in a gap: f0 holds bits 0 to 7, f8 bits 8 to 15, f16 bits 16 to 31
 * and f32 bits 32 to 47.
 *
 * Written by the shard's owner alone. The others read it when all shards have drained the last batch, which
 * batch.drained tells them. */
struct conversation {
    union {
        int64_t first_time; /* of the first segment in capture order; ns */
        /* Where verdicts are wanted: the next sequence number expected of each endpoint that has sent
         * something (STATE_SENT); the first time is in the history (history.h). */
        uint32_t next[2];
    };
    int64_t last_time;        /* of the last segment in capture order; ns */
    uint64_t f16_frames;      /* upper 16 bits: f16; lower 48: number of frames */
    uint64_t f8_bytes;        /* upper 8 bits: f8; lower 56: sum of the frames' lengths on the wire */
    uint32_t last_frame_low;  /* bits 0 to 31 */
    uint16_t last_frame_high; /* bits 32 to 47 */
    uint16_t f32;
    uint32_t isn[2];
    /* From here on laid out like a segment, with state in place of flags: one comparison of words tells
     * whether a segment belongs to this conversation and may take the fast path (shard_passes.h). */
    uint16_t port[2];
    uint16_t state; /* enum conversation_state */
    uint8_t bits;   /* enum conversation_bits */
    union {
        uint8_t f0;
        uint8_t close; /* where verdicts are wanted: enum history_close; the history has f0 */
    };
};

struct conversation4 {
    struct conversation c;
    uint32_t address[2];
};

struct conversation6 {
    struct conversation c;
    uint8_t address[2][16];
};

/* As struct segment_keyed. */
struct conversation_keyed {
    struct conversation c;
    uint8_t address[2][16];
    struct realm realm;
};

_Static_assert(sizeof(struct conversation) == 56, "a conversation without its addresses");
_Static_assert(sizeof(struct conversation4) == CACHE_LINE, "one line a conversation");
_Static_assert(sizeof(struct conversation6) == 88, "memory a conversation");

union conversation_any {
    struct conversation c;
    struct conversation4 v4;
    struct conversation6 v6;
    struct conversation_keyed keyed;
};

enum { CONVERSATION_FRAMES_BITS = 48, CONVERSATION_BYTES_BITS = 56 };

enum conversation_state {
    STATE_SYNACK = 1,             /* there was a SYN/ACK. Only where verdicts are wanted */
    STATE_COMPLETENESS_SHIFT = 2, /* bits 2 to 7. Bit 1, where a segment's flags have SYN, is 0 */
    STATE_CLIENT_1 = 0x100,       /* endpoint 1 is the client */
    /* By its SYN, or by the other side's SYN/ACK. Otherwise the sender of the first segment counts as the
     * client. */
    STATE_CLIENT_KNOWN = 0x200,
    STATE_SENT = 0x400, /* and 0x800: the endpoint has sent more than RSTs. Only where verdicts are wanted */
    STATE_DECIMALS_SHIFT = 12, /* bits 12 to 15: decimals of the finest time stamp so far */
    STATE_DECIMALS = 0xf000,
};

enum conversation_bits {
    /* And 4: the endpoint sent an ACK that is no RST. Only where verdicts are wanted. In place of bits of a
     * segment that are never compared. */
    CONVERSATION_ACKED = 1,
    CONVERSATION_ACKED_SHIFT = 2, /* from endpoint 0's to endpoint 1's */
    /* All its segments take the slow path, since a reuse waits for an answer (episode.h). In place of a bit
     * of a segment that only the slow path sets. */
    CONVERSATION_WATCHED = SEGMENT_REUSE,
    CONVERSATION_UNKNOWN_SHIFT = 5, /* bits 5 and 6: isn[0] and isn[1] are unknown */
    CONVERSATION_UNKNOWN = 3 << CONVERSATION_UNKNOWN_SHIFT,
    /* A newer conversation has the tuple, and this one gets no more segments. */
    CONVERSATION_SUPERSEDED = 0x80,
};

_Static_assert(!((STATE_SYNACK | COMPLETENESS << STATE_COMPLETENESS_SHIFT | STATE_CLIENT_1 |
                  STATE_CLIENT_KNOWN | STATE_SENT | STATE_SENT << 1) &
                 (TCP_SYN | STATE_DECIMALS)),
               "state shares no bit with those flags of a segment that it is compared with");
_Static_assert(!((CONVERSATION_UNKNOWN | CONVERSATION_SUPERSEDED) & (SEGMENT_REUSE * 2 - 1)),
               "nor a conversation's bits with a segment's");

_Static_assert(((CONVERSATION_ACKED | CONVERSATION_ACKED << CONVERSATION_ACKED_SHIFT) &
                ~(SEGMENT_FLOW | SEGMENT_LENGTH_KNOWN)) == 0,
               "see port_word_compared()");

/* The eight bytes from the ports on, of a segment or of a conversation, to be compared as one number. */
struct port_word {
    uint16_t port[2];
    uint16_t flags; /* of a segment; of a conversation its state */
    uint8_t bits;
    uint8_t other; /* never compared */
};
_Static_assert(sizeof(struct port_word) == sizeof(uint64_t), "compared as one number");
enum { PORT_WORD = offsetof(struct segment, port) };
_Static_assert(offsetof(struct segment, flags) == PORT_WORD + offsetof(struct port_word, flags) &&
                   offsetof(struct segment, bits) == PORT_WORD + offsetof(struct port_word, bits),
               "the word of a segment");
enum { CONVERSATION_PORT_WORD = offsetof(struct conversation, port) };
_Static_assert(offsetof(struct conversation, state) ==
                       CONVERSATION_PORT_WORD + offsetof(struct port_word, flags) &&
                   offsetof(struct conversation, bits) ==
                       CONVERSATION_PORT_WORD + offsetof(struct port_word, bits),
               "the word of a conversation");

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
/* For a conversation that begins with this frame: no frames and no bytes yet. */
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
/* Has the endpoint sent more than RSTs? Only where verdicts are wanted. */
ALWAYS_INLINE bool conversation_has_sent(const struct conversation *c, unsigned endpoint)
{
    return c->state & STATE_SENT << endpoint;
}
/* Has the endpoint sent an ACK that is no RST? Only where verdicts are wanted. */
ALWAYS_INLINE bool conversation_has_acked(const struct conversation *c, unsigned endpoint)
{
    return c->bits >> endpoint * CONVERSATION_ACKED_SHIFT & CONVERSATION_ACKED;
}
ALWAYS_INLINE uint8_t conversation_acked_bit(unsigned endpoint)
{
    return (uint8_t)(CONVERSATION_ACKED << endpoint * CONVERSATION_ACKED_SHIFT);
}
/* The endpoint that is the client. */
ALWAYS_INLINE unsigned conversation_client(const struct conversation *c)
{
    return (c->state & STATE_CLIENT_1) != 0;
}
/* Bits 0 and 1: isn[0] and isn[1] are known. */
ALWAYS_INLINE unsigned conversation_known(const struct conversation *c)
{
    return ~(unsigned)c->bits >> CONVERSATION_UNKNOWN_SHIFT & 3;
}
ALWAYS_INLINE uint16_t conversation_port(const struct conversation *c, unsigned endpoint)
{
    return c->port[endpoint];
}
ALWAYS_INLINE size_t conversation_size(enum family f)
{
    return f == FAMILY_IPV4   ? sizeof(struct conversation4)
           : f == FAMILY_IPV6 ? sizeof(struct conversation6)
                              : sizeof(struct conversation_keyed);
}
/* The family of the addresses of a conversation in a table of family f. */
ALWAYS_INLINE enum family conversation_family(const union conversation_any *c, enum family f)
{
    return likely(f != FAMILY_KEYED) ? f : (enum family)c->keyed.realm.family;
}

#endif
