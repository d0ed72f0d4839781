/* What several formats share. */
#include "io/formats/format.h"

bool capture_run(const struct batch *b, const struct lane *lane, uint32_t captured_max, uint32_t around,
                 struct record_run *run)
{
    enum { LONGEST = 4096, PART = 64, PART_LEFT = 8 };
    const uint64_t bytes = b->end - b->base, left = b->end - MIN(lane->position, b->end);
    uint64_t usual = MIN(MAX(bytes / PART, (uint64_t)LONGEST), RECORD_LENGTH_MAX);
    if (left <= usual + around)
        usual = left / PART_LEFT;
    run->longest = MIN(captured_max, (uint32_t)usual);
    const uint32_t reach = around + run->longest;
    if (bytes < reach)
        return false;
    run->at = b->bytes + (lane->position - b->base);
    run->limit = b->bytes + (MIN(lane->limit, b->end - reach) - b->base);
    return run->at < run->limit;
}
