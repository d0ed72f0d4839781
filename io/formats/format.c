/* What several formats share. */
#include "io/formats/format.h"
#include "engine/record_run.h"

bool capture_run(const struct window *window, const struct record_reader *reader, uint32_t captured_max,
                 uint32_t around, struct record_run *run)
{
    enum { LONGEST = 4096, PART = 64, PART_LEFT = 8 };
    const uint64_t bytes = window->end - window->base,
                   left = window->end - MIN(reader->position, window->end);
    uint64_t usual = MIN(MAX(bytes / PART, (uint64_t)LONGEST), RECORD_LENGTH_MAX);
    if (left <= usual + around)
        usual = left / PART_LEFT;
    run->longest = MIN(captured_max, (uint32_t)usual);
    const uint32_t reach = around + run->longest;
    if (bytes < reach)
        return false;
    run->at = window_at(window, reader->position);
    run->limit = window_at(window, MIN(reader->limit, window->end - reach));
    return run->at < run->limit;
}
