/* What verdicts need of a conversation beyond its record, only where verdicts are wanted. Nothing of it changes with
 * a segment that only carries data: what does, the next sequence numbers, lies in the record itself, in the place
 * of its first time; and so does how it closes, in the place of the lowest bits of its first frame. Those are here
 * meanwhile. So nearly all boundaries touch nothing but the record: a SYN leaves 16 bytes here, and only
 * a time stamp option or a reuse takes more.
 *
 * Numbered like the records of a table. One thread uses the histories of a shard's family at a time. */
#ifndef TCPREUSE_HISTORY_H
#define TCPREUSE_HISTORY_H

#include "engine/conversations/boundary.h"
#include "engine/conversations/record_chunks.h"
#include "engine/conversations/verdict.h"

/* What is known. A bit for each endpoint where there are two. */
enum history_knows {
    KNOWS_TIMESTAMP = 1,      /* and 2 */
    KNOWS_OLDER_ISN = 4,      /* and 8 */
    KNOWS_SYN_TIMESTAMP = 16, /* the first SYN had one */
    KNOWS_SYN_IP_ID = 32,
    KNOWS_EPISODE = 64, /* it was an attempt of an episode */
    KNOWS_SYNACK = 128,
    /* and 512: a SYN or SYN/ACK of the endpoint was seen on the slow path. Completeness shows it, too, except
     * for a conversation's first segment under 4.0, and for a SYN/ACK that the client sent. */
    KNOWS_ISN = 256,
};

/* How the conversation is being closed. A bit for each endpoint where there are two. */
enum history_close {
    CLOSE_SENT_FIN = 1,   /* and 2 */
    CLOSE_SENT_RST = 4,   /* and 8 */
    CLOSE_FIRST_FIN = 16, /* endpoint 1 sent the first FIN */
    CLOSE_FIRST_RST = 32, /* endpoint 1 sent the first RST */
    CLOSE_CROSSED = 64,   /* the FINs crossed: neither acknowledges the other. RFC 9293, 3.6, case 3 */
    /* The client's SYN was answered with an ACK of something else, which the client reset. It still waits for
     * an answer: RFC 9293, 3.10.7.3. */
    CLOSE_REJECTED = 128,
};

/* A history as a whole: what its parts tell. */
struct history {
    int64_t first_time;     /* the conversation's; ns */
    int64_t synack_time;    /* of the first SYN/ACK; ns; 0 without KNOWS_SYNACK, or where it is not kept */
    uint32_t timestamp[2];  /* latest TSval in a boundary of each endpoint */
    uint32_t older_isn[2];  /* of the conversation before */
    uint32_t syn_timestamp; /* TSval of the SYN that the conversation began with */
    uint32_t episode;       /* that watches the conversation; 0: none */
    uint32_t older, newer;  /* records of the conversations around it; RECORD_NONE: none, or not kept */
    uint16_t syn_ip_id;
    uint16_t syn_retries; /* SYNs after the first one; UINT16_MAX: as many or more */
    uint16_t knows;       /* enum history_knows */
    uint16_t close;       /* enum history_close */
    uint8_t trigger;      /* enum trigger: of the reuse that the conversation began with */
};

/* Its parts. Of each conversation: */
struct beginning {
    int64_t first_time;
    uint32_t past; /* place in the list of pasts; 0: none */
    uint16_t syn_ip_id;
    uint8_t f0;    /* of the conversation, see there */
    uint8_t knows; /* enum beginning_knows */
};
_Static_assert(sizeof(struct beginning) == 16, "memory a conversation");

enum beginning_knows {
    BEGINNING_SYN_IP_ID = 1,
    BEGINNING_EPISODE = 2,
    BEGINNING_ISN = 4, /* and 8 */
};

/* Of each, but only once there was any time stamp option in a boundary but SYN/ACKs: */
struct stamps {
    uint32_t latest[2], syn;
    uint32_t knows; /* bits 0 and 1: latest; 2: syn */
};
_Static_assert(sizeof(struct stamps) == 16, "memory a conversation");

/* Of those that are reuses, that were reused, or whose SYN came again: */
struct past {
    uint32_t older_isn[2];
    uint32_t episode;
    uint32_t older; /* of a free place: the next one */
    uint32_t newer;
    uint16_t syn_retries;
    uint8_t older_known; /* bits 0 and 1: older_isn */
    uint8_t trigger;
};

/* Zeroed, there are none. */
struct histories {
    struct record_chunks beginnings, stamps;
    struct record_chunks answers; /* int64_t: when the first SYN/ACK came, only where keeps_answers */
    bool keeps_answers;           /* for a report of conversations; set before the first conversation */
    struct past *pasts;           /* place 0 is not used */
    uint32_t past_count, past_capacity, free_past;
};

void histories_free(struct histories *h);
/* Makes room for the record's. 0, or -1 when memory is short. */
int histories_grow(struct histories *h, uint32_t record);
ALWAYS_INLINE int histories_reserve(struct histories *h, uint32_t record)
{
    return likely(record_chunks_has(&h->beginnings, record, sizeof(struct beginning)))
               ? 0
               : histories_grow(h, record);
}

ALWAYS_INLINE struct beginning *beginning_of(const struct histories *h, uint32_t record)
{
    return record_chunks_at(&h->beginnings, record, sizeof(struct beginning));
}
/* Only if there are any. */
ALWAYS_INLINE struct stamps *stamps_of(const struct histories *h, uint32_t record)
{
    return record_chunks_at(&h->stamps, record, sizeof(struct stamps));
}
ALWAYS_INLINE int64_t *answer_time_of(const struct histories *h, uint32_t record)
{
    return record_chunks_at(&h->answers, record, sizeof(int64_t));
}

/* The conversation has no past any more. */
void histories_forget(struct histories *h, uint32_t record);

/* For a conversation that begins, made by conversation_begin(): takes what the record has no room for. */
ALWAYS_INLINE void histories_begin(struct histories *h, uint32_t record, struct conversation *c)
{
    struct beginning *const b = beginning_of(h, record);
    if (unlikely(b->past))
        histories_forget(h, record);
    *b = (struct beginning){.first_time = c->first_time, .f0 = c->f0};
    if (unlikely(h->stamps.count))
        *stamps_of(h, record) = (struct stamps){0};
    c->next[0] = c->next[1] = 0;
    c->close = 0;
}

/* The SYN that a conversation begins with has such a boundary. 0, or -1 when memory is short. */
int histories_note_syn_stamp(struct histories *h, uint32_t record, unsigned flow, uint32_t timestamp);
ALWAYS_INLINE int histories_note_first_syn(struct histories *h, uint32_t record, unsigned flow,
                                           const struct boundary *b)
{
    struct beginning *const to = beginning_of(h, record);
    if (likely(b->bits & BOUNDARY_IP_ID)) {
        to->syn_ip_id = b->ip_id;
        to->knows |= BEGINNING_SYN_IP_ID;
    }
    return b->bits & BOUNDARY_TIMESTAMP ? histories_note_syn_stamp(h, record, flow, b->timestamp) : 0;
}
/* A time stamp in another boundary of the endpoint. 0, or -1 when memory is short. */
int histories_note_stamp(struct histories *h, uint32_t record, unsigned endpoint, uint32_t timestamp);

/* 0, or -1 when memory is short. */
int histories_count_syn_retry(struct histories *h, uint32_t record);
/* A SYN/ACK, of which the first one counts. c: the record. */
ALWAYS_INLINE void histories_note_synack(const struct histories *h, uint32_t record, struct conversation *c,
                                         int64_t time)
{
    if (h->keeps_answers && !(c->state & STATE_SYNACK))
        *answer_time_of(h, record) = time;
    c->state |= STATE_SYNACK;
}

/* All that is known. c: the record. */
struct history histories_read(const struct histories *h, uint32_t record, const struct conversation *c);
/* Part of it: all that history_handshake() needs, the first time, and how often the SYN came again. */
ALWAYS_INLINE struct history histories_read_beginning(const struct histories *h, uint32_t record,
                                                      const struct conversation *c)
{
    const struct beginning *const b = beginning_of(h, record);
    return (struct history){.first_time = b->first_time,
                            .syn_retries = b->past ? h->pasts[b->past].syn_retries : 0,
                            .knows = (uint16_t)(b->knows / BEGINNING_ISN * (unsigned)KNOWS_ISN),
                            .close = c->close};
}
/* All of it, and gives a copy of the record its first frame back; it still has the next sequence numbers, and not its
 * first time. */
struct history histories_restore(const struct histories *h, uint32_t record, struct conversation *copy);
/* Changes all of it. 0, or -1 when memory is short. */
int histories_write(struct histories *h, uint32_t record, struct conversation *c, const struct history *from);
/* Part of it. */
uint32_t histories_episode(const struct histories *h, uint32_t record);
/* 0, or -1 when memory is short; never that if the episode is 0, which ends it. */
int histories_set_episode(struct histories *h, uint32_t record, uint32_t episode);
int histories_set_newer(struct histories *h, uint32_t record, uint32_t newer);

/* The endpoint that reports call the client: the sender of the SYN or the receiver of the SYN/ACK; if neither
 * was seen, the one with the higher port; if the ports are equal, the one that was seen first. */
unsigned history_client(const struct conversation *c);

/* How it began. */
enum handshake {
    HANDSHAKE_NOT_SEEN,
    HANDSHAKE_COMPLETE,
    HANDSHAKE_HALF_OPEN, /* no ACK of the SYN/ACK */
    HANDSHAKE_CHALLENGED,
    HANDSHAKE_REFUSED,
    HANDSHAKE_UNANSWERED,
    HANDSHAKES
};

enum handshake history_handshake(const struct conversation *c, const struct history *h);
enum close_kind history_close_kind(const struct conversation *c, const struct history *h);
/* close: history_close_kind(). client: the endpoint that counts as the client. */
enum closer history_closer(const struct conversation *c, const struct history *h, enum close_kind close,
                           unsigned client);
/* Does the capture show only one direction, though the other endpoint must have sent something? */
bool history_is_one_direction(const struct conversation *c, const struct history *h);

/* A FIN or RST that is no quoted segment, before its numbers count in the conversation. */
void history_note_rst(struct conversation *c, const struct segment *s);
ALWAYS_INLINE void history_note_fin(struct conversation *c, const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    unsigned close = c->close;
    if (!(close & (CLOSE_SENT_FIN | CLOSE_SENT_FIN << 1)))
        close |= flow ? CLOSE_FIRST_FIN : 0;
    else if (!(close & CLOSE_SENT_FIN << flow) && s->flags & TCP_ACK &&
             (int32_t)(s->ack - c->next[flow ^ 1]) < 0)
        close |= CLOSE_CROSSED;
    c->close = (uint8_t)(close | CLOSE_SENT_FIN << flow);
}

ALWAYS_INLINE bool history_sent_rst(const struct history *h, unsigned endpoint)
{
    return h->close & CLOSE_SENT_RST << endpoint;
}
/* Was a SYN or SYN/ACK of the endpoint seen? */
bool history_saw_isn(const struct conversation *c, const struct history *h, unsigned endpoint);
ALWAYS_INLINE bool history_sent_fin(const struct history *h, unsigned endpoint)
{
    return h->close & CLOSE_SENT_FIN << endpoint;
}

#endif
