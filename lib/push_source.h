/* A source of frames that are pushed. */
#ifndef TCPREUSE_LIB_PUSH_SOURCE_H
#define TCPREUSE_LIB_PUSH_SOURCE_H

#include "engine/source.h"
#include "lib/tcpreuse.h"

/* Frames of a batch, at most: as many as a lane of a file has, times the lanes that are worth it. */
enum { PUSH_FRAMES = 2048, PUSH_BYTES = 1 << 20 };

/* One thread at a time. */
struct push_source {
    struct source source;
    struct frame frames[PUSH_FRAMES];
    unsigned count;
    uint8_t *bytes;
    size_t used, capacity;
    bool begun;   /* a batch has been claimed */
    bool claimed; /* the frames are those of a batch that is under way */
    bool ended;   /* there will be no more */
};

/* Of memory that is zero. */
void push_source_init(struct push_source *s);
void push_source_free(struct push_source *s);

enum push_result {
    PUSH_DONE,
    PUSH_FULL, /* those that there are have to be worked on first */
    PUSH_NO_MEMORY,
};
/* Takes one more frame, and copies it. */
enum push_result push_source_add(struct push_source *s, const struct tcpreuse_frame *frame);

#endif
