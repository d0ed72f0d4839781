/* A piece of a set of captures, as a file: what decoding left of its frames (engine/pipeline/pack.h), where it begins
 * and ends, and what it was made from. docs/cluster.md says what pieces are for. */
#ifndef TCPREUSE_KEPT_H
#define TCPREUSE_KEPT_H

#include "engine/packed.h"
#include "engine/rules.h"
#include "engine/sink.h"
#include "io/pieces/piece_file.h"
#include "io/problems.h"
#include "io/sets/set_source.h"

/* What a piece file says of itself. All strings and lists are its own. */
struct kept_piece {
    unsigned index, count; /* piece index of count, from 1 on */
    uint64_t layout;       /* packed_layout() */
    char *program;         /* its version */
    enum rules rules;
    bool verdicts; /* it holds what they need */
    bool append;
    int64_t drop_copies;
    char *choices;    /* the options that decide what is kept, in one line */
    char **arguments; /* of the command that made it */
    size_t argument_count;
    char **paths;    /* the set, in the order in which it is read */
    uint64_t *sizes; /* of these */
    int64_t *times;  /* of their last changes; ns since 1970 */
    size_t path_count;
    struct set_piece range;
    uint64_t frames, bytes, opened;
    struct problem *problems;
    size_t problem_count;
};

void kept_piece_free(struct kept_piece *k);
/* Why two pieces are not of one set, made alike: what differs, such as "options". NULL: they are. */
const char *kept_piece_differs(const struct kept_piece *a, const struct kept_piece *b);

/* Writing: a sink for a pipeline that keeps (pipeline_params.keeps), and what is known at its end. */

struct kept_writer;

/* NULL with errno. */
struct kept_writer *kept_writer_create(const char *path);
struct sink *kept_writer_sink(struct kept_writer *w);
/* The file is complete. 0, or -1 with errno. */
int kept_writer_finish(struct kept_writer *w, const struct kept_piece *k);
/* errno of a write that failed; 0: none did. */
int kept_writer_error(const struct kept_writer *w);
/* Removes what is not finished. NULL is fine. */
void kept_writer_destroy(struct kept_writer *w);

/* Reads what a piece file says of itself. False: error says why, and begins with the path. */
bool kept_read(struct kept_piece *k, const char *path, char error[PIECE_ERROR_MAX]);

/* Reading: a source of packed batches. */

struct kept_source;

/* The pieces of a set, in order, which were made to fit. What the parameters point to must outlive the source. NULL
 * when memory is short. */
struct kept_source *kept_source_create(const struct kept_piece *pieces, const char *const *files,
                                       size_t count, struct problems *problems);
struct source *kept_source_source(struct kept_source *s);
void kept_source_destroy(struct kept_source *s);

#endif
