/* A handle: what it is made of, and what the functions that work with it share. */
#ifndef TCPREUSE_LIB_HANDLE_H
#define TCPREUSE_LIB_HANDLE_H

#include "engine/pipeline.h"
#include "io/filters/bpf.h"
#include "io/problems.h"
#include "io/sets/inputs.h"
#include "io/sets/set_source.h"
#include "lib/events.h"
#include "lib/push_source.h"

enum handle_state {
    HANDLE_NEW,     /* takes options */
    HANDLE_PUSHING, /* takes frames */
    HANDLE_READING, /* files, by tcpreuse_next() or by threads of the run */
    HANDLE_ENDED,   /* gives what events there are */
};

struct tcpreuse {
    enum handle_state state;
    struct tcpreuse_options options; /* their filter is that below */
    char *filter_text;
    bool has_events;
    struct events events;
    struct bpf *filter; /* NULL: none */
    struct pipeline *pipeline;
    struct push_source *push; /* where frames come from: these */
    struct inputs *inputs;    /* or files: these */
    struct set_source *files;
    struct stop stop; /* of the reading of pipes */
    bool has_stop;
    struct problems problems;
    /* The run over files has threads of its own, which this one waits for. Its error is for whoever has joined it. */
    bool has_runner;
    pthread_t runner;
    enum pipeline_error run_error;
    int failure;        /* of the run: enum tcpreuse_result, for all later calls; 0: none */
    const char *latest; /* what tcpreuse_error() says; NULL: nothing yet */
    char error
        [2]
        [512]; /* texts: of the failure or, until there is one, of the latest call that failed; of those after it */
};

/* Keeps the text, formatted as by printf, and returns the result. */
int handle_fail(struct tcpreuse *t, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Returns the failure of the run once more, or 0; its text is the latest again. */
int handle_failed(struct tcpreuse *t);
/* What the end of a pipeline means: 0 or a failure, which is kept. */
int handle_take_error(struct tcpreuse *t, enum pipeline_error error);

/* Makes the pipeline, with this source. threads: 1: it is advanced. 0 or a failure. */
int handle_connect(struct tcpreuse *t, struct source *source, unsigned threads);
/* The pipeline has ended: sums up. 0 or the failure. */
int handle_end(struct tcpreuse *t);

/* The next event of files; NULL when there will be none. */
const struct tcpreuse_event *files_next(struct tcpreuse *t);
/* Ends reading early, if it goes on. */
void files_stop(struct tcpreuse *t);
void files_free(struct tcpreuse *t);

#endif
