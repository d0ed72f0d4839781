#include "io/sets/late.h"
#include "io/formats/format.h"

/* So much of the file's end is looked at: some records, most likely; and so many times more, as long as all
 * of them are late. */
enum { TAIL_BYTES = 1024, TAIL_GROWTH = 8 };

/* Walks the lane up to the first turn with a frame later than limit; lane->position is where this turn
 * begins. False: there is no such frame. */
static bool walk_until_late(const struct capture *c, struct batch *b, int64_t limit)
{
    struct lane *lane = &b->lane[0];
    struct walk walk; /* 4 KB that walking writes before they are read */
    walk.first = 0;
    walk.end = b->lanes_used;
    do {
        const uint64_t before = lane->position;
        c->format->walk(c, b, &walk);
        for (unsigned k = 0; k < walk.count[0]; k++)
            if (walk.frame[0][k].time > limit) {
                lane->position = before;
                return true;
            }
    } while (lane->state == LANE_OPEN && walk.count[0]);
    return false;
}

void late_find(struct capture *c, int64_t limit)
{
    const uint64_t end = capture_size(c), first = c->first_record;
    struct batch b = {.bytes = c->bytes, .end = end, .lanes_used = 1};
    struct lane *lane = &b.lane[0];
    if (limit == INT64_MAX || c->records_end != UINT64_MAX || first >= end)
        return;
    for (uint64_t tail = TAIL_BYTES;; tail *= TAIL_GROWTH) {
        const bool all = tail >= end - first;
        *lane = (struct lane){.begin = all ? first : end - tail,
                              .start = first,
                              .limit = end,
                              .context = atomic_load_explicit(&c->context, memory_order_relaxed),
                              .state = LANE_OPEN};
        if (!all)
            c->format->guess(c, &b, lane);
        if (lane->start < lane->limit) {
            lane->position = lane->start;
            if (!walk_until_late(c, &b, limit))
                return;
            c->late_at = lane->position;
            if (lane->position > lane->start)
                return;
        }
        if (all)
            return;
    }
}
