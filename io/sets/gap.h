/* Gaps: what is destroyed in a file, and is passed over (--resync; docs/formats.md).
 *
 * Whoever proves records, settling or a cursor, meets a fault, and asks for the place where records go on. In a mapped
 * file it is searched for then. In a stream it was found when the stream was cut into chunks, which have its gaps. */
#ifndef TCPREUSE_GAP_H
#define TCPREUSE_GAP_H

#include "io/capture.h"

struct chunk;
struct stop;

/* One gap of a chunk. */
struct gap {
    struct record_reader fault; /* at its beginning, as it was found there */
    uint64_t from;              /* where what is no record begins: there, or before */
    uint64_t end;               /* of the bytes that were known by then */
    uint64_t place;             /* where records go on: behind the fault, or behind from */
};

void gap_extend_trail(struct capture *c, uint64_t position);

/* A record of the capture, which is mapped, begins there. By whoever proves its records, in order. */
static inline void gap_note_record(struct capture *c, uint64_t position)
{
    if (unlikely(c->resyncs))
        gap_extend_trail(c, position);
}
/* The reader, of the capture's bytes or of the chunk (NULL: none), is LANE_FAULT and proven. True: records go on behind
 * it; the gap is reported, and the reader is LANE_OPEN where they do. False, where nothing is to be passed over, too:
 * nothing has happened but that window->end is the capture's new end. frames: that were read of the input before it. One
 * thread at a time, in the order of the file; once more for a gap that was reported tells nobody. */
bool gap_pass(struct capture *c, const struct chunk *chunk, struct window *window,
              struct record_reader *reader, uint64_t frames, const struct stop *stop);
/* Nothing goes on behind the fault: reports it, and what is not read. */
void gap_end(struct capture *c, const struct chunk *chunk, const struct window *window,
             const struct record_reader *reader, uint64_t frames);

#endif
