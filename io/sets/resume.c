/* Moves the beginning of a capture to the place that an earlier run has read up to. Where all records of a
 * format are read alike, that is all; else (pcapng) the blocks before it are walked once more, for the
 * interfaces that they describe. */
#include "io/sets/resume.h"
#include "io/formats/format.h"
#include "io/guard.h"
#include "io/problems.h"

struct resume_walk {
    struct capture *capture;
    struct window window;
    struct record_reader reader;
    struct walk walk;
};

static void walk_on(void *argument)
{
    struct resume_walk *w = argument;
    while (w->reader.state == LANE_OPEN || w->reader.state == LANE_CHANGE)
        if (w->reader.state == LANE_OPEN) {
            capture_walk(w->capture, &w->window, &w->walk);
        } else {
            w->capture->format->change(w->capture, &w->window, &w->reader);
            if (w->reader.state == LANE_CHANGE)
                w->reader.state = LANE_OPEN;
        }
}

bool resume_capture(struct capture *c, uint64_t position)
{
    struct resume_walk w = {.capture = c, .window = capture_window(c)};
    /* The file ended in what stands before its first frame: more of that is there now. */
    if (position < c->first_record && c->position_bytes == 1 && c->records_end == UINT64_MAX)
        return true;
    const bool fits = position <= capture_size(c) && position >= c->first_record && c->position_bytes == 1 &&
                      c->records_end == UINT64_MAX;
    w.reader = (struct record_reader){.position = c->first_record,
                                      .limit = position,
                                      .context = atomic_load_explicit(&c->context, memory_order_relaxed),
                                      .state = LANE_OPEN};
    w.walk.end = 1;
    w.walk.reader[0] = &w.reader;
    if (fits && c->format->change && position > c->first_record)
        capture_guard(walk_on, &w);
    else
        w.reader.position = position;
    if (!fits || w.reader.position != position) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)position,
                     "expected the record at which an earlier run ended, found another one at offset %llu",
                     (unsigned long long)w.reader.position);
        return false;
    }
    c->first_record = position;
    atomic_store_explicit(&c->context, w.reader.context, memory_order_release);
    return true;
}
