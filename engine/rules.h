/* When a TCP segment reuses the ports of an earlier connection: the whole decision, as pure functions.
 *
 * What Wireshark calls "TCP Port numbers reused" follows from four facts about the newest conversation of a
 * tuple: the initial sequence number (ISN) of each flow, if known (seen in a SYN, or inferred from the first
 * segment of a connection whose start was not captured), and whether there was a FIN or an RST. Terms are
 * those of RFC 9293; docs/rules.md says how the generations differ. The functions apply to a segment in this
 * order:
 *
 *     trigger = rules_reuse(...)              which rule makes it a reuse, if any
 *     is_new  = rules_is_new(...)             does its conversation start over in completeness?
 *     rules_learn_isns(...)                   initial sequence numbers, seen or inferred
 *     rules_completeness(...)                 what the conversation has shown with this segment
 *
 * The functions change nothing but the state they are given, and are thread-safe. */
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

/* Why a segment is a reuse. If several reasons hold, a different ISN precedes RST, and RST precedes FIN. */
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

/* What the rules know of a conversation. */
struct rules_state {
    uint32_t isn[2];
    uint8_t known; /* bits 0 and 1: isn[0] and isn[1] are known */
    uint8_t completeness;
};
_Static_assert(sizeof(struct rules_state) == 12, "part of each FTP control connection");

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

/* Fewest captured bytes of a TCP header that make it a segment: up to the flags; before 4.4, up to the
 * window. */
ALWAYS_INLINE unsigned rules_header_bytes(enum rules rules)
{
    return rules == RULES_4_4 ? 14 : 16;
}

/* Which rule makes a segment with these flags and this sequence number a reuse, if any. */
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

/* Does this reuse open a new conversation? Before 4.4, the old one continues if a SYN/ACK was the reuse. */
ALWAYS_INLINE bool rules_opens_conversation(enum rules rules, enum trigger trigger)
{
    return trigger != TRIGGER_NONE && (trigger < TRIGGER_SYNACK_ISN || rules == RULES_4_4);
}

/* Does completeness start over? If this segment created the conversation, or is a SYN from a side whose ISN
 * is unknown (because all its segments so far were quoted in ICMP errors, for instance). Under 4.0, only in
 * the first case, and not if the segment is a reuse. c: of the conversation that receives the segment. */
ALWAYS_INLINE bool rules_is_new(enum rules rules, const struct rules_state *c, unsigned flow, unsigned flags,
                                bool created, enum trigger trigger)
{
    if (created)
        return rules != RULES_4_0 || trigger == TRIGGER_NONE;
    return rules != RULES_4_0 && rules_is_syn(flags) && !rules_knows_isn(c, flow);
}

/* Learns the sender's ISN from the sequence number, the receiver's from the acknowledgement number. A SYN
 * takes one number. */
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

/* The completeness after the segment. created: the conversation was, by this segment. */
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
    /* Under 4.0, a SYN that creates a conversation shows nothing else but data. */
    if (flags & TCP_RST && !(rules == RULES_4_0 && is_new))
        has |= HAS_RST;
    return (uint8_t)has;
}

#endif
