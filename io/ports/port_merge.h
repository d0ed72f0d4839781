/* Merges the frames of several queues by time while they arrive.
 *
 * A frame is passed on once no other queue can deliver an earlier one: each of the others has a later frame
 * waiting, or is empty and the frame is older than PORT_MERGE_HOLD_NS, which allows for drivers that deliver
 * late. Frames of long ago, as those of a file, do not wait for empty queues. Of frames with the same time,
 * the one of the first queue goes first. */
#ifndef TCPREUSE_PORT_MERGE_H
#define TCPREUSE_PORT_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORT_MERGE_BURST = 64,         /* frames taken from a queue at a time */
    PORT_MERGE_ROOM = 4096,        /* frames of a queue that may wait; a full queue waits for no other */
    PORT_MERGE_HOLD_NS = 50000000, /* net_pcap on an interface delivers up to 18 ms late, 1.3 on average */
};

/* Frames as parallel arrays, from one index on. */
struct port_frames {
    void **frame;
    int64_t *time; /* ns since 1970 */
    uint8_t *decimals;
};

struct port_merge;

/* Takes up to PORT_MERGE_BURST frames from a queue into to; returns how many. */
typedef unsigned (*port_merge_ask)(void *context, unsigned queue, struct port_frames to);

/* NULL when memory is short. */
struct port_merge *port_merge_create(unsigned queues, port_merge_ask ask, void *context);
/* Puts the next frames, at most room, into to; returns how many. now: ns since 1970. hold: frames may wait.
 * Without hold, 0 means that no frame waits and all queues are empty. */
unsigned port_merge_take(struct port_merge *m, int64_t now, bool hold, struct port_frames to, unsigned room);
/* The number of frames that wait. NULL is taken. */
size_t port_merge_waiting(const struct port_merge *m);
/* Calls drop() for each frame that waits. NULL is taken. */
void port_merge_destroy(struct port_merge *m, void (*drop)(void *frame));

#endif
