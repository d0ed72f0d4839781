/* What happened in a batch: events that shards report to numbering, in capture order. The shard's owner
 * writes them while it drains. Numbering reads them and adds stream numbers once batch.drained says that all
 * shards have drained the batch. */
#ifndef TCPREUSE_EVENTS_H
#define TCPREUSE_EVENTS_H

#include "engine/conversations/conversation.h"
#include "engine/conversations/history.h"
#include "engine/conversations/ways.h"

/* A position in a batch is the frame's index in the batch << 8 | the segment's number in its frame. */

/* A conversation began. */
struct creation {
    uint32_t position;
    uint32_t record;
};
_Static_assert(sizeof(struct creation) == 8, "one a conversation, searched by position");

struct creation_list {
    struct creation *items;
    uint32_t count, capacity;
};

/* A segment reused the ports of a conversation: everything that its row shows. */
struct reuse {
    uint32_t position;
    uint32_t record;          /* of the conversation that the segment belongs to */
    uint32_t previous_record; /* of the conversation before; the same record if that one continues */
    uint8_t trigger;          /* enum trigger */
    uint8_t flow;             /* endpoint that sent the segment */
    uint8_t decimals;         /* of the time stamp */
    bool opens;               /* a new conversation begins */
    uint16_t flags;
    int64_t time; /* ns */
    uint64_t frame;
    uint64_t stream, previous_stream; /* set by numbering */
    uint32_t isn, previous_isn;
    uint32_t ticket;                 /* where verdicts are wanted: the same as its finding's */
    union conversation_any previous; /* as it was before the segment */
};

struct reuse_list {
    struct reuse *items;
    uint32_t count, capacity;
};

/* The outcome of a reuse in this batch or an earlier one. Tickets count the reuses of a shard and family from
 * 0. */
struct found {
    uint32_t ticket;
    uint32_t first_ticket; /* of the episode's first reuse */
    struct finding finding;
};

struct found_list {
    struct found *items;
    uint32_t count, capacity;
};

/* Why a conversation ended. */
enum ending {
    ENDING_RUN,     /* the run is over */
    ENDING_REUSE,   /* its ports were used again */
    ENDING_EXPIRED, /* forgotten: idle for too long, or the one idle longest when there were too many */
};

/* A conversation ended before the segment at position, or with the batch (UINT32_MAX). Only in runs that may
 * forget conversations; in others all are reported at the end. */
struct ended {
    uint32_t position;
    uint32_t record;
    uint64_t over; /* where conversations expire by time: at this time of the idle clock; else 0 */
    uint64_t stream, older, newer; /* set by numbering, as in struct conversation_row */
    uint8_t ending;                /* enum ending */
    uint8_t family;                /* enum family */
    union conversation_any conversation;
    struct history history; /* where verdicts are wanted */
    struct ways ways;       /* at the end of the batch, when they are counted */
};

struct ended_list {
    struct ended *items;
    uint32_t count, capacity;
};

#endif
