/* Puts frames of several queues into the order of their times, while they come in.
 *
 * A frame goes on when no other queue can have an earlier one: when each of the others has a frame that
 * waits, or is empty and the frame is older than PORT_MERGE_HOLD_NS. Without the second part a queue whose
 * driver delivers late would be overtaken; frames of long ago, as those of a file, wait for nobody. Of frames
 * with the same time, the one of the first queue goes first. */
#ifndef TCPREUSE_PORT_MERGE_H
#define TCPREUSE_PORT_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORT_MERGE_BURST = 64,         /* of one queue, at a time */
    PORT_MERGE_ROOM = 4096,        /* frames of a queue that wait; a queue that is full goes on */
    PORT_MERGE_HOLD_NS = 50000000, /* net_pcap on an interface delivers up to 18 ms late, 1.3 on average */
};

/* Frames side by side, from one index on: as a burst comes, and as they go on. */
struct port_frames {
    void **frame;
    int64_t *time; /* ns since 1970 */
    uint8_t *decimals;
};

struct port_merge;

/* Takes up to PORT_MERGE_BURST frames from a queue, and says how many. */
typedef unsigned (*port_merge_ask)(void *context, unsigned queue, struct port_frames to);

/* NULL when memory is short. */
struct port_merge *port_merge_create(unsigned queues, port_merge_ask ask, void *context);
/* Puts the next frames into to, room at most, and says how many. now: ns since 1970; hold: whether frames may
 * wait. 0 without hold: nothing waits, and all queues are empty. */
unsigned port_merge_take(struct port_merge *m, int64_t now, bool hold, struct port_frames to, unsigned room);
/* How many frames wait. */
size_t port_merge_waiting(const struct port_merge *m);
/* Gives each frame that waits to drop. NULL is taken. */
void port_merge_destroy(struct port_merge *m, void (*drop)(void *frame));

#endif
