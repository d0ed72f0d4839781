/* Frames that are pushed are copied until there are enough of them for a batch. While one is under way nothing is pushed, so
 * there is one buffer. */
#include "lib/push_source.h"

#include <stdlib.h>

static struct push_source *of(struct source *source)
{
    return (struct push_source *)source;
}

static enum claim claim(struct source *source, struct batch *b)
{
    struct push_source *s = of(source);
    if (s->claimed || !s->count)
        return s->ended && !s->count ? CLAIM_END : CLAIM_NOTHING;
    b->input = s;
    b->first = !s->begun;
    batch_cut_frames(b, s->count);
    s->begun = s->claimed = true;
    return CLAIM_BATCH;
}

static void walk(struct source *source, struct batch *b, struct walk *walk)
{
    const struct push_source *s = of(source);
    (void)b;
    for (unsigned i = walk->first; i < walk->end; i++) {
        uint64_t first;
        const unsigned n = walk_take(walk, i, &first);
        memcpy(walk->frame[i], &s->frames[first], n * sizeof(struct frame));
    }
}

static void release(struct source *source, struct batch *b)
{
    struct push_source *s = of(source);
    (void)b;
    s->claimed = false;
    s->count = 0;
    s->used = 0;
}

static const struct source_ops ops = {.claim = claim, .walk = walk, .release = release};

void push_source_init(struct push_source *s)
{
    s->source.ops = &ops;
}

void push_source_free(struct push_source *s)
{
    free(s->bytes);
}

/* Room for n bytes behind those that are used. */
static enum push_result reserve(struct push_source *s, size_t n)
{
    if (n <= s->capacity - s->used)
        return PUSH_DONE;
    if (s->count)
        return PUSH_FULL; /* frames point into the buffer, so it stays where it is */
    const size_t capacity = MAX(n, (size_t)PUSH_BYTES);
    free(s->bytes);
    s->bytes = malloc(capacity);
    s->capacity = s->bytes ? capacity : 0;
    return s->bytes ? PUSH_DONE : PUSH_NO_MEMORY;
}

enum push_result push_source_add(struct push_source *s, const struct tcpreuse_frame *frame)
{
    const enum push_result result = s->count == PUSH_FRAMES ? PUSH_FULL : reserve(s, frame->captured);
    if (result != PUSH_DONE)
        return result;
    uint8_t *data = s->bytes + s->used;
    if (frame->captured)
        memcpy(data, frame->data, frame->captured);
    s->used += frame->captured;
    s->frames[s->count++] = (struct frame){
        .data = data,
        .time = frame->time,
        .captured = frame->captured,
        .length = frame->length ? frame->length : frame->captured,
        .link_type = frame->link_type,
        .decimals = frame->decimals ? frame->decimals : 9,
        .fcs = frame->fcs,
        .interface = frame->interface,
    };
    return PUSH_DONE;
}
