/* Selects the frames of an extract. Rows come as binary text: the numbers of frames, or of frames with their streams where
 * only some around each reuse are wanted. */
#include "io/reports/selection.h"

#include <errno.h>
#include <stdlib.h>

/* A frame with a segment of a stream. */
struct pair {
    uint64_t stream, frame;
};

struct selection {
    struct sink sink;
    const struct participants *participants;
    uint64_t around;
    /* Used by the thread that writes, one at a time: what is kept. */
    uint64_t *frames; /* without around */
    struct pair *pairs;
    size_t count, capacity;
};

static int format_packets(struct sink *sink, struct text *text, const struct packet_row *rows, unsigned count)
{
    const struct selection *s = (struct selection *)sink;
    const size_t size = s->around ? sizeof(struct pair) : sizeof(uint64_t);
    for (unsigned i = 0; i < count; i++) {
        if (!participants_have(s->participants, rows[i].stream))
            continue;
        const struct pair pair = {rows[i].stream, rows[i].frame};
        char *p = text_room(text, size);
        if (!p)
            return -1;
        memcpy(p, s->around ? (const void *)&pair : &pair.frame, size);
        text->length += size;
    }
    return 0;
}

static int grow(struct selection *s, size_t more)
{
    if (s->count + more <= s->capacity)
        return 0;
    const size_t capacity = MAX(s->capacity * 2, s->count + more);
    void *bytes = s->around ? realloc(s->pairs, capacity * sizeof *s->pairs)
                            : realloc(s->frames, capacity * sizeof *s->frames);
    if (!bytes)
        return -1;
    if (s->around)
        s->pairs = bytes;
    else
        s->frames = bytes;
    s->capacity = capacity;
    return 0;
}

static int write_text(struct sink *sink, enum report report, const struct text *text)
{
    struct selection *s = (struct selection *)sink;
    const size_t size = s->around ? sizeof(struct pair) : sizeof(uint64_t);
    if (report != REPORT_PACKETS || !text->length)
        return 0;
    if (grow(s, text->length / size))
        return -1;
    if (s->around) {
        memcpy(s->pairs + s->count, text->bytes, text->length);
        s->count += text->length / size;
        return 0;
    }
    for (size_t i = 0; i < text->length; i += size) {
        uint64_t frame;
        memcpy(&frame, text->bytes + i, sizeof frame);
        if (!s->count || s->frames[s->count - 1] != frame) /* of several segments in one frame */
            s->frames[s->count++] = frame;
    }
    return 0;
}

static const struct sink_ops ops = {.format_packets = format_packets, .write = write_text};

struct selection *selection_create(const struct participants *participants, uint64_t around)
{
    struct selection *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->sink.ops = &ops;
    s->sink.wants[REPORT_PACKETS] = true;
    s->participants = participants;
    s->around = around;
    return s;
}

struct sink *selection_sink(struct selection *s)
{
    return &s->sink;
}

void selection_destroy(struct selection *s)
{
    if (!s)
        return;
    free(s->frames);
    free(s->pairs);
    free(s);
}

static int by_stream_then_frame(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->stream != y->stream)
        return x->stream < y->stream ? -1 : 1;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static int by_frame(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The index of the first pair that is not before this one. */
static size_t find(const struct selection *s, uint64_t stream, uint64_t frame)
{
    const struct pair wanted = {stream, frame};
    size_t low = 0, high = s->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_stream_then_frame(&s->pairs[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add_frame(struct selection *s, uint64_t frame)
{
    if (s->frames && s->capacity > s->count) {
        s->frames[s->count++] = frame;
        return 0;
    }
    const size_t capacity = s->capacity ? s->capacity * 2 : 256;
    uint64_t *frames = realloc(s->frames, capacity * sizeof *frames);
    if (!frames)
        return -1;
    s->frames = frames;
    s->capacity = capacity;
    s->frames[s->count++] = frame;
    return 0;
}

/* Adds up to around frames of the two streams that come before this one (step -1), or after it (step 1), the nearest
 * first. chosen: takes them. */
static int add_nearest(const struct selection *s, struct selection *chosen, const struct noted_reuse *r,
                       int step)
{
    const uint64_t stream[2] = {r->previous_stream, r->stream};
    size_t at[2];
    uint64_t last = r->frame;
    for (int k = 0; k < 2; k++) /* going back, at is one beyond the next pair */
        at[k] = find(s, stream[k], r->frame + (step > 0));
    for (uint64_t n = 0; n < s->around;) {
        const struct pair *nearest = NULL;
        int from = 0;
        for (int k = 0; k < 2; k++) {
            if (step > 0 ? at[k] == s->count : at[k] == 0)
                continue;
            const struct pair *pair = &s->pairs[step > 0 ? at[k] : at[k] - 1];
            if (pair->stream != stream[k])
                continue;
            if (!nearest || (step > 0 ? pair->frame < nearest->frame : pair->frame > nearest->frame)) {
                nearest = pair;
                from = k;
            }
        }
        if (!nearest)
            break;
        at[from] += (size_t)step;
        if (nearest->frame == last)
            continue;
        last = nearest->frame;
        if (add_frame(chosen, last))
            return -1;
        n++;
    }
    return 0;
}

/* Replaces the pairs by the frames around each reuse. 0, or -1 when memory is short. */
static int narrow(struct selection *s)
{
    struct selection chosen = {0};
    size_t reuses, n = 0;
    const struct noted_reuse *reuse = participants_reuses(s->participants, &reuses);
    if (s->count)
        qsort(s->pairs, s->count, sizeof *s->pairs, by_stream_then_frame);
    for (size_t i = 0; i < reuses; i++)
        if (add_nearest(s, &chosen, &reuse[i], -1) || add_frame(&chosen, reuse[i].frame) ||
            add_nearest(s, &chosen, &reuse[i], 1)) {
            free(chosen.frames);
            return -1;
        }
    if (chosen.count)
        qsort(chosen.frames, chosen.count, sizeof *chosen.frames, by_frame);
    for (size_t i = 0; i < chosen.count; i++)
        if (!i || chosen.frames[i] != chosen.frames[n - 1])
            chosen.frames[n++] = chosen.frames[i];
    s->frames = chosen.frames;
    s->count = n;
    return 0;
}

int selection_finish(struct selection *s, const uint64_t **frames, size_t *count)
{
    if (s->around && narrow(s))
        return -1;
    *frames = s->frames;
    *count = s->count;
    return 0;
}
