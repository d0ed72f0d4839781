/* What the files of --mpi share: cluster.c, who does what; cluster_plan.c, do all ranks see the same inputs;
 * cluster_reading.c, reading a piece beside everything else; cluster_member.c, ranks that read and send; cluster_leader.c
 * and cluster_supply.c, rank 0, which hands out pieces and puts them together; cluster_kept.c, where pieces are kept in files.
 *
 * The set is cut into some pieces a rank. Rank 0 hands them out in order, to whoever has time: others ask, and it takes
 * one itself when nothing has come that it could put together. So ranks of different speed end together, and what waits
 * in memory are the next few pieces. A piece that begins inside a file begins at a guess, and is sent only once rank 0,
 * which has seen where the piece before it ended, has said that the guess was right; else it is read again from there. */
#ifndef TCPREUSE_CLUSTER_INTERNAL_H
#define TCPREUSE_CLUSTER_INTERNAL_H

#include "cli/combine.h"
#include "cli/exit_status.h"
#include "cli/piece_reading.h"
#include "io/pieces/kept_queue.h"
#include "io/ranks/ranks.h"
#include "io/reports/summary.h"

#include <pthread.h>
#include <stdatomic.h>

struct cluster {
    const struct options *options;
    const struct inputs *inputs;
    const struct ranks_module *ranks;
    struct ranks_job job;
    double joined;         /* monotonic s */
    double planned;        /* s from then on until the plan was there */
    struct kept_piece set; /* all of it, as one piece */
    int64_t *begins;       /* of the inputs, in the order given */
    unsigned pieces;       /* into which it is cut */
    struct hash_key key;   /* of all ranks; where pieces are kept in files, of none */
};

enum cluster_tag {
    CLUSTER_READY, /* a byte, to rank 0: the rank has the plan */
    CLUSTER_WORD,  /* struct cluster_word, to rank 0 */
    CLUSTER_ORDER, /* struct cluster_word, from rank 0 */
    CLUSTER_BLOCK, /* to rank 0: blocks; nothing; and then what a piece says of itself: struct cluster_share */
};

enum cluster_kind {
    /* Words. */
    WORD_ASK,      /* for a piece to read */
    WORD_BEGUN,    /* a piece begins, where range says */
    WORD_PROGRESS, /* bytes of the inputs read so far */
    WORD_LAST,     /* no word follows */
    /* Where pieces are kept in files. */
    WORD_FOUND, /* a piece is there */
    WORD_KEPT,  /* it was read; its struct rank_share follows, as a block */
    /* Orders. */
    ORDER_READ,       /* a piece, from a guess, or the beginning of a file */
    ORDER_READ_AGAIN, /* the same, from range.begin on: the guess was wrong, or the piece before it went on */
    ORDER_SEND,       /* it begins right */
    ORDER_LEAVE,
};

struct cluster_word {
    enum cluster_kind kind;
    unsigned piece; /* from 0 on */
    uint64_t bytes;
    struct set_piece range;
};

/* Ends the job. */
void cluster_fail(const struct cluster *c, enum exit_status status) __attribute__((noreturn));
/* The same, if it has failed. */
void cluster_check(const struct cluster *c, enum exit_status status);
/* Here, so that analyzers see that nobody goes on without memory. */
static inline void cluster_check_memory(const struct cluster *c, const void *memory)
{
    if (!memory)
        cluster_fail(c, fail_memory());
}
/* Sleeps for as long as it does no harm to whoever waits. */
void cluster_nap(void);
/* For so many ns: a rank that reads looks after its messages ever more seldom while there are none. Waking up each 50 us took it a
 * third of a processor. */
enum { CLUSTER_NAP_LEAST = 50000, CLUSTER_NAP_MOST = 800000 };
void cluster_nap_for(long ns);
/* Small messages, which are sent or received when the call returns. */
void cluster_tell(const struct cluster *c, unsigned to, enum cluster_tag tag, const void *bytes,
                  size_t count);
void cluster_take(const struct cluster *c, unsigned from, enum cluster_tag tag, void *bytes, size_t count);

/* Makes the plan, or takes it from rank 0 and compares: set, begins and pieces. Else an error has been printed. */
enum exit_status cluster_plan_make(struct cluster *c);
enum exit_status cluster_plan_take(struct cluster *c, struct inputs *inputs);
void cluster_plan_free(struct cluster *c);

/* A piece that is read by threads of its own, into a queue. */
struct cluster_reading {
    bool used;
    unsigned piece; /* from 0 on */
    bool again;     /* the first guess was wrong */
    bool begin_told;
    struct piece_reading reading;
    struct problems problems;
    struct kept_queue *queue; /* NULL: another sink takes what is read */
    pthread_t thread;
    bool started;
    double begun, seconds;   /* the latter once it is done */
    enum exit_status status; /* likewise */
    _Atomic bool done;       /* set by the thread (release), read by others (acquire) */
};

/* What a rank has: one piece is read at a time, and others wait to be taken. */
enum { CLUSTER_READINGS = 4 };
struct cluster_readings {
    struct cluster_reading of[CLUSTER_READINGS];
    uint64_t bytes; /* of the inputs: in pieces that are gone */
};

/* The reading for another piece; NULL: one is being read, or none is free. */
struct cluster_reading *cluster_readings_spare(struct cluster_readings *r);
/* That of a piece. */
struct cluster_reading *cluster_readings_find(struct cluster_readings *r, unsigned piece);
/* Bytes of the inputs that were read. */
uint64_t cluster_readings_bytes(const struct cluster_readings *r);
/* Begins to read; what fails ends the job. begin: NULL is as ORDER_READ. sink: takes the packed batches; NULL: the
 * reading's queue does. */
void cluster_reading_start(struct cluster_reading *r, const struct cluster *c, unsigned piece,
                           const struct set_border *begin, struct sink *sink);
/* Where it begins is known. */
bool cluster_reading_has_begun(const struct cluster_reading *r);
bool cluster_reading_is_done(const struct cluster_reading *r);
/* Done, and its queue empty. What went wrong with it ends the job. */
bool cluster_reading_is_taken(const struct cluster_reading *r, const struct cluster *c);
/* Stops it, and frees what it has. */
void cluster_reading_end(struct cluster_reading *r);

/* What a rank tells of a piece once it is sent. */
struct cluster_share {
    struct rank_share share;
    struct set_piece range;
    uint64_t opened;
    struct problem *problems;
    size_t problem_count;
};
/* Adds what a rank did for one more piece. */
void cluster_share_add(struct rank_share *to, const struct rank_share *from);
void cluster_share_put(struct saved_writer *w, const struct cluster_share *s);
bool cluster_share_get(struct saved_reader *r, struct cluster_share *s);
/* The problems stay the reading's. */
struct cluster_share cluster_share_of(const struct cluster *c, const struct cluster_reading *r);

/* Ranks but 0: reads and sends until rank 0 says that it is over. */
void cluster_member(const struct cluster *c);
/* Rank 0: runs with what all have read, and reports. */
enum exit_status cluster_leader(const struct cluster *c, struct problems *problems);

/* The same with --state. */
void cluster_kept_member(const struct cluster *c);
enum exit_status cluster_kept_leader(const struct cluster *c, struct problems *problems);

/* The pieces as they come to rank 0. */
struct cluster_supply;
/* combine: its pieces, and problems, are filled meanwhile. What the parameters point to must outlive it; what fails ends
 * the job. */
struct cluster_supply *cluster_supply_create(const struct cluster *c, struct combine *combine,
                                             struct problems *problems);
struct kept_supply *cluster_supply_supply(struct cluster_supply *s);
/* One a rank. */
const struct rank_share *cluster_supply_shares(const struct cluster_supply *s);
/* Bytes of the inputs read so far, by all. Any thread. */
uint64_t cluster_supply_bytes(const struct cluster_supply *s);
/* All pieces have come. */
bool cluster_supply_has_ended(const struct cluster_supply *s);
/* Tells all others that it is over, and hears their last words. */
void cluster_supply_dismiss(struct cluster_supply *s);
void cluster_supply_destroy(struct cluster_supply *s);

#endif
