/* A run over capture files, as the program makes one, with its reports in memory. */
#ifndef TCPREUSE_TEST_WHOLE_RUN_H
#define TCPREUSE_TEST_WHOLE_RUN_H

#include "engine/pipeline.h"
#include "io/sets/set_source.h"
#include "tests/support/recording_sink.h"

struct whole_run {
    struct recording_sink sink;
    struct text problems; /* a line each: offset and text */
    uint64_t frames, conversations, tuples, segments, truncated, outcomes[OUTCOMES], reuses[TRIGGERS];
};

/* set: without problems. Whatever a run over any bytes may not do ends the process. */
void whole_run(struct whole_run *r, struct set_source_params set, enum rules rules, unsigned threads);
/* NULL: all that two runs over the same bytes have to agree in is equal; else what is not. */
const char *whole_run_differs(const struct whole_run *a, const struct whole_run *b);
void whole_run_free(struct whole_run *r);

enum { MEMORY_PATH = 64 };
/* A file of these bytes, whose path is written to path. The caller closes it. */
int memory_file(const void *bytes, size_t size, char path[MEMORY_PATH]);

#endif
