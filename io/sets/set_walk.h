/* All frames of a set of files, one by one, in the order in which a run numbers them. */
#ifndef TCPREUSE_SET_WALK_H
#define TCPREUSE_SET_WALK_H

#include "io/packet_origin.h"
#include "io/sets/set_source.h"

struct set_walk;

/* A frame with the place it comes from. What it points to stays until the next call. */
struct walked_frame {
    const struct frame *frame;
    const struct capture *capture;
    const void *context;
};

/* params: as for the run; sort_window and append count. One thread at a time uses the walk. NULL when memory is
 * short. */
struct set_walk *set_walk_create(const struct set_source_params *params);
/* The next frame. False at the end, also where memory is short, which is a problem then. */
bool set_walk_next(struct set_walk *w, struct walked_frame *f);
/* What its file says of the frame; false: nothing more. Reads mapped bytes (io/guard.h). */
bool set_walk_origin(const struct walked_frame *f, struct packet_origin *origin);
/* NULL is fine. */
void set_walk_destroy(struct set_walk *w);

#endif
