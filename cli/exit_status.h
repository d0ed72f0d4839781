/* Exit statuses, and failures that any part of the program may have. */
#ifndef TCPREUSE_EXIT_STATUS_H
#define TCPREUSE_EXIT_STATUS_H

#include "engine/pipeline.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_INPUT = 2,  /* some input could not be read to its end */
    EXIT_OUTPUT = 3, /* some output could not be written */
    EXIT_INTERRUPTED = 130,
};

/* Prints that memory is short. Returns EXIT_INPUT. */
enum exit_status fail_memory(void);
/* 0, or -1 with errno where that, or an earlier write to it, has failed. */
int flush_standard_output(void);
/* Flushes standard output. If that, or an earlier write, has failed, prints why and returns EXIT_OUTPUT. */
enum exit_status finish_standard_output(void);
/* Why a pipeline failed, for people: "out of memory". For errors other than PIPELINE_OK and PIPELINE_WRITE,
 * whose reason the sink knows. */
const char *pipeline_error_text(enum pipeline_error error);

#endif
