/* Reading a piece of the inputs: a pipeline that stops behind settling, whose packed batches go to a sink. */
#ifndef TCPREUSE_PIECE_READING_H
#define TCPREUSE_PIECE_READING_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/filters/bpf.h"
#include "io/pieces/kept.h"
#include "io/sets/inputs.h"

/* Which piece it is, and what has to outlive it. Set by the caller, as is `problems`. */
struct piece_choice {
    const struct options *options;
    const struct inputs *inputs;
    unsigned index, count;   /* piece index of count, from 1 on */
    struct set_border begin; /* as options.piece_begin */
    const int64_t *begins;   /* as set_source_params.begins */
    const struct stop *stop;
    const struct hash_key *key; /* as pipeline_params.key */
};

struct piece_reading {
    struct piece_choice choice;
    struct problems *problems;
    struct bpf *filter;
    struct clock_shift *shifts;
    struct set_border begin; /* set_source_params.piece_begin points to it */
    struct set_source *files;
    struct kept_piece about; /* what of it is known */
    struct pipeline *pipeline;
};

/* The name of an input that is no regular file, as pieces need; NULL: they all are. */
const char *piece_reading_irregular(const struct inputs *inputs);
/* Opens the inputs. Anything but EXIT_DONE: an error has been printed. Zero the structure before,
 * and call piece_reading_close() whatever the result. */
enum exit_status piece_reading_open(struct piece_reading *r, const struct piece_choice *choice,
                                    struct problems *problems);
/* Describes the set and how it is read. Likewise. */
enum exit_status piece_reading_describe(struct piece_reading *r);
/* Makes the pipeline. Likewise. The sink must outlive it. */
enum exit_status piece_reading_prepare(struct piece_reading *r, struct sink *sink);
/* Runs it. sink_error: says why the sink failed; called only then. Likewise. */
enum exit_status piece_reading_run(struct piece_reading *r, void (*sink_error)(void *), void *argument);
/* After the run: what is known of the piece now, but its problems. */
void piece_reading_finish(struct piece_reading *r);
void piece_reading_close(struct piece_reading *r);

#endif
