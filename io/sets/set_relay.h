/* A source that takes over from others, one set of inputs after the other, while the pipeline goes on: for
 * runs that continue what they read before, or follow what is being written. Between two sets nothing is
 * under way, so all that the run knows can be saved. */
#ifndef TCPREUSE_SET_RELAY_H
#define TCPREUSE_SET_RELAY_H

#include "io/sets/set_source.h"

enum relay_next {
    RELAY_SET,  /* *next is a set source, which the relay destroys */
    RELAY_WAIT, /* nothing for now: ask again */
    RELAY_END,
};

/* Who knows which inputs come next. */
struct relay_feed {
    /* Nothing is under way. done: the set that has just been read, to its end or until an interrupt; NULL:
     * none since the last call. By the thread that claims; often, while it says RELAY_WAIT. */
    enum relay_next (*next)(struct relay_feed *, const struct set_source *done, struct set_source **next);
};

/* What has been read so far. */
struct relay_counts {
    size_t opened;
    uint64_t bytes, bytes_total;
};

struct set_relay;

/* The feed outlives the relay. NULL when memory is short. */
struct set_relay *set_relay_create(struct relay_feed *feed);
struct source *set_relay_source(struct set_relay *r);
/* For a progress display; and once the run is over. Any thread. interrupted: as for set_source_bytes(). */
struct relay_counts set_relay_counts(struct set_relay *r, bool interrupted);
void set_relay_destroy(struct set_relay *r);

#endif
