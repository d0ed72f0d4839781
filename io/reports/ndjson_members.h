/* The members of the rows of JSON, by report and by naming. */
#ifndef TCPREUSE_NDJSON_MEMBERS_H
#define TCPREUSE_NDJSON_MEMBERS_H

#include "io/columns/columns.h"
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
    ENDED,
    ENDED_BY,
    REUSED,
    FLAGS,
    SEQ,
    ACK,
    LEN,
    /* Of the key: */
    VLAN,
    INTERFACE,
    VNI,
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
    COMMUNITY_ID,
    /* Of several files: */
    FILE_NAME,
    FILE_FRAME,
};

/* A member's name by naming; % is the name of the column. NULL: that naming leaves it out. One with a name in
 * NAMING_OURS is a column, the next one of those that NDJSON has. */
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

/* A way along the members of a row, and its columns. */
struct ndjson_walk {
    const struct named *next, *end;
    const struct column *columns; /* those after it */
};

static inline struct ndjson_walk ndjson_walk(enum report report)
{
    const struct ndjson_members *members = &ndjson_members[report];
    return (struct ndjson_walk){members->items, members->items + members->count,
                                report_columns[report].items};
}

/* The next member, or NULL. */
static inline const struct named *ndjson_walk_on(struct ndjson_walk *walk)
{
    if (walk->next == walk->end)
        return NULL;
    if (walk->next->key[NAMING_OURS]) {
        while (column_is_of_csv_only(walk->columns))
            walk->columns++;
        walk->columns++;
    }
    return walk->next++;
}

/* Puts what stands before the value of the member that the walk is at; for a fixed one, all of it. Returns the end. */
char *ndjson_put_key(char *p, bool first, const struct ndjson_walk *walk, enum naming naming);

/* Is the member a part of a realm that does not belong to the sink's key? */
bool ndjson_is_not_in_key(const struct sink *sink, enum member member);
/* The value of VLAN, INTERFACE or VNI. At most TEXT_NUMBER_MAX characters; returns the end. */
char *ndjson_realm_value(char *p, enum member member, const struct realm *r);

#endif
