/* Where report rows go. io/ implements this. */
#ifndef TCPREUSE_SINK_H
#define TCPREUSE_SINK_H

#include "engine/source.h"

/* A segment with its stream. */
struct packet_row {
    uint64_t frame;
    uint64_t stream;
    const struct segment *segment; /* struct segment4 or struct segment6 */
    enum family family;
    struct origin origin; /* where the sink wants it */
};

/* Rows of packets in one call, at most: what rows have in common is computed once a call, and they stay in the
 * L1 cache meanwhile. */
enum { PACKET_ROWS = 64 };

#define NO_STREAM UINT64_MAX

struct conversation_row {
    uint64_t stream;
    enum ending ending;
    int64_t first_time;            /* the conversation's; ns */
    const struct history *history; /* NULL: no verdicts are wanted */
    const struct ways *ways;
    uint64_t older, newer; /* streams of the conversations before and after it; NO_STREAM: none */
    const union conversation_any *conversation;
    enum family family;
};

struct reuse_row {
    const struct reuse *reuse;
    enum family family;
    const struct finding *finding; /* NULL: no verdicts are wanted */
    uint64_t episode;              /* that the reuse belongs to: the stream it began with */
    struct origin origin;          /* where the sink wants it */
};

/* Attempts of an episode that had more than one. */
struct episode_attempts {
    uint64_t first_frame; /* with its first SYN */
    int64_t first_time;   /* of that; ns */
    unsigned decimals;
    uint32_t count;
    struct episode_attempt {
        uint64_t frame; /* with its SYN */
        uint8_t answer; /* enum answer */
        uint8_t close;  /* enum close_kind of the first one if that was no reuse; else CLOSES */
    } attempt[];
};

struct episode_row {
    uint64_t episode;          /* the stream it began with */
    const struct reuse *reuse; /* the last attempt */
    enum family family;
    enum episode_outcome outcome;
    int64_t delay; /* ns; negative: none */
    const struct episode_attempts *attempts;
};

/* In which order clients take their ports; endpoints.c defines it. */
enum port_order { PORTS_UNKNOWN, PORTS_SEQUENTIAL, PORTS_RANDOM, PORT_ORDERS };

/* Client ports lowest to highest, inclusive. */
struct port_range {
    uint16_t lowest, highest;
};

/* A client address, or a server address and port, with all its conversations. Where the sink wants the worst ones only,
 * the rows of the others end with `failed`; what follows is 0. */
struct endpoint_row {
    const uint8_t *address; /* in network order */
    enum family family;
    bool is_server;
    uint16_t port; /* of a server */
    uint32_t conversations, reuses;
    uint32_t failed; /* reuses that were refused, challenged or lost */
    uint32_t by_trigger[TRIGGERS], by_verdict[VERDICT_WORDS];
    struct endpoint_gap {
        int64_t ns;
        unsigned decimals;
    } least_gap, median_gap; /* meaningless without reuses */
    /* Conversations: never answered but by RST; never answered; with a SYN/ACK, after more than one SYN. */
    uint32_t refused, unanswered, delayed;
    uint32_t most_open; /* at once */
    uint32_t most_new;  /* within any second */
    uint32_t ports;     /* distinct ones of clients */
    uint32_t ports_in_range;
    struct port_range range, seen; /* that is assumed; from the lowest port of a client to the highest */
    enum port_order order;
    /* Times at which its conversations begin and end, each ascending, one a conversation. Valid during the call. */
    const int64_t *begun, *ended; /* ns */
};

struct sink;

struct sink_ops {
    /* Append rows to the text. Any thread, several at a time. 0, or -1 when memory is short. */
    int (*format_reuse)(struct sink *, struct text *, const struct reuse_row *);
    int (*format_episode)(struct sink *, struct text *, const struct episode_row *);
    int (*format_packets)(struct sink *, struct text *, const struct packet_row *, unsigned count);
    int (*format_conversation)(struct sink *, struct text *, const struct conversation_row *);
    int (*format_endpoint)(struct sink *, struct text *, const struct endpoint_row *);
    /* Writes rows. One thread at a time a report, in the report's order. 0, or -1 after keeping the error. */
    int (*write)(struct sink *, enum report, const struct text *);
};

struct sink {
    const struct sink_ops *ops;
    bool wants[REPORTS];
    /* Of endpoints: so many clients and so many servers, the first ones of the report, and only those that have reuses,
     * get whole rows. 0: all do. */
    uint32_t worst_endpoints;
    bool wants_origin; /* of reuses and packets */
    bool wants_ending; /* of conversations */
    /* enum key_parts of the conversations' key: rows of reuses, packets, conversations and episodes have these of the
     * realm. Their segments and conversations are keyed then. */
    unsigned key_parts;
    bool wants_community_id; /* of reuses and conversations */
    bool for_spreadsheets;   /* CSV: with time_utc, and no field that a spreadsheet takes for a formula */
    uint16_t community_id_seed;
    const struct timers *timers; /* of the findings of reuses; NULL: no verdicts are wanted */
};

#endif
