/* What the rows have to be, worked out once more in the plainest way: one conversation after the other in an
 * array, one segment after the other, from the words of docs/rules.md and with nothing of the engine but its
 * names. */
#ifndef TCPREUSE_TEST_REFERENCE_H
#define TCPREUSE_TEST_REFERENCE_H

#include "engine/pipeline.h"
#include "tests/support/memory_source.h"
#include "tests/support/recording_sink.h"
#include "tests/support/traffic.h"

struct reference {
    struct text text[REPORTS];
    uint64_t frames, conversations, tuples, segments, segments_truncated;
    uint64_t reuses[TRIGGERS];
    uint32_t faults;
};

/* inputs: parts of the traffic, in order. 0, or -1 when memory is short. */
int reference_make(struct reference *r, const struct traffic *t, const struct memory_input *inputs,
                   uint32_t input_count, enum rules rules, const struct frame_range *ignore,
                   size_t ignore_count);
void reference_free(struct reference *r);

#endif
