/* Cutting the bytes of a stream into the lanes of a chunk: what the two ways of doing it share. */
#ifndef TCPREUSE_INPUT_CUT_H
#define TCPREUSE_INPUT_CUT_H

#include "io/sets/input.h"

/* One more lane, which begins and ends here. */
void chunk_open_lane(struct chunk *chunk, uint64_t begin, const void *context);
/* The last one is empty: it is none. */
void chunk_drop_empty_lane(struct chunk *chunk);
/* The reader is LANE_CHANGE: lets the format read what changes how records are read, and moves it behind that. False if
 * it is broken. */
bool input_change_context(struct input *in, const struct chunk *chunk, struct record_reader *reader,
                          uint64_t end);
/* How many bytes a lane of so many should have. */
uint64_t input_lane_bytes(const struct input *in, uint64_t bytes);

/* input_resync.c. For inputs that resync: cuts the chunk's count bytes from position at on, and notes its gaps. Records are
 * walked, so that all that will be found broken is found here. Returns the end of the last lane. */
uint64_t input_cut_gaps(struct input *in, struct chunk *chunk, uint64_t at, size_t count);

#endif
