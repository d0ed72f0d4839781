/* Frame by frame through one input, for sets whose files overlap in time. */
#ifndef TCPREUSE_CURSOR_H
#define TCPREUSE_CURSOR_H

#include "engine/window.h"
#include "io/sets/sorter.h"

/* One thread at a time. Frames stay where they are as long as the capture and the chunk have users. */
struct cursor {
    struct input *input;
    struct capture *capture; /* used */
    struct chunk *chunk;     /* used; NULL for a mapped input */
    unsigned next_lane;      /* of the chunk */
    struct window window;    /* what is being walked, by one reader */
    struct record_reader reader;
    struct walk walk;
    unsigned at;          /* the next frame of the walk */
    uint64_t frames;      /* of the input that come before it */
    uint64_t borrowed;    /* number of the batch that took the last frame: it uses capture and chunk, too */
    bool ended;           /* of what is walked */
    struct sorter sorter; /* its window is 0: frames come as they are walked */
};

/* Where a sequence breaks off, and a cursor takes over. */
struct cursor_start {
    struct capture *capture; /* with a use of its own */
    struct chunk *chunk;     /* likewise, or NULL */
    uint64_t position;
    const void *context;
    uint64_t skip;   /* records from there to the frame that is meant */
    uint64_t frames; /* of the input that stand before this frame */
    unsigned lane;   /* of the chunk: the one after that in which position lies */
    uint64_t limit;  /* end of position's lane */
};

/* start: NULL is the input's beginning. NULL when memory is short. The uses in start go over to the cursor.
 * Whoever wants its frames in order of time sets sorter.window before the first of them. */
struct cursor *cursor_create(struct input *input, const struct cursor_start *start);
void cursor_destroy(struct cursor *c);

/* The next frame, or NULL at the end (a fault is reported, as is that memory is short). Waits for streams. */
const struct frame *cursor_peek(struct cursor *c);
/* Behind the frame that cursor_peek() has given. */
void cursor_advance(struct cursor *c);
/* The chunk that the bytes of this frame lie in, or NULL. */
static inline struct chunk *cursor_chunk(const struct cursor *c)
{
    return c->sorter.window ? c->sorter.items[0].chunk : c->chunk;
}

/* The context with which it was walked. */
static inline const void *cursor_context(const struct cursor *c)
{
    return c->sorter.window ? c->sorter.items[0].context : c->reader.context;
}

/* Of a cursor that does not sort. No frame is walked but not taken: position tells where the next record is. */
static inline bool cursor_is_between(const struct cursor *c)
{
    return c->at == c->walk.count[0];
}

#endif
