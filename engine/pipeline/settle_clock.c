/* The idle clock of a batch's segments, for runs in which conversations expire by time. A batch whose frames are in order of time
 * takes a look at its first segment and at its last one; only where some go back are all of them gone through. */
#include "engine/list.h"
#include "engine/pipeline/position_merge.h"
#include "engine/pipeline/settle.h"

static int note_change(struct batch *b, uint32_t position, const struct idle_clock *clock)
{
    struct idle_clock_change *change = LIST_ADD(&b->clocks);
    if (!change)
        return -1;
    *change = (struct idle_clock_change){position, *clock};
    return 0;
}

/* The lane's lists, to be gone through by position. */
static void begin_merge(const struct pipeline *p, const struct lane *lane, struct position_merge *merge)
{
    const unsigned threads = p->params.threads;
    merge->count = 0;
    for (unsigned i = 0; i < FAMILIES * threads; i++) {
        const struct position_list list = {
            .item = lane->lists[i].items, .end = lane->lists[i].end, .size = segment_size(i / threads)};
        position_merge_add(merge, &list);
    }
}

static const struct segment *first_segment(const struct pipeline *p, const struct batch *b)
{
    const struct position_list *first = NULL;
    struct position_merge merge;
    for (unsigned i = 0; i < b->lanes_used && !first; i++) {
        begin_merge(p, &b->lane[i], &merge);
        first = position_merge_first(&merge, offsetof(struct segment, position));
    }
    return first ? (const void *)first->item : NULL;
}

static const struct segment *last_segment(const struct pipeline *p, const struct batch *b)
{
    const struct segment *last = NULL;
    struct position_merge merge;
    for (unsigned i = b->lanes_used; i-- > 0 && !last;) {
        begin_merge(p, &b->lane[i], &merge);
        for (unsigned k = 0; k < merge.count; k++) {
            const struct segment *s = (const void *)(merge.list[k].end - merge.list[k].size);
            last = !last || s->position > last->position ? s : last;
        }
    }
    return last;
}

static int follow_in_order(struct pipeline *p, struct batch *b)
{
    const struct segment *first = first_segment(p, b);
    if (first)
        idle_clock_take(&p->idle_clock, first->time, (uint64_t)p->params.expire);
    if (note_change(b, 0, &p->idle_clock))
        return -1;
    if (first)
        /* NOLINTNEXTLINE(analyzer-null-dereference): a batch that has a first segment has a last one */
        idle_clock_take(&p->idle_clock, last_segment(p, b)->time, (uint64_t)p->params.expire);
    return 0;
}

static int follow_each(struct pipeline *p, struct batch *b)
{
    struct position_merge merge;
    struct position_list *first;
    int64_t before = INT64_MAX;
    if (note_change(b, 0, &p->idle_clock))
        return -1;
    for (unsigned i = 0; i < b->lanes_used; i++) {
        const uint32_t begin = (uint32_t)(b->lane[i].first_frame - b->first_frame) << 8;
        begin_merge(p, &b->lane[i], &merge);
        while ((first = position_merge_first(&merge, offsetof(struct segment, position)))) {
            const struct segment *s = (const void *)first->item;
            idle_clock_take(&p->idle_clock, s->time, (uint64_t)p->params.expire);
            if (s->time < before && note_change(b, begin + s->position, &p->idle_clock))
                return -1;
            before = s->time;
            position_merge_advance(&merge, first);
        }
    }
    return 0;
}

int settle_clock(struct pipeline *p, struct batch *b, bool in_order)
{
    b->clocks.count = 0;
    const int result = in_order ? follow_in_order(p, b) : follow_each(p, b);
    b->end_clock = p->idle_clock.ticks;
    return result;
}
