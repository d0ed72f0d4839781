/* Looks at a small file's last frames to see where they overlap with the next file. */
#include "io/sets/late.h"
#include "io/formats/format.h"

/* So much of the file's end is looked at: some records, most likely; and so many times more, as long as all
 * of them are late. */
enum { TAIL_BYTES = 1024, TAIL_GROWTH = 8 };

/* Walks up to the first turn with a frame later than limit; the reader's position is where this turn begins.
 * False: there is no such frame. */
static bool walk_until_late(const struct capture *c, const struct window *window,
                            struct record_reader *reader, int64_t limit)
{
    struct walk walk; /* 4 KB that walking writes before they are read */
    walk.first = 0;
    walk.end = 1;
    walk.reader[0] = reader;
    do {
        const uint64_t before = reader->position;
        capture_walk(c, window, &walk);
        for (unsigned k = 0; k < walk.count[0]; k++)
            if (walk.frame[0][k].time > limit) {
                reader->position = before;
                return true;
            }
    } while (reader->state == LANE_OPEN && walk.count[0]);
    return false;
}

void late_find(struct capture *c, int64_t limit)
{
    const struct window window = capture_window(c);
    const uint64_t end = window.end, first = c->first_record;
    if (limit == INT64_MAX || c->records_end != UINT64_MAX || first >= end)
        return;
    for (uint64_t tail = TAIL_BYTES;; tail *= TAIL_GROWTH) {
        const bool all = tail >= end - first;
        struct record_reader reader = {.position = all ? first : end - tail,
                                       .limit = end,
                                       .context = atomic_load_explicit(&c->context, memory_order_relaxed),
                                       .state = LANE_OPEN};
        const uint64_t start = all ? first : c->format->guess(c, &window, &reader);
        if (start < end) {
            reader.position = start;
            if (!walk_until_late(c, &window, &reader, limit))
                return;
            c->late_at = reader.position;
            if (reader.position > start)
                return;
        }
        if (all)
            return;
    }
}
