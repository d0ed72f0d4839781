/* What a run gives of the conversations that take part in a reuse: a display filter for them, and an extract of their
 * frames, for which it reads its inputs twice more. */
#ifndef TCPREUSE_EXTRACT_H
#define TCPREUSE_EXTRACT_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "engine/sink.h"
#include "io/outputs/outputs.h"
#include "io/sets/inputs.h"
#include "io/sets/set_source.h"

struct extract;

struct extract_params {
    const struct options *options;
    const struct inputs *inputs;
    const struct outputs_params *outputs; /* of the file */
    struct sink *reports;
    struct problems *failures; /* what goes wrong is told to it (problems_tell()) */
};

/* *e stays NULL if nothing of the kind is asked for. Prints what is wrong. What the pointers point to must outlive it. */
enum exit_status extract_open(struct extract **e, const struct extract_params *params);
/* The sink that the pipeline writes to: that of the reports where e is NULL. */
struct sink *extract_sink(struct extract *e, struct sink *reports);

/* The run that has ended. */
struct extract_run {
    enum exit_status status;
    bool lacks_input;
    const struct set_source_params *set;
    const struct pipeline_params *params;
    const struct pipeline_totals *totals;
};

/* Gives what is asked for. Returns run->status, or what went wrong. */
enum exit_status extract_finish(struct extract *e, const struct extract_run *run);
/* NULL is fine. */
void extract_close(struct extract *e);

#endif
