/* Random frames between few endpoints, with what is in them in plain words. */
#ifndef TCPREUSE_TEST_TRAFFIC_H
#define TCPREUSE_TEST_TRAFFIC_H

#include "engine/conversations/segment.h"
#include "engine/frame.h"

enum { TRAFFIC_FRAME_MAX = 78 };

/* One TCP header, as it was meant. */
struct traffic_segment {
    uint32_t tuple;    /* same number, same tuple, whatever the direction */
    uint8_t direction; /* 0 or 1: who sends. Always 0 where both endpoints are the same */
    uint8_t header;    /* captured bytes of the TCP header, 0: the frame has no TCP */
    uint8_t words;     /* data offset */
    bool length_known;
    uint16_t flags;
    uint32_t seq, ack;
    uint32_t payload; /* where length_known */
};

struct traffic_endpoint {
    enum family family;
    uint8_t address[16]; /* IPv4: 4 bytes in host order */
    uint16_t port;
};

struct traffic {
    struct frame *frames;
    struct traffic_segment *segments; /* one a frame */
    uint32_t count;
    struct traffic_endpoint (*tuples)[2];
    uint32_t tuple_count;
    uint8_t *bytes;
};

/* count frames of 1 to count tuples. The fewer tuples, the more reuses; the more, the more the tables grow.
 * 0, or -1 when memory is short; then nothing is held. */
int traffic_make(struct traffic *t, uint32_t count, uint32_t tuples, uint64_t seed);
/* Frames for these segments, count of them, at these times (ns). Of a segment with fewer than 5 words, payload becomes what
 * its data offset makes of it. Results as traffic_make(). */
int traffic_build(struct traffic *t, const struct traffic_segment *segments, const int64_t *times,
                  uint32_t count, uint32_t tuples);
void traffic_free(struct traffic *t);

#endif
