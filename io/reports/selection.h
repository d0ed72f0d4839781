/* The frames of an extract: a sink that takes the rows of packets and keeps the numbers of the frames that conversations
 * of a reuse have segments in. */
#ifndef TCPREUSE_SELECTION_H
#define TCPREUSE_SELECTION_H

#include "io/reports/participants.h"

struct selection;

/* around: only so many frames of the two conversations before each reuse, and as many after it; 0: all. participants:
 * finished, and must outlive it. NULL when memory is short. */
struct selection *selection_create(const struct participants *participants, uint64_t around);
struct sink *selection_sink(struct selection *s);
/* Once the run has ended: the frames, ascending, each once. 0, or -1 when memory is short. */
int selection_finish(struct selection *s, const uint64_t **frames, size_t *count);
/* NULL is fine. */
void selection_destroy(struct selection *s);

#endif
