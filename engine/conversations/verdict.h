/* What a reuse means: the words of its row, and the decisions behind them, as pure functions. docs/verdicts.md
 * defines each word and names its sources. The functions are thread-safe. */
#ifndef TCPREUSE_VERDICT_H
#define TCPREUSE_VERDICT_H

#include "engine/rules.h"

/* How the old conversation ended. */
enum close_kind {
    CLOSE_OPEN,
    CLOSE_FIN, /* both ways */
    CLOSE_FIN_ONE_WAY,
    CLOSE_RST,
    CLOSE_FIN_RST,
    CLOSE_REFUSED,    /* never answered but by RST */
    CLOSE_UNANSWERED, /* never answered */
    CLOSES
};

/* Who ended it: the sender of its first FIN, else of its first RST. */
enum closer { CLOSER_UNKNOWN, CLOSER_NOBODY, CLOSER_BOTH, CLOSER_CLIENT, CLOSER_SERVER, CLOSERS };

/* May a host in TIME_WAIT accept the new SYN? RFC 9293, 3.10.7.4; RFC 1122, 4.2.2.13; RFC 6191, 2. */
enum acceptable { ACCEPTABLE_UNKNOWN, ACCEPTABLE_NO, ACCEPTABLE_YES, ACCEPTABLES };

/* Where the new initial sequence number comes from. */
enum isn_origin {
    ORIGIN_UNKNOWN,
    ORIGIN_COPY,          /* the same packet, captured twice */
    ORIGIN_RECYCLED,      /* a TIME_WAIT that Linux reopened */
    ORIGIN_OLD_DUPLICATE, /* that of an even older conversation */
    ORIGIN_SAME_HOST,     /* the clock of RFC 6528 */
    ORIGINS
};

/* What the new SYN was answered with, first of all. */
enum answer {
    ANSWER_NOT_ASKED, /* the reuse is a SYN/ACK */
    ANSWER_NONE,
    ANSWER_UNSEEN, /* the capture shows one direction only */
    ANSWER_SYNACK,
    ANSWER_CHALLENGE, /* an ACK of something else: RFC 9293, 3.10.7.4; RFC 5961, 4 */
    ANSWER_RST,
    ANSWERS
};

/* How a series of attempts ended. */
enum episode_outcome { EPISODE_OPEN, EPISODE_CONNECTED, EPISODE_FAILED, EPISODE_OUTCOMES };

enum verdict {
    VERDICT_UNKNOWN,
    VERDICT_COPY,
    VERDICT_RETRY,
    VERDICT_IN_ORDER,
    VERDICT_EARLY_ACCEPTED,
    VERDICT_CHALLENGED,
    VERDICT_REFUSED,
    VERDICT_DELAYED,
    VERDICT_LOST,
    VERDICT_STALE_OPEN,
    VERDICT_WORDS
};

/* What lowers a verdict's certainty; bits. */
enum certainty {
    CERTAINTY_ISN_INFERRED = 1,
    CERTAINTY_ONE_DIRECTION = 2,
    CERTAINTY_QUOTED = 4,
    CERTAINTY_CUT = 8,
    CERTAINTY_CLOCK_BACK = 16,
    CERTAINTIES = 5, /* bits */
};

/* All that is found out of one reuse. */
struct finding {
    uint8_t verdict;       /* enum verdict */
    uint8_t close;         /* enum close_kind */
    uint8_t closer;        /* enum closer */
    uint8_t acceptable;    /* enum acceptable */
    uint8_t origin;        /* enum isn_origin */
    uint8_t answer;        /* enum answer */
    uint8_t outcome;       /* enum episode_outcome */
    uint8_t certainty;     /* enum certainty */
    uint8_t decimals;      /* of the delays: those of the finest time stamp that they come from */
    bool knows_distance;   /* isn_distance is there */
    bool same_isn;         /* as the conversation before */
    bool joins;            /* an open episode: the client has not given up */
    bool gave_way;         /* another attempt of the episode followed */
    bool from_previous;    /* the episode began with the old conversation, not with the first reuse */
    int32_t isn_distance;  /* from the old conversation's next sequence number */
    uint32_t attempt;      /* of the episode, counted from 1 */
    uint32_t syn_retries;  /* the SYN came so often again */
    uint64_t undercuts;    /* bit i: timer i; see struct timers */
    int64_t answer_delay;  /* to the SYN/ACK; ns; negative: none */
    int64_t episode_delay; /* from the episode's first SYN to the SYN/ACK that got through; negative: none */
};

/* Timers that a gap is compared with. */
enum timer_kind {
    TIMER_AFTER_FIN = 1,
    TIMER_AFTER_RST = 2,
    TIMER_AFTER_CLOSE = TIMER_AFTER_FIN | TIMER_AFTER_RST,
    TIMER_IDLE = 4, /* of an open connection */
};

enum { TIMERS_MAX = 64, TIMER_NAME_MAX = 31 };

struct timer {
    char name[TIMER_NAME_MAX + 1];
    unsigned kind; /* enum timer_kind */
    int64_t ns;
};

/* Ascending by time, and by name where times are equal. */
struct timers {
    unsigned count;
    struct timer timer[TIMERS_MAX];
};

/* Hosts and devices that are widely used, with what their makers document. */
extern const struct timers verdict_timers;

/* Which timers matter, bit by bit: after a close those that the gap stays below, of an open connection the
 * idle timers that it exceeds. gap: ns. */
uint64_t verdict_undercuts(const struct timers *timers, enum close_kind close, int64_t gap);

/* What of an old conversation decides whether a new SYN is acceptable. */
struct time_wait {
    enum close_kind close;
    bool knows_next, knows_timestamp;
    bool closed;   /* the timestamp came with its FIN. Else later ones, which were not noted, may be newer */
    uint32_t next; /* the sequence number that is expected of the SYN's sender */
    uint32_t timestamp; /* the latest TSval that it sent in a SYN, FIN or RST */
};

/* timestamp: the SYN's TSval; NULL: it has none. cut: it may have one that was not captured. */
enum acceptable verdict_acceptable(const struct time_wait *old, uint32_t isn, const uint32_t *timestamp,
                                   bool cut);

/* Do two initial sequence numbers follow the clock of RFC 6528, one step each 64 ns? Only a gap of 0.1 s or
 * more tells. since: from the old SYN to the new one; both ns. */
bool verdict_same_clock(uint32_t old_isn, uint32_t new_isn, int64_t since, int64_t gap);

/* The word for a finding that is complete but for its verdict. */
enum verdict verdict_decide(const struct finding *f);

#endif
