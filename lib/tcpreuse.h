/* libtcpreuse: finds TCP connections that reuse the ports of earlier ones, and tells what each reuse means.
 *
 * A handle takes frames, either pushed one after the other or from capture files, and gives events: a reuse
 * with all that reuse.csv tells of it, a conversation with all that conversations.csv does. Members are named
 * as the columns of these reports; docs/reports.md and docs/verdicts.md explain them. Events come in the
 * order of the reports' rows: reuses by frame, each when its verdict is known, which is when its SYN has been
 * answered or the answer window is over.
 *
 *     struct tcpreuse *t = tcpreuse_create();
 *     const struct tcpreuse_event *event;
 *     int result = t ? tcpreuse_read(t, paths, count) : TCPREUSE_ERROR_MEMORY;
 *     while (result >= 0 && (result = tcpreuse_next(t, &event)) > 0)
 *         use(&event->reuse);
 *     if (result < 0)
 *         complain(tcpreuse_error(t));
 *     tcpreuse_close(t);
 *
 * Thread-safety: a handle is used by one thread at a time; different handles are independent and may be used
 * by different threads at once. Nothing is printed, no signal handler is installed, and the process is never
 * ended. A handle does not survive fork(). Strings and events that are returned belong to the library.
 *
 * Structures that the caller fills either begin with their size or never change. struct tcpreuse_problem and
 * struct tcpreuse_realm never change. Later versions may add members at the end of events: use events through
 * pointers, and do not put copies in arrays that two programs share. */
#ifndef TCPREUSE_H
#define TCPREUSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What can go wrong -------------------------------------------------------------------------------- */

/* What functions return: 0 or more on success, otherwise an error; tcpreuse_error() has the reason in
 * words. */
enum tcpreuse_result {
    TCPREUSE_DONE = 0,
    TCPREUSE_EVENT = 1,              /* of tcpreuse_next(): there is an event */
    TCPREUSE_ERROR_OPTION = -1,      /* an invalid option or argument */
    TCPREUSE_ERROR_ORDER = -2,       /* the call is not allowed in the handle's state */
    TCPREUSE_ERROR_MEMORY = -3,      /* short of memory: what came before has been reported */
    TCPREUSE_ERROR_INPUT = -4,       /* some input could not be read to its end: see tcpreuse_problem() */
    TCPREUSE_ERROR_THREAD = -5,      /* no more threads or descriptors */
    TCPREUSE_ERROR_RANDOM = -6,      /* no random numbers from the kernel */
    TCPREUSE_ERROR_UNAVAILABLE = -7, /* not in this build or version of the library */
    TCPREUSE_ERROR_INTERNAL = -8,    /* a mistake in the library */
};

/* ---- Options ------------------------------------------------------------------------------------------ */

enum tcpreuse_event_kind {
    TCPREUSE_REUSE = 1,
    /* Once it has ended: at the end of the input, unless conversations are forgotten. */
    TCPREUSE_CONVERSATION = 2,
};

/* Generations of Wireshark's rules (docs/rules.md). */
enum tcpreuse_rules {
    TCPREUSE_RULES_DEFAULT, /* the newest */
    TCPREUSE_RULES_4_0,
    TCPREUSE_RULES_4_2,
    TCPREUSE_RULES_4_4, /* and 4.6 */
};

/* What keeps conversations of one tuple of addresses and ports apart. Not with TCPREUSE_RULES_4_0. */
enum tcpreuse_key {
    TCPREUSE_KEY_VLAN = 1,
    TCPREUSE_KEY_INTERFACE = 2,
    TCPREUSE_KEY_VNI = 4, /* of VXLAN and Geneve */
};

enum tcpreuse_flags {
    TCPREUSE_NO_VERDICTS = 1,  /* reuses are reported at once, without what they mean */
    TCPREUSE_COMMUNITY_ID = 2, /* events have one */
    TCPREUSE_APPEND = 4,       /* files are read one after the other, whatever their times */
    TCPREUSE_RECURSIVE = 8,    /* directories with their subdirectories */
};

/* Zero is the default of all members but the size. Times are in nanoseconds. */
struct tcpreuse_options {
    size_t size;      /* sizeof(struct tcpreuse_options) */
    unsigned events;  /* enum tcpreuse_event_kind, or'ed: which events are wanted; 0: reuses */
    unsigned rules;   /* enum tcpreuse_rules */
    unsigned key;     /* enum tcpreuse_key, or'ed */
    unsigned flags;   /* enum tcpreuse_flags, or'ed */
    unsigned threads; /* for files: 0 and 1: none but the caller's; up to 256 */
    uint16_t community_id_seed;
    int64_t answer_window; /* how long to wait for the answer to a SYN; 0: 3 s */
    /* Bound memory: forget conversations after this time without a segment, or beyond this number, the
     * longest idle first. 0: no limit. They are forgotten between two steps of work, so the moment depends on
     * when frames are pushed and flushed; which ones expire, and in what order, does not. */
    int64_t expire;
    uint64_t max_conversations;
    int64_t drop_copies; /* drop copies of a packet within this time, as mirror ports make them; 0: none */
    int64_t sort_window; /* for files: sort frames that are late by at most this time; 0: none */
    /* Examine only frames that match, as in tcpdump; NULL: all. Requires the module for libpcap. */
    const char *filter;
};

/* ---- Frames ------------------------------------------------------------------------------------------- */

struct tcpreuse_frame {
    const void *data;   /* captured bytes; copied, so that they may go once the call is over */
    int64_t time;       /* nanoseconds since 1970-01-01 UTC */
    uint32_t captured;  /* bytes at data */
    uint32_t length;    /* bytes on the wire; 0: as many as were captured */
    uint32_t interface; /* number of the interface, for TCPREUSE_KEY_INTERFACE */
    uint16_t link_type; /* LINKTYPE_ value of the pcap registry: 1 is Ethernet, 101 is IP */
    uint8_t decimals;   /* that time stamps have: 1 to 9; 0 is 9 */
    uint8_t fcs;        /* bytes of frame check sequence at the end of the data; 0: none, or not known */
};

/* ---- Events ------------------------------------------------------------------------------------------- */

/* Lists of words, as the columns of the reports spell them: tcpreuse_word(). Numbers are those of this list's
 * order, and new words come at the end. */
enum tcpreuse_words {
    TCPREUSE_WORDS_TRIGGER, /* "", syn-isn, syn-after-rst, syn-after-fin, synack-isn, synack-after-rst, synack-after-fin */
    TCPREUSE_WORDS_END,        /* rst, fin, open */
    TCPREUSE_WORDS_CLOSED_BY,  /* unknown, nobody, both, client, server */
    TCPREUSE_WORDS_CLOSE,      /* open, fin, fin-one-way, rst, fin-rst, refused, unanswered */
    TCPREUSE_WORDS_ACCEPTABLE, /* unknown, no, yes */
    TCPREUSE_WORDS_ORIGIN,     /* unknown, copy, recycled, old-duplicate, same-host */
    TCPREUSE_WORDS_ANSWER,     /* "", none, unseen, syn-ack, challenge-ack, rst */
    TCPREUSE_WORDS_OUTCOME,    /* open, connected, failed */
    TCPREUSE_WORDS_VERDICT,    /* as enum tcpreuse_verdict */
    TCPREUSE_WORDS_CERTAINTY,  /* by bit: isn-inferred, one-direction, quoted, cut, clock-back */
    TCPREUSE_WORDS_CLIENT_BY,  /* syn, syn-ack, port, first-seen */
    TCPREUSE_WORDS_HANDSHAKE,  /* not-seen, complete, half-open, challenged, refused, unanswered */
    TCPREUSE_WORDS_ENDED_BY,   /* run, reuse, expired */
    TCPREUSE_WORDS_TIMERS,     /* by bit of `undercuts`: the timers that gaps are compared with */
};

enum tcpreuse_verdict {
    TCPREUSE_VERDICT_UNKNOWN,
    TCPREUSE_VERDICT_COPY,
    TCPREUSE_VERDICT_RETRY,
    TCPREUSE_VERDICT_IN_ORDER,
    TCPREUSE_VERDICT_EARLY_ACCEPTED,
    TCPREUSE_VERDICT_CHALLENGED,
    TCPREUSE_VERDICT_REFUSED,
    TCPREUSE_VERDICT_DELAYED,
    TCPREUSE_VERDICT_LOST,
    TCPREUSE_VERDICT_STALE_OPEN,
};

#define TCPREUSE_NO_STREAM UINT64_MAX

/* The network that an event belongs to, where the key has these parts. */
struct tcpreuse_realm {
    int32_t vlan;      /* 1 to 4095; -1: none, or not in the key */
    int32_t vni;       /* 0 to 16777215; -1 likewise */
    int64_t interface; /* -1: not in the key */
};

/* A row of reuse.csv. Times and gaps are in nanoseconds. Gaps of more than 64 bits are the longest that there
 * is. */
struct tcpreuse_reuse {
    uint64_t frame; /* counted from 1 */
    int64_t time;
    uint64_t stream, previous_stream;
    uint8_t src[16], dst[16]; /* in network order; of IPv4 the first four bytes */
    uint16_t src_port, dst_port;
    uint8_t ip_version;            /* 4 or 6 */
    uint8_t trigger;               /* TCPREUSE_WORDS_TRIGGER */
    uint8_t previous_end;          /* TCPREUSE_WORDS_END */
    uint8_t previous_completeness; /* as Wireshark's tcp.completeness */
    uint32_t isn, previous_isn;
    uint64_t previous_first_frame, previous_last_frame;
    int64_t previous_first_time, previous_last_time;
    int64_t gap; /* perhaps negative: time stamps may go back */
    uint64_t previous_frames, previous_bytes;
    /* Decimals that the times have: `time`, the previous ones, and delays. That of `gap` is the larger of the
     * first two. */
    uint8_t time_decimals, previous_decimals, delay_decimals;

    uint8_t has_verdict;        /* 0 with TCPREUSE_NO_VERDICTS: what follows up to `certainty` is 0 */
    uint8_t verdict;            /* enum tcpreuse_verdict */
    uint8_t previous_closed_by; /* TCPREUSE_WORDS_CLOSED_BY */
    uint8_t previous_close;     /* TCPREUSE_WORDS_CLOSE */
    uint8_t acceptable;         /* TCPREUSE_WORDS_ACCEPTABLE */
    uint8_t origin;             /* TCPREUSE_WORDS_ORIGIN */
    uint8_t answer;             /* TCPREUSE_WORDS_ANSWER */
    uint8_t episode_outcome;    /* TCPREUSE_WORDS_OUTCOME */
    uint8_t has_isn_distance;
    int32_t isn_distance;
    uint32_t attempt, syn_retries;
    uint64_t episode;
    int64_t episode_delay, answer_delay; /* -1: none */
    uint64_t undercuts;                  /* bits: TCPREUSE_WORDS_TIMERS */
    uint8_t certainty;                   /* bits: TCPREUSE_WORDS_CERTAINTY; 0: nothing lowers it */

    char community_id[32]; /* "" where it is not wanted */
    struct tcpreuse_realm realm;
    const char *file; /* where the frame is from, as long as the handle; NULL where frames are pushed */
    uint64_t file_frame;
};

/* A row of conversations.csv, likewise. */
struct tcpreuse_conversation {
    uint64_t stream;
    uint64_t first_frame, last_frame;
    int64_t first_time, last_time;
    int64_t duration;
    uint8_t client[16], server[16];
    uint16_t client_port, server_port;
    uint8_t ip_version;
    uint8_t completeness;
    uint8_t decimals; /* of all its times */
    uint8_t ended;    /* TCPREUSE_WORDS_END */
    uint64_t frames, bytes;
    uint64_t client_frames, server_frames, client_payload, server_payload;
    uint32_t client_isn, server_isn;
    uint8_t has_client_isn, has_server_isn;

    uint8_t has_verdict; /* 0 with TCPREUSE_NO_VERDICTS: what follows up to `reused_by` is 0 */
    uint8_t client_by;   /* TCPREUSE_WORDS_CLIENT_BY */
    uint8_t handshake;   /* TCPREUSE_WORDS_HANDSHAKE */
    uint8_t close;       /* TCPREUSE_WORDS_CLOSE */
    uint8_t closed_by;   /* TCPREUSE_WORDS_CLOSED_BY */
    uint8_t trigger;     /* TCPREUSE_WORDS_TRIGGER; 0: it reused nothing */
    uint32_t syn_retries;
    int64_t rtt;                /* -1: not known */
    uint64_t reuses, reused_by; /* streams; TCPREUSE_NO_STREAM: none */

    uint8_t ended_by; /* TCPREUSE_WORDS_ENDED_BY */
    char community_id[32];
    struct tcpreuse_realm realm;
};

struct tcpreuse_event {
    unsigned kind; /* enum tcpreuse_event_kind: which of these it is */
    union {
        struct tcpreuse_reuse reuse;
        struct tcpreuse_conversation conversation;
    };
};

/* ---- A handle ----------------------------------------------------------------------------------------- */

struct tcpreuse;

/* NULL when memory is short. */
struct tcpreuse *tcpreuse_create(void);
/* Before the first frame: how to work. What the options point to is copied. */
int tcpreuse_configure(struct tcpreuse *t, const struct tcpreuse_options *options);
/* Takes frames. They are worked on when some hundred have come together, or with tcpreuse_flush(); take the
 * events that there are then, or they pile up. Frames are to be in the order of their times, as far as
 * possible. After TCPREUSE_ERROR_OPTION, those before the frame that is wrong have been taken. */
int tcpreuse_push(struct tcpreuse *t, const struct tcpreuse_frame *frames, size_t count);
/* All frames that were pushed are worked on. After each single frame, this costs about a microsecond. */
int tcpreuse_flush(struct tcpreuse *t);
/* There will be no more frames: what waited for them becomes events, which tcpreuse_next() gives after an
 * error, too. */
int tcpreuse_finish(struct tcpreuse *t);
/* Instead of pushing, reads files and the captures in directories, as one capture; "-" is standard input.
 * They are opened and put in the order of their first frames now, and read by tcpreuse_next(). What is wrong
 * with one of them is no error of this call. The paths are copied. */
int tcpreuse_read(struct tcpreuse *t, const char *const *paths, size_t count);
/* The next event, which stays until the next call with the handle: TCPREUSE_EVENT. 0: there is none for now;
 * of files, and once frames are finished: there will be none. An error: there will be none, and something is
 * missing; events that could be had came before. */
int tcpreuse_next(struct tcpreuse *t, const struct tcpreuse_event **event);
/* What the latest call that failed says, in words, as long as no other call is made; "" if none did. */
const char *tcpreuse_error(const struct tcpreuse *t);
/* NULL is fine. At any time: a run over files is ended then. */
void tcpreuse_close(struct tcpreuse *t);

/* What is wrong with the input. Complete once tcpreuse_next() has said that there will be no more events. */
struct tcpreuse_problem {
    const char *file, *text;
    int64_t offset; /* in the file; -1: none applies */
    int is_note;    /* worth telling, but nothing is missing */
};
/* The problem with this number, counted from 0; 0, or TCPREUSE_ERROR_OPTION: there are not so many, which is
 * no failure for tcpreuse_error(). The strings stay until the handle is closed. They hold what files and
 * their names do, which may be control characters. */
int tcpreuse_problem(struct tcpreuse *t, size_t number, struct tcpreuse_problem *problem);

enum tcpreuse_counter {
    TCPREUSE_COUNT_FRAMES,
    TCPREUSE_COUNT_BYTES, /* captured */
    TCPREUSE_COUNT_CONVERSATIONS,
    TCPREUSE_COUNT_REUSES,
};
/* How many there have been so far; 0 for what is not known. */
uint64_t tcpreuse_count(const struct tcpreuse *t, enum tcpreuse_counter counter);

/* ---- Words -------------------------------------------------------------------------------------------- */

/* Thread-safe. The word with this number, or for this bit; NULL: there is none. */
const char *tcpreuse_word(enum tcpreuse_words words, unsigned number);
/* Writes an address as the reports do (RFC 5952), and returns text. Thread-safe. */
enum { TCPREUSE_ADDRESS_SIZE = 64 };
char *tcpreuse_address(char text[TCPREUSE_ADDRESS_SIZE], const uint8_t address[16], unsigned ip_version);
/* Of the library, as "0.2.0". */
const char *tcpreuse_version(void);

#ifdef __cplusplus
}
#endif

#endif
