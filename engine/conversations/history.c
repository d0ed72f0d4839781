/* Notes boundaries in the history of a conversation, and answers questions about its beginning and end. */
#include "engine/conversations/history.h"
#include "engine/list.h"

#include <stdlib.h>

void histories_free(struct histories *h)
{
    record_chunks_free(&h->beginnings);
    record_chunks_free(&h->stamps);
    record_chunks_free(&h->answers);
    free(h->pasts);
    *h = (struct histories){0};
}

int histories_grow(struct histories *h, uint32_t record)
{
    if (h->stamps.count && record_chunks_grow(&h->stamps, record, sizeof(struct stamps)))
        return -1;
    if (h->keeps_answers && record_chunks_grow(&h->answers, record, sizeof(int64_t)))
        return -1;
    return record_chunks_grow(&h->beginnings, record, sizeof(struct beginning));
}

/* The first time stamp makes room for all. 0 or -1. */
static int grow_stamps(struct histories *h)
{
    _Static_assert(sizeof(struct stamps) == sizeof(struct beginning), "as many in a chunk");
    const uint32_t last = (h->beginnings.count << record_chunks_bits(sizeof(struct beginning))) - 1;
    return h->stamps.count ? 0 : record_chunks_grow(&h->stamps, last, sizeof(struct stamps));
}

int histories_note_stamp(struct histories *h, uint32_t record, unsigned endpoint, uint32_t timestamp)
{
    if (grow_stamps(h))
        return -1;
    struct stamps *const to = stamps_of(h, record);
    to->latest[endpoint] = timestamp;
    to->knows |= 1u << endpoint;
    return 0;
}

int histories_note_syn_stamp(struct histories *h, uint32_t record, unsigned flow, uint32_t timestamp)
{
    if (histories_note_stamp(h, record, flow, timestamp))
        return -1;
    struct stamps *const to = stamps_of(h, record);
    to->syn = timestamp;
    to->knows |= 4;
    return 0;
}

void histories_forget(struct histories *h, uint32_t record)
{
    struct beginning *const b = beginning_of(h, record);
    if (!b->past)
        return;
    h->pasts[b->past].older = h->free_past;
    h->free_past = b->past;
    b->past = 0;
}

/* The conversation's, made if there is none. NULL when memory is short. */
static struct past *need_past(struct histories *h, uint32_t record)
{
    struct beginning *const b = beginning_of(h, record);
    if (b->past)
        return &h->pasts[b->past];
    uint32_t place = h->free_past;
    if (place) {
        h->free_past = h->pasts[place].older;
    } else {
        place = MAX(h->past_count, 1u);
        if (list_reserve(&h->pasts, &h->past_capacity, (uint64_t)place + 1, sizeof *h->pasts))
            return NULL;
        h->past_count = place + 1;
    }
    h->pasts[place] = (struct past){.older = RECORD_NONE, .newer = RECORD_NONE};
    b->past = place;
    return &h->pasts[place];
}

int histories_count_syn_retry(struct histories *h, uint32_t record)
{
    struct past *const past = need_past(h, record);
    if (!past)
        return -1;
    past->syn_retries += past->syn_retries < UINT16_MAX;
    return 0;
}

struct history histories_read(const struct histories *h, uint32_t record, const struct conversation *c)
{
    static const struct past no_past = {.older = RECORD_NONE, .newer = RECORD_NONE};
    const struct beginning *const b = beginning_of(h, record);
    const struct past *const past = b->past ? &h->pasts[b->past] : &no_past;
    struct history to = {.first_time = b->first_time,
                         .older_isn = {past->older_isn[0], past->older_isn[1]},
                         .episode = past->episode,
                         .older = past->older,
                         .newer = past->newer,
                         .syn_ip_id = b->syn_ip_id,
                         .syn_retries = past->syn_retries,
                         .close = c->close,
                         .trigger = past->trigger};
    unsigned knows =
        past->older_known * (unsigned)KNOWS_OLDER_ISN | b->knows / BEGINNING_ISN * (unsigned)KNOWS_ISN;
    if (b->knows & BEGINNING_SYN_IP_ID)
        knows |= KNOWS_SYN_IP_ID;
    if (b->knows & BEGINNING_EPISODE)
        knows |= KNOWS_EPISODE;
    if (c->state & STATE_SYNACK)
        knows |= KNOWS_SYNACK;
    /* Without a SYN/ACK it is that of an earlier conversation, whose record this was. */
    if (h->keeps_answers && knows & KNOWS_SYNACK)
        to.synack_time = *answer_time_of(h, record);
    if (h->stamps.count) {
        const struct stamps *const stamps = stamps_of(h, record);
        to.timestamp[0] = stamps->latest[0];
        to.timestamp[1] = stamps->latest[1];
        to.syn_timestamp = stamps->syn;
        knows |= (stamps->knows & 3) * KNOWS_TIMESTAMP | (stamps->knows & 4 ? KNOWS_SYN_TIMESTAMP : 0);
    }
    to.knows = (uint16_t)knows;
    return to;
}

struct history histories_restore(const struct histories *h, uint32_t record, struct conversation *copy)
{
    const struct history history = histories_read(h, record, copy);
    copy->f0 = beginning_of(h, record)->f0;
    copy->state &= (uint16_t)~STATE_SYNACK;
    return history;
}

/* 0 or -1. */
static int write_stamps(struct histories *h, uint32_t record, const struct history *from)
{
    const unsigned knows = (unsigned)from->knows / KNOWS_TIMESTAMP & 3;
    for (unsigned i = 0; i < 2; i++)
        if (knows >> i & 1 && histories_note_stamp(h, record, i, from->timestamp[i]))
            return -1;
    if (from->knows & KNOWS_SYN_TIMESTAMP) {
        if (grow_stamps(h))
            return -1;
        stamps_of(h, record)->syn = from->syn_timestamp;
        stamps_of(h, record)->knows |= 4;
    }
    return 0;
}

/* 0 or -1. */
static int write_past(struct histories *h, uint32_t record, const struct history *from)
{
    const unsigned older_known = (unsigned)from->knows / KNOWS_OLDER_ISN & 3;
    const bool has_none = !older_known && !from->episode && from->older == RECORD_NONE &&
                          from->newer == RECORD_NONE && !from->syn_retries && !from->trigger;
    if (has_none && !beginning_of(h, record)->past)
        return 0;
    struct past *const past = need_past(h, record);
    if (!past)
        return -1;
    *past = (struct past){.older_isn = {from->older_isn[0], from->older_isn[1]},
                          .episode = from->episode,
                          .older = from->older,
                          .newer = from->newer,
                          .syn_retries = from->syn_retries,
                          .older_known = (uint8_t)older_known,
                          .trigger = from->trigger};
    return 0;
}

int histories_write(struct histories *h, uint32_t record, struct conversation *c, const struct history *from)
{
    struct beginning *const b = beginning_of(h, record);
    b->first_time = from->first_time;
    b->syn_ip_id = from->syn_ip_id;
    b->knows = (uint8_t)((from->knows / KNOWS_ISN & 3) * BEGINNING_ISN |
                         (from->knows & KNOWS_SYN_IP_ID ? BEGINNING_SYN_IP_ID : 0) |
                         (from->knows & KNOWS_EPISODE ? BEGINNING_EPISODE : 0));
    c->close = (uint8_t)from->close;
    if (from->knows & KNOWS_SYNACK)
        c->state |= STATE_SYNACK;
    if (h->keeps_answers)
        *answer_time_of(h, record) = from->synack_time;
    return write_stamps(h, record, from) || write_past(h, record, from) ? -1 : 0;
}

uint32_t histories_episode(const struct histories *h, uint32_t record)
{
    const uint32_t past = beginning_of(h, record)->past;
    return past ? h->pasts[past].episode : 0;
}

int histories_set_episode(struct histories *h, uint32_t record, uint32_t episode)
{
    if (!episode && !beginning_of(h, record)->past)
        return 0;
    struct past *const past = need_past(h, record);
    if (!past)
        return -1;
    past->episode = episode;
    return 0;
}

int histories_set_newer(struct histories *h, uint32_t record, uint32_t newer)
{
    struct past *const past = need_past(h, record);
    if (!past)
        return -1;
    past->newer = newer;
    return 0;
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

void history_note_rst(struct conversation *c, const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    if (!(c->close & (CLOSE_SENT_RST | CLOSE_SENT_RST << 1)) && flow)
        c->close |= CLOSE_FIRST_RST;
    c->close |= (uint8_t)(CLOSE_SENT_RST << flow | (is_rejection(c, s, flow) ? CLOSE_REJECTED : 0));
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
