/* What was passed over in files, as a part of the problems that it was passed over for. */
#include "io/message.h"
#include "io/problems.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* "about 3 frames lost" */
static const char *describe_frames(uint64_t frames, char *text, size_t size)
{
    if (frames == PROBLEM_FRAMES_UNKNOWN)
        snprintf(text, size, "an unknown number of frames lost");
    else
        snprintf(text, size, "about %" PRIu64 " frame%s lost", frames, frames == 1 ? "" : "s");
    return text;
}

/* The problem keeps its text when memory is short. */
static void set_text(struct problem *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void set_text(struct problem *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = message_text(format, ap);
    va_end(ap);
    if (text) {
        free(p->text);
        p->text = text;
    }
}

static uint64_t add_frames(uint64_t a, uint64_t b)
{
    return a == PROBLEM_FRAMES_UNKNOWN || b == PROBLEM_FRAMES_UNKNOWN ? PROBLEM_FRAMES_UNKNOWN : a + b;
}

void problems_set_gap(struct problems *p, size_t since, size_t order, const struct problem_gap *gap)
{
    char lost[64];
    pthread_mutex_lock(&p->lock);
    struct problem *problem = NULL;
    for (size_t i = since; i < p->count && !problem; i++)
        if (p->items[i].order == order && !p->items[i].note)
            problem = &p->items[i];
    if (problem) {
        const char *what = problem->text ? problem->text : "out of memory";
        problem->gap = *gap;
        describe_frames(gap->frames, lost, sizeof lost);
        if (gap->goes_on)
            set_text(problem, "%s; skipped %" PRIu64 " bytes, from offset %" PRIu64 " up to %" PRIu64 ", %s",
                     what, gap->bytes, gap->from, gap->place, lost);
        else
            set_text(problem, "%s; no record found in the %s%" PRIu64 " bytes%s, %s", what,
                     gap->gave_up ? "next " : "last ", gap->bytes,
                     gap->gave_up ? ", where the search ends" : "", lost);
    }
    pthread_mutex_unlock(&p->lock);
}

/* NULL: there is none. The lock is held. */
static struct problem *find_sum(struct problems *p, size_t order)
{
    for (size_t i = p->count; i--;)
        if (p->items[i].order == order && p->items[i].gap.is_sum)
            return &p->items[i];
    return NULL;
}

void problems_sum_gap(struct problems *p, size_t order, const char *file, uint64_t offset,
                      const struct problem_gap *gap)
{
    char lost[64];
    pthread_mutex_lock(&p->lock);
    struct problem *sum = find_sum(p, order);
    if (!sum) {
        const size_t since = p->count;
        pthread_mutex_unlock(&p->lock);
        problems_add(p, PROBLEM_ERROR, order, file, (int64_t)offset, "more damage");
        pthread_mutex_lock(&p->lock);
        for (size_t i = since; i < p->count && !sum; i++)
            if (p->items[i].order == order && p->items[i].offset == offset)
                sum = &p->items[i];
        if (sum)
            sum->gap.is_sum = true;
    }
    if (sum) {
        sum->gap.goes_on = true;
        sum->gap.count += gap->count;
        sum->gap.bytes += gap->bytes;
        sum->gap.frames = add_frames(sum->gap.frames, gap->frames);
        set_text(sum, "%" PRIu64 " more damaged places from here on; skipped %" PRIu64 " bytes, %s",
                 sum->gap.count, sum->gap.bytes, describe_frames(sum->gap.frames, lost, sizeof lost));
    }
    pthread_mutex_unlock(&p->lock);
}

struct problem_gap problems_gaps(const struct problems *p)
{
    struct problem_gap all = {0};
    for (size_t i = 0; i < p->count; i++) {
        const struct problem_gap *gap = &p->items[i].gap;
        all.count += gap->count;
        all.bytes += gap->bytes;
        all.frames = add_frames(all.frames, gap->frames);
    }
    return all;
}
