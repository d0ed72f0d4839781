/* What shards leave for numbering about a batch, in the order of the capture. */
#ifndef TCPREUSE_EVENTS_H
#define TCPREUSE_EVENTS_H

#include "engine/conversations/conversation.h"
#include "engine/rules.h"

/* Positions in a batch: frame's index in the batch << 8 | number of the segment in its frame. */

/* A conversation came into being. */
struct creation {
    uint32_t position;
    uint32_t record;
};

struct creation_list {
    struct creation *items;
    uint32_t count, capacity;
};

/* A reuse, with all that its row says. */
struct reuse {
    uint32_t position;
    uint32_t record;          /* of the conversation that the segment belongs to from now on */
    uint32_t previous_record; /* the same when the generation goes on with the old conversation */
    uint8_t trigger;          /* enum trigger */
    uint8_t flow;             /* endpoint that sent it */
    uint8_t decimals;
    bool opens; /* a new conversation */
    uint16_t flags;
    int64_t time;
    uint64_t frame;
    uint64_t stream, previous_stream; /* from numbering */
    uint32_t isn, previous_isn;
    union conversation_any previous; /* as it was before the segment */
};

/* Why a conversation has its last segment behind it. */
enum ending {
    ENDING_RUN,     /* the run is over */
    ENDING_REUSE,   /* its ports were used again */
    ENDING_EXPIRED, /* forgotten: it was idle for too long, or longest when there were too many */
};

/* A conversation that ended before the segment at position, or at the batch's end (UINT32_MAX). Only where a
 * run may forget conversations: else they are all reported at the end of the run. */
struct ended {
    uint32_t position;
    uint32_t record;
    uint64_t stream; /* from numbering */
    uint8_t ending;  /* enum ending */
    uint8_t family;  /* enum family */
    union conversation_any conversation;
};

struct ended_list {
    struct ended *items;
    uint32_t count, capacity;
};

struct reuse_list {
    struct reuse *items;
    uint32_t count, capacity;
};

#endif
