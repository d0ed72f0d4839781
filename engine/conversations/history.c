/* Notes boundaries in the history of a conversation, and answers questions about its beginning and end. */
#include "engine/conversations/history.h"

void history_note_first_syn(struct history *h, const struct segment *s, const struct boundary *b)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    if (!b)
        return;
    h->syn_timestamp = b->timestamp;
    h->syn_ip_id = b->ip_id;
    h->timestamp[flow] = b->timestamp;
    if (b->bits & BOUNDARY_TIMESTAMP)
        h->knows |= (uint16_t)(KNOWS_SYN_TIMESTAMP | KNOWS_TIMESTAMP << flow);
    if (b->bits & BOUNDARY_IP_ID)
        h->knows |= KNOWS_SYN_IP_ID;
}

static void note_fin(struct history *h, const struct conversation *c, const struct segment *s, unsigned flow)
{
    const unsigned other = flow ^ 1;
    if (!(h->close & (CLOSE_SENT_FIN | CLOSE_SENT_FIN << 1)))
        h->close |= flow ? CLOSE_FIRST_FIN : 0;
    else if (!(h->close & CLOSE_SENT_FIN << flow) && s->flags & TCP_ACK &&
             (int32_t)(s->ack - c->next[other]) < 0)
        h->close |= CLOSE_CROSSED;
    h->close |= (uint8_t)(CLOSE_SENT_FIN << flow);
}

/* Does the client reject, with this RST, an ACK or SYN/ACK that did not answer its SYN? The sequence number
 * of such an RST comes from that ACK; it is not the client's next one (RFC 9293, 3.10.7.3). */
static bool is_rejection(const struct conversation *c, const struct segment *s, unsigned flow)
{
    const unsigned has = conversation_completeness(c);
    const bool stood = has & (HAS_DATA | HAS_FIN) || (has & HAS_SYNACK && has & HAS_ACK);
    return conversation_client(c) == flow && has & HAS_SYN && !stood && !(s->flags & TCP_ACK) &&
           conversation_has_sent(c, flow) && s->seq != c->next[flow];
}

static void note_timestamp(struct history *h, const struct boundary *b, unsigned flow)
{
    if (!b || !(b->bits & BOUNDARY_TIMESTAMP))
        return;
    h->timestamp[flow] = b->timestamp;
    h->knows |= (uint16_t)(KNOWS_TIMESTAMP << flow);
}

static void note_end(struct history *h, const struct conversation *c, const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    if (s->flags & TCP_FIN)
        note_fin(h, c, s, flow);
    if (s->flags & TCP_RST) {
        if (!(h->close & (CLOSE_SENT_RST | CLOSE_SENT_RST << 1)) && flow)
            h->close |= CLOSE_FIRST_RST;
        h->close |= (uint16_t)(CLOSE_SENT_RST << flow | (is_rejection(c, s, flow) ? CLOSE_REJECTED : 0));
    }
}

void history_note_close(struct history *h, const struct conversation *c, const struct segment *s,
                        const struct boundary *b)
{
    note_timestamp(h, b, s->bits & SEGMENT_FLOW);
    note_end(h, c, s);
}

void history_note_boundary(struct history *h, const struct conversation *c, const struct segment *s,
                           const struct boundary *b)
{
    if (!rules_is_synack(s->flags)) {
        note_timestamp(h, b, s->bits & SEGMENT_FLOW);
    } else if (!(h->knows & KNOWS_SYNACK)) { /* its time stamp is not noted: the fast path ignores it, too */
        h->synack_time = s->time;
        h->knows |= KNOWS_SYNACK;
    }
    note_end(h, c, s);
}

bool history_saw_isn(const struct conversation *c, const struct history *h, unsigned endpoint)
{
    const unsigned has = endpoint == conversation_client(c) ? HAS_SYN : HAS_SYNACK;
    return conversation_completeness(c) & has || h->knows & KNOWS_ISN << endpoint;
}

/* Was there a SYN, but nothing that follows an answer only? A client that acknowledges something has got one.
 * HAS_ACK does not tell, since an RST may set it. */
static bool is_unanswered(const struct conversation *c, const struct history *h)
{
    const unsigned client = conversation_client(c);
    return history_saw_isn(c, h, client) && !(conversation_completeness(c) & HAS_SYNACK) &&
           !(h->close & (CLOSE_SENT_FIN | CLOSE_SENT_FIN << 1)) && !conversation_has_acked(c, client) &&
           !conversation_has_sent(c, client ^ 1);
}

unsigned history_client(const struct conversation *c)
{
    const uint16_t low = conversation_port(c, 0), high = conversation_port(c, 1);
    if (c->state & STATE_CLIENT_KNOWN || low == high)
        return conversation_client(c);
    return low < high;
}

/* Was the SYN/ACK answered? Either by an ACK of the client that is no RST; or the server went on, so there
 * was an ACK that is missing from the capture. */
static bool is_complete(const struct conversation *c, const struct history *h, unsigned client)
{
    const unsigned server = client ^ 1;
    const bool sent_fin = history_sent_fin(h, server);
    return conversation_has_acked(c, client) ||
           (conversation_has_sent(c, server) && (int32_t)(c->next[server] - c->isn[server]) > 1 + sent_fin);
}

enum handshake history_handshake(const struct conversation *c, const struct history *h)
{
    const unsigned has = conversation_completeness(c), client = conversation_client(c), server = client ^ 1;
    if (!(has & HAS_SYN))
        return HANDSHAKE_NOT_SEEN;
    if (has & HAS_SYNACK)
        return is_complete(c, h, client) ? HANDSHAKE_COMPLETE : HANDSHAKE_HALF_OPEN;
    if (conversation_has_sent(c, server))
        return HANDSHAKE_CHALLENGED;
    if (!is_unanswered(c, h))
        return HANDSHAKE_NOT_SEEN; /* in this direction */
    return history_sent_rst(h, server) ? HANDSHAKE_REFUSED : HANDSHAKE_UNANSWERED;
}

enum close_kind history_close_kind(const struct conversation *c, const struct history *h)
{
    const unsigned fins = h->close & (CLOSE_SENT_FIN | CLOSE_SENT_FIN << 1);
    if (is_unanswered(c, h))
        return history_sent_rst(h, conversation_client(c) ^ 1) ? CLOSE_REFUSED : CLOSE_UNANSWERED;
    if (history_sent_rst(h, 0) || history_sent_rst(h, 1))
        return fins ? CLOSE_FIN_RST : CLOSE_RST;
    if (!fins)
        return CLOSE_OPEN;
    return fins == (CLOSE_SENT_FIN | CLOSE_SENT_FIN << 1) ? CLOSE_FIN : CLOSE_FIN_ONE_WAY;
}

bool history_is_one_direction(const struct conversation *c, const struct history *h)
{
    const bool both = (conversation_has_sent(c, 0) || history_sent_rst(h, 0)) &&
                      (conversation_has_sent(c, 1) || history_sent_rst(h, 1));
    return !both && !is_unanswered(c, h);
}

enum closer history_closer(const struct conversation *c, const struct history *h, enum close_kind close,
                           unsigned client)
{
    const unsigned fins = h->close & (CLOSE_SENT_FIN | CLOSE_SENT_FIN << 1);
    if (history_is_one_direction(c, h))
        return CLOSER_UNKNOWN;
    if (close == CLOSE_OPEN || close == CLOSE_UNANSWERED)
        return CLOSER_NOBODY;
    if (h->close & CLOSE_CROSSED)
        return CLOSER_BOTH;
    const unsigned sender = (h->close & (fins ? CLOSE_FIRST_FIN : CLOSE_FIRST_RST)) != 0;
    return sender == client ? CLOSER_CLIENT : CLOSER_SERVER;
}
