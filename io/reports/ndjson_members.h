/* The members of the rows of JSON, by report and by naming. */
#ifndef TCPREUSE_NDJSON_MEMBERS_H
#define TCPREUSE_NDJSON_MEMBERS_H

#include "io/reports/row_format.h"

/* What a member holds. */
enum member {
    FIXED, /* the name is all of it, value included */
    FRAME,
    TIME,
    STREAM,
    PREVIOUS_STREAM,
    TRIGGER,
    SRC,
    SRC_PORT,
    DST,
    DST_PORT,
    ISN,
    PREVIOUS_ISN,
    COMPLETENESS_OF,
    FIRST_FRAME,
    LAST_FRAME,
    FIRST_TIME,
    LAST_TIME,
    GAP,
    FRAMES,
    BYTES,
    DURATION,
    DURATION_NS,
    CLIENT_ISN,
    SERVER_ISN,
    CLIENT_FRAMES,
    SERVER_FRAMES,
    CLIENT_PAYLOAD,
    SERVER_PAYLOAD,
    END,
    ENDED_BY,
    REUSED,
    FLAGS,
    SEQ,
    ACK,
    LEN,
    /* Where verdicts are wanted: */
    CLOSED_BY,
    CLOSE,
    UNDERCUTS,
    ACCEPTABLE,
    ISN_DISTANCE,
    ORIGIN,
    ANSWER,
    EPISODE,
    ATTEMPT,
    EPISODE_DELAY,
    EPISODE_OUTCOME,
    ANSWER_DELAY,
    SYN_RETRIES,
    VERDICT,
    CERTAINTY,
    CLIENT_BY,
    HANDSHAKE,
    RTT,
    OWN_CLOSE, /* of a conversation itself, not of the one before */
    OWN_CLOSED_BY,
    OWN_SYN_RETRIES,
    OWN_TRIGGER,
    REUSES,
    REUSED_BY,
    /* Of several files: */
    FILE_NAME,
    FILE_FRAME,
};

/* A member's name by naming. NULL: that naming leaves it out. */
struct named {
    const char *key[NAMINGS];
    enum member member;
};

struct ndjson_members {
    const struct named *items;
    size_t count;
};

/* In the order of the row. By enum report. */
extern const struct ndjson_members ndjson_members[REPORTS];

#endif
