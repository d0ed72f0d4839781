/* What the files of --mpi share: cluster.c, who does what; cluster_plan.c, do all ranks see the same inputs; cluster_reading.c,
 * reading a piece beside everything else; cluster_member.c, ranks that send theirs; cluster_leader.c, rank 0, which
 * takes them.
 *
 * A piece that begins inside a file begins at a guess, and it is proven before anything of it is sent: each rank tells
 * the next one where its own, proven piece ended, and a rank that guessed wrong reads again from there. Rank 0's begins
 * where the set does. */
#ifndef TCPREUSE_CLUSTER_INTERNAL_H
#define TCPREUSE_CLUSTER_INTERNAL_H

#include "cli/combine.h"
#include "cli/piece_reading.h"
#include "io/pieces/kept_queue.h"
#include "io/ranks/ranks.h"
#include "io/reports/summary.h"

#include <pthread.h>
#include <stdatomic.h>

struct cluster {
    const struct options *options;
    const struct ranks_module *ranks;
    struct ranks_job job;
    double joined;  /* monotonic s */
    double planned; /* s from then on until the plan was there */
};

#define CLUSTER_PROGRESS_SECONDS 0.25

/* Messages. One tag each, so that they are taken in the order of their kind. */
enum cluster_tag {
    CLUSTER_END,      /* to the next rank: struct set_piece, proven, of which the end counts */
    CLUSTER_PIECE,    /* to rank 0: struct set_piece; blocks; nothing; and then what a piece says of itself */
    CLUSTER_PROGRESS, /* to rank 0: uint64_t, bytes of the inputs read so far */
};

/* Ends the job. */
void cluster_fail(const struct cluster *c, enum exit_status status) __attribute__((noreturn));
/* Sleeps for as long as it does no harm to whoever waits. */
void cluster_nap(void);

/* What rank 0 sees, as others have received it. Zero it at first. */
struct cluster_plan {
    char *choices; /* rank 0's options that decide what is read, in one line */
    uint8_t *received;
    struct saved_reader rest; /* of what was received: behind the paths */
};
/* Rank 0, which has opened its piece: hands the plan to all others. An error has been printed. */
enum exit_status cluster_plan_give(const struct cluster *c, const struct piece_reading *r);
/* The others: the inputs, in the order given. What it has of them is freed by inputs_free(). */
enum exit_status cluster_plan_take(const struct cluster *c, struct cluster_plan *plan, struct inputs *inputs);
/* Does this rank, having opened its piece, see what rank 0 sees? */
enum exit_status cluster_plan_check(struct cluster_plan *plan, const struct piece_reading *r);
void cluster_plan_free(struct cluster_plan *plan);

/* A piece that is read by threads of its own, into a queue. */
struct cluster_reading {
    struct piece_reading piece;
    struct problems problems;
    struct kept_queue *queue;
    pthread_t thread;
    bool started;
    double begun, seconds;   /* the latter once it is done */
    enum exit_status status; /* likewise */
    _Atomic bool done;       /* set by the thread (release), read by others (acquire) */
};
/* Opens it. Zero the structure before. cluster_reading_end() takes either result. */
enum exit_status cluster_reading_open(struct cluster_reading *r, const struct cluster *c,
                                      const struct inputs *inputs, uint64_t begin);
enum exit_status cluster_reading_start(struct cluster_reading *r, const struct cluster *c);
bool cluster_reading_is_done(const struct cluster_reading *r);
/* Stops it, and frees what it has. */
void cluster_reading_end(struct cluster_reading *r);

/* What a rank tells of its piece once it is sent. */
struct cluster_share {
    struct rank_share share;
    uint64_t opened;
    struct problem *problems;
    size_t problem_count;
};
void cluster_share_put(struct saved_writer *w, const struct cluster_share *s);
bool cluster_share_get(struct saved_reader *r, struct cluster_share *s);
struct cluster_share cluster_share_of(const struct cluster *c, const struct cluster_reading *r);

/* Ranks but 0: sends the piece, and waits until rank 0 is done with all. */
void cluster_member(const struct cluster *c, struct cluster_reading *r, const struct inputs *inputs);
/* Rank 0: runs with what all send, and reports. */
enum exit_status cluster_leader(const struct cluster *c, struct cluster_reading *r,
                                const struct inputs *inputs, struct problems *problems);

#endif
