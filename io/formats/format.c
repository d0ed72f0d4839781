/* What several formats share. */
#include "io/formats/format.h"
#include "engine/record_run.h"
#include "io/problems.h"

#include <errno.h>
#include <stdlib.h>

void *capture_new_data(struct capture *c, size_t size)
{
    free(c->format_data); /* of a call that asked for more bytes */
    c->format_data = calloc(1, size);
    if (!c->format_data)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, -1, "%s", strerror(ENOMEM));
    return c->format_data;
}

void capture_free_data(struct capture *c)
{
    free(c->format_data);
    c->format_data = NULL;
}

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
