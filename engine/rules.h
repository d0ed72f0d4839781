/* When a TCP segment reuses the ports of an earlier connection: the whole decision, as pure functions.
 *
 * What Wireshark calls "TCP Port numbers reused" is decided from four facts about the newest conversation of
 * a tuple: the initial sequence number of either flow, as far as it is known (seen in a SYN, or inferred from
 * the first segment of a connection caught in the middle), and whether a FIN or an RST has been seen. The
 * words are those of RFC 9293; the generations differ as docs/rules.md says. A segment goes through, in this
 * order:
 *
 *     trigger = rules_reuse(...)              which rule makes it a reuse, if any
 *     is_new  = rules_is_new(...)             does its conversation start over in completeness?
 *     rules_learn_isns(...)                   initial sequence numbers, seen or inferred
 *     rules_completeness(...)                 what the conversation has shown by now
 *
 * All functions here are pure but for the state they are given, and thread-safe. */
#ifndef TCPREUSE_RULES_H
#define TCPREUSE_RULES_H

#include "engine/conversations/segment.h"

enum rules { RULES_4_0, RULES_4_2, RULES_4_4 };

/* Completeness: what a conversation has shown. */
enum {
    HAS_SYN = 1,
    HAS_SYNACK = 2,
    HAS_ACK = 4,
    HAS_DATA = 8,
    HAS_FIN = 16,
    HAS_RST = 32,
    COMPLETENESS = 63,
};

/* When several hold, a different ISN comes before RST, and RST before FIN. */
enum trigger {
    TRIGGER_NONE,
    TRIGGER_SYN_ISN,
    TRIGGER_SYN_AFTER_RST,
    TRIGGER_SYN_AFTER_FIN,
    TRIGGER_SYNACK_ISN,
    TRIGGER_SYNACK_AFTER_RST,
    TRIGGER_SYNACK_AFTER_FIN,
    TRIGGERS
};

/* What the rules know of a conversation. known: bit 0 and 1, whether isn[0] and isn[1] are. */
struct rules_state {
    uint32_t isn[2];
    uint8_t known;
    uint8_t completeness;
};

ALWAYS_INLINE bool rules_is_syn(unsigned flags)
{
    return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

ALWAYS_INLINE bool rules_is_synack(unsigned flags)
{
    return (flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

ALWAYS_INLINE bool rules_knows_isn(const struct rules_state *c, unsigned flow)
{
    return c->known >> flow & 1;
}

/* Fewest bytes of a TCP header that count: up to and with the flags; older generations want the window too.
 */
ALWAYS_INLINE unsigned rules_header_bytes(enum rules rules)
{
    return rules == RULES_4_4 ? 14 : 16;
}

/* Which rule makes a segment of flow with these flags and this sequence number a reuse. */
ALWAYS_INLINE enum trigger rules_reuse(enum rules rules, const struct rules_state *c, unsigned flow,
                                       unsigned flags, uint32_t seq)
{
    if (likely(!(flags & TCP_SYN)) || !rules_knows_isn(c, flow))
        return TRIGGER_NONE;
    bool synack = flags & TCP_ACK;
    if (seq != c->isn[flow])
        return synack ? TRIGGER_SYNACK_ISN : TRIGGER_SYN_ISN;
    if (rules == RULES_4_0 || (rules == RULES_4_2 && synack))
        return TRIGGER_NONE;
    if (c->completeness & HAS_RST)
        return synack ? TRIGGER_SYNACK_AFTER_RST : TRIGGER_SYN_AFTER_RST;
    if (c->completeness & HAS_FIN)
        return synack ? TRIGGER_SYNACK_AFTER_FIN : TRIGGER_SYN_AFTER_FIN;
    return TRIGGER_NONE;
}

/* Does this reuse open a new conversation? Before 4.4 a SYN/ACK went on with the old one. */
ALWAYS_INLINE bool rules_opens_conversation(enum rules rules, enum trigger trigger)
{
    return trigger != TRIGGER_NONE && (trigger < TRIGGER_SYNACK_ISN || rules == RULES_4_4);
}

/* A conversation is new for completeness when this segment created it, and when a SYN comes from a side of
 * which no ISN is known (all that was seen of it before was quoted in ICMP errors, say). c is the
 * conversation that receives the segment. Generation 4.0 knows only the first, and not for what a reusing SYN
 * created. */
ALWAYS_INLINE bool rules_is_new(enum rules rules, const struct rules_state *c, unsigned flow, unsigned flags,
                                bool created, enum trigger trigger)
{
    if (created)
        return rules != RULES_4_0 || trigger == TRIGGER_NONE;
    return rules != RULES_4_0 && rules_is_syn(flags) && !rules_knows_isn(c, flow);
}

/* The sender's from its sequence number, the receiver's from the acknowledgement. A SYN consumes one number.
 */
ALWAYS_INLINE void rules_learn_isns(enum rules rules, struct rules_state *c, const struct segment *s)
{
    unsigned flow = s->bits & SEGMENT_FLOW, flags = s->flags;
    if (s->bits & SEGMENT_QUOTED || (rules == RULES_4_0 && !(s->bits & SEGMENT_LENGTH_KNOWN)))
        return;
    if (!rules_knows_isn(c, flow)) {
        c->isn[flow] = flags & TCP_SYN ? s->seq : s->seq - 1;
        c->known |= 1u << flow;
    }
    if (!rules_knows_isn(c, flow ^ 1) && flags & TCP_ACK) {
        c->isn[flow ^ 1] = s->ack - 1;
        c->known |= 2u >> flow;
    }
}

/* The completeness after the segment. created: by this segment. */
ALWAYS_INLINE uint8_t rules_completeness(enum rules rules, uint8_t had, const struct segment *s, bool is_new,
                                         bool created)
{
    unsigned flags = s->flags, has = had;
    bool data = s->bits & SEGMENT_LENGTH_KNOWN && s->payload > 0;
    if (s->bits & SEGMENT_SHORT_OFFSET)
        return had;
    if (rules == RULES_4_0 && created && !rules_is_syn(flags))
        return had;
    if (is_new)
        has = 0;
    if (rules_is_syn(flags)) {
        if (is_new)
            has |= HAS_SYN | (data ? HAS_DATA : 0);
    } else if (rules_is_synack(flags)) {
        has |= HAS_SYNACK;
    } else if (flags & TCP_ACK) {
        has |= data ? HAS_DATA : HAS_ACK;
    }
    if ((flags & (TCP_FIN | TCP_ACK)) == (TCP_FIN | TCP_ACK))
        has |= HAS_FIN;
    /* In 4.0 a SYN that creates a conversation shows nothing else but data. */
    if (flags & TCP_RST && !(rules == RULES_4_0 && is_new))
        has |= HAS_RST;
    return (uint8_t)has;
}

#endif
