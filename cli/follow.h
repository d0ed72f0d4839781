/* --follow: a run over files that come into directories while it lasts. docs/follow.md explains what is read when. */
#ifndef TCPREUSE_FOLLOW_H
#define TCPREUSE_FOLLOW_H

#include "cli/state.h"

struct follow;

/* Begins to watch the directories. The state keeps what has been read, with a file or without; it outlives the
 * follower, as the other arguments do. Anything but EXIT_DONE: an error has been printed; follow_close() takes what
 * there is. */
enum exit_status follow_open(struct follow **f, const struct options *o, struct state *s,
                             struct problems *problems, const struct stop *stop);
/* Feeds a relay with files as they are complete, or as they grow, and has the state saved between them. Problems are
 * printed as they come. */
struct relay_feed *follow_feed(struct follow *f);
/* Prints the problems that have not been printed yet. Once the run has ended. */
void follow_print_problems(struct follow *f);
/* NULL is fine. */
void follow_close(struct follow *f);

#endif
