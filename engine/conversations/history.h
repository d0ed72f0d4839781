/* What verdicts need of a conversation beyond its record: one cache line, only where verdicts are wanted. A
 * segment that only carries data changes nothing in here. It changes the next sequence numbers, which are in
 * the record itself, in place of the first time, which is kept here instead.
 *
 * Numbered like the records of a table. One thread uses a history at a time. */
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

struct history {
    int64_t first_time;     /* the conversation's; ns */
    int64_t synack_time;    /* of the first SYN/ACK; ns; meaningless without KNOWS_SYNACK */
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
} ALIGNED(CACHE_LINE);
_Static_assert(sizeof(struct history) == CACHE_LINE, "memory a conversation");

/* Makes room for the record's history. 0, or -1 when memory is short. */
ALWAYS_INLINE int histories_reserve(struct record_chunks *histories, uint32_t record)
{
    return likely(record_chunks_has(histories, record))
               ? 0
               : record_chunks_grow(histories, record, sizeof(struct history));
}

ALWAYS_INLINE struct history *history_of(const struct record_chunks *histories, uint32_t record)
{
    return record_chunks_at(histories, record, sizeof(struct history));
}

/* For a conversation that begins. */
ALWAYS_INLINE void history_begin(struct history *h, int64_t first_time)
{
    *h = (struct history){.first_time = first_time};
}

/* Notes the SYN that begins a conversation. b: its boundary; NULL: not noted. */
void history_note_first_syn(struct history *h, const struct segment *s, const struct boundary *b);

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

/* Notes a boundary that is no quoted segment. Call it before the conversation's next sequence numbers move.
 * b: NULL: not noted. */
void history_note_boundary(struct history *h, const struct conversation *c, const struct segment *s,
                           const struct boundary *b);
/* The same, for one without SYN. */
void history_note_close(struct history *h, const struct conversation *c, const struct segment *s,
                        const struct boundary *b);

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
