/* Episodes: the attempts of a client to open one connection, and what became of them. Each reuse begins an
 * attempt. It joins the episode of the attempt before if that one got no connection and its client has not
 * given up. So an episode goes over several streams, and the findings of all its reuses wait until it is over.
 *
 * An episode is over when a SYN/ACK takes up the SYN; or when the clock of the boundaries (boundary.h) has
 * passed the moment at which the answer, or the client's next try, was due. This depends on the segments of
 * one tuple and on that clock, and on nothing else: not on batches, and not on the number of shards.
 *
 * One thread uses the episodes of a shard's family at a time. */
#ifndef TCPREUSE_EPISODE_H
#define TCPREUSE_EPISODE_H

#include "engine/conversations/events.h"

/* What verdicts are told. */
struct verdict_params {
    bool wanted;
    int64_t answer_window; /* ns to wait for an answer after the latest SYN */
    const struct timers *timers;
};

/* A reuse whose finding is not complete. */
struct attempt {
    uint32_t ticket;
    uint32_t next; /* attempt of the episode, counted from 1; 0: the last one. Or in the list of free ones */
    struct finding finding;
};

struct episode {
    int64_t begin;    /* the first SYN's time */
    int64_t due;      /* answer or next try; the episode is over once the clock is beyond */
    int64_t queued;   /* when its entry in the heap comes up: not after due. Other entries count no more */
    int64_t syn_time; /* of the present attempt's first SYN */
    int64_t last_syn; /* and of its last one */
    uint32_t first, last; /* attempts, counted from 1 */
    uint32_t attempts;    /* with that of an old conversation that was no reuse itself */
    uint32_t record;      /* of the conversation that is watched; RECORD_NONE: it was forgotten */
    uint32_t isn;         /* of the present attempt */
    uint32_t payload;     /* of its SYN: RFC 7413 */
    uint32_t recycled;    /* the server's ISN if it reopens its TIME_WAIT */
    uint32_t serial;      /* tells uses of this place apart */
    uint32_t next_free;
    uint8_t decimals; /* of the finest time stamp so far */
    bool used;
    bool knows_recycled;
    uint8_t flow; /* endpoint that is the client */
};

/* When an episode is due; a min-heap. An entry may be out of date: see episodes_close_due(). */
struct episode_due {
    int64_t due;
    uint32_t episode, serial;
};

struct episodes {
    const struct verdict_params *params;
    struct attempt *attempts; /* place 0 is not used */
    uint32_t attempt_count, attempt_capacity, free_attempt;
    struct episode *items; /* place 0 is not used */
    uint32_t count, capacity, free_item;
    struct episode_due *heap;
    uint32_t heap_count, heap_capacity;
    uint32_t tickets; /* given so far */
};

void episodes_free(struct episodes *e);

/* What begins an attempt. */
struct attempt_start {
    struct finding finding; /* but for what is to come */
    uint32_t joins;         /* the open episode, or 0: a new one */
    int64_t begin;          /* of a new episode; ns */
    int64_t time;           /* of the SYN */
    uint32_t isn, payload;
    uint32_t record; /* of the new conversation */
    uint32_t recycled;
    bool knows_recycled;
    bool waits; /* for an answer; else the finding is complete */
    uint8_t flow;
    uint8_t trigger;       /* enum trigger */
    uint32_t older;        /* record of the old conversation */
    uint8_t older_known;   /* bits 0 and 1: older_isn[0] and [1] are known */
    uint32_t older_isn[2]; /* of the old conversation */
    uint32_t first_ticket; /* of the episode that a finding which does not wait belongs to */
};

/* Begins an attempt, and gives the reuse its ticket. The episode, or 0 when memory is short. */
uint32_t episodes_begin_attempt(struct episodes *e, const struct attempt_start *start, uint32_t *ticket);
/* A finding that waits for nothing. 0, or -1 when memory is short. */
int episodes_add_finding(struct episodes *e, const struct finding *finding, uint32_t first_ticket,
                         struct found_list *found, uint32_t *ticket);
/* Does the segment acknowledge the present attempt's SYN? Data in it may be taken or not: RFC 7413, 4.2. */
ALWAYS_INLINE bool episode_takes_up(const struct episode *x, const struct segment *s)
{
    return s->flags & TCP_ACK && s->ack - x->isn - 1 <= x->payload;
}
/* The ticket of an open episode's first reuse. */
uint32_t episode_first_ticket(const struct episodes *e, uint32_t episode);

/* Shows an episode a segment of the conversation that it watches. clock: of the boundaries, up to the segment.
 * True: the episode is over, since it was due before or with this segment. Out of memory: *failed. */
bool episode_see(struct episodes *e, uint32_t episode, const struct segment *s, int64_t clock,
                 struct found_list *found, bool *failed);
/* The episode is over. delay: negative: there was no connection. 0, or -1 when memory is short. */
int episode_end(struct episodes *e, uint32_t episode, enum episode_outcome outcome, int64_t delay,
                struct found_list *found);
/* Ends an episode that is due before the clock, the earliest first, and returns the record that it watched in
 * *record. False: there is none. Out of memory: *failed. */
bool episodes_close_due(struct episodes *e, int64_t clock, uint32_t *record, struct found_list *found,
                        bool *failed);
/* Puts an episode back that was open when a run was saved; its attempts follow, in their order. Its place,
 * or 0 when memory is short. */
uint32_t episodes_restore(struct episodes *e, const struct episode *episode);
/* 0, or -1 when memory is short. */
int episodes_restore_attempt(struct episodes *e, uint32_t episode, const struct attempt *attempt);
/* At the end of the capture: all episodes that are left. 0, or -1 when memory is short. */
int episodes_finish(struct episodes *e, struct found_list *found);

#endif
