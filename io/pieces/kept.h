/* A piece of a set of captures, as a file: what decoding left of its frames (engine/pipeline/pack.h), where it begins
 * and ends, and what it was made from. docs/cluster.md says what pieces are for. */
#ifndef TCPREUSE_KEPT_H
#define TCPREUSE_KEPT_H

#include "engine/packed.h"
#include "engine/rules.h"
#include "engine/saved.h"
#include "engine/sink.h"
#include "io/pieces/piece_file.h"
#include "io/problems.h"
#include "io/sets/set_source.h"

/* What an input holds at its ends, by which copies are told from other files of one name and size. */
struct kept_ends {
    uint64_t first, last; /* as piece_input.first_digest and last_digest */
};

/* What a piece file says of itself. All strings and lists are its own. */
struct kept_piece {
    unsigned index, count; /* piece index of count, from 1 on */
    uint64_t layout;       /* packed_layout() */
    char *program;         /* its version */
    enum rules rules;
    unsigned key_parts; /* of the conversations' key, beside the tuple: enum key_parts */
    bool verdicts;      /* it holds what they need */
    bool append;
    int64_t drop_copies;
    char *choices;    /* the options that decide what is kept, in one line */
    char **arguments; /* of the command that made it */
    size_t argument_count;
    char **paths;    /* the set, in the order in which it is read */
    uint64_t *sizes; /* of these */
    int64_t *times;  /* of their last changes; ns since 1970 */
    struct kept_ends *ends;
    size_t path_count;
    struct set_piece range;
    uint64_t frames, bytes, opened;
    struct problem *problems;
    size_t problem_count;
};

void kept_piece_free(struct kept_piece *k);
/* Why two pieces are not of one set, made alike: what differs, such as "options". NULL: they are. */
const char *kept_piece_differs(const struct kept_piece *a, const struct kept_piece *b);
/* The same of their inputs alone, with the path of the one that differs; where their numbers do, it is "". with_times: also
 * the times of their last changes, which copies on other machines need not share. */
const char *kept_inputs_differ(const struct kept_piece *a, const struct kept_piece *b, bool with_times,
                               const char **path);

/* Writing: a sink for a pipeline that keeps (pipeline_params.keeps), and what is known at its end. */

struct kept_writer;

/* NULL with errno, for outputs_explain(). */
struct outputs_params;
struct kept_writer *kept_writer_create(const char *path, const struct outputs_params *params);
struct sink *kept_writer_sink(struct kept_writer *w);
/* The file is complete. 0, or -1 with errno. */
int kept_writer_finish(struct kept_writer *w, const struct kept_piece *k);
/* errno of a write that failed; 0: none did. */
int kept_writer_error(const struct kept_writer *w);
/* Removes what is not finished. NULL is fine. */
void kept_writer_destroy(struct kept_writer *w);

/* What a piece file says of itself, out of its section, into an empty structure. False: it makes no sense, or memory is
 * short; kept_piece_free() takes either. */
bool kept_piece_get(struct saved_reader *r, struct kept_piece *k);
/* The same, out of a piece file. False: error says why, and begins with the path. */
bool kept_read_about(struct piece_reader *r, const char *path, struct kept_piece *k,
                     char error[PIECE_ERROR_MAX]);
/* The same, of a file whose pieces this build can read. False: error says why, and begins with the path. */
bool kept_read(struct kept_piece *k, const char *path, char error[PIECE_ERROR_MAX]);

/* What was wrong with inputs, as bytes. get: into memory of the caller's; the reader fails when they make no sense, or
 * memory is short. */
void kept_problems_put(struct saved_writer *w, const struct problem *items, size_t count);
size_t kept_problems_get(struct saved_reader *r, struct problem **items);
void kept_problems_free(struct problem *items, size_t count);

/* Reading: a source of packed batches. */

/* Packed batches, one behind the other, in memory that goes when the last of its users releases it. */
struct kept_block {
    _Atomic unsigned users;
    struct kept_block *next; /* of whoever lines them up */
    size_t count, capacity;
    _Alignas(16) uint8_t bytes[]; /* of structures */
};

/* What blocks that are gathered hold: large enough for few messages, and small enough to stay in the caches. */
enum { KEPT_BLOCK_BYTES = 1 << 20 };

/* Room for count bytes, with one user. NULL when memory is short. */
struct kept_block *kept_block_create(size_t count);
/* The same, in memory that others have used, if it can: for who needs many, of KEPT_BLOCK_BYTES or not much less. */
struct kept_block *kept_block_reuse(size_t count);
/* Any thread. NULL is fine. */
void kept_block_release(struct kept_block *block);

enum kept_next {
    KEPT_PIECE, /* the next piece of the set begins, and where it does is known */
    KEPT_BLOCK, /* of this piece; the caller is its user */
    KEPT_LATER, /* nothing at the moment; ask again */
    KEPT_END,   /* of all pieces, or what follows cannot be had: then the supply has reported it */
};

/* Where the blocks of pieces come from, piece by piece. */
struct kept_supply {
    /* One thread at a time. */
    enum kept_next (*next)(struct kept_supply *, struct kept_block **);
    /* The last block holds no batches: reports it. As next. */
    void (*damaged)(struct kept_supply *);
};

/* Supplies what is in files, one a piece, in order. What the parameters point to must outlive it. NULL when memory is
 * short. */
struct kept_files;
struct kept_files *kept_files_create(const char *const *files, size_t count, struct problems *problems);
struct kept_supply *kept_files_supply(struct kept_files *f);
void kept_files_destroy(struct kept_files *f);

struct kept_source;

/* The pieces of a set, in order, which were made to fit. Of the first one the paths have to be known at once, of each its
 * range by the time that the supply names the next one. Supply and pieces must outlive the source. NULL when memory is
 * short. */
struct kept_source *kept_source_create(const struct kept_piece *pieces, struct kept_supply *supply);
struct source *kept_source_source(struct kept_source *s);
void kept_source_destroy(struct kept_source *s);

#endif
