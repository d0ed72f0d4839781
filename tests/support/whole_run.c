/* Runs over capture files. */
#include "tests/support/whole_run.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int memory_file(const void *bytes, size_t size, char path[MEMORY_PATH])
{
    int fd = memfd_create("capture", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, MEMORY_PATH, "/proc/self/fd/%d", fd);
    return fd;
}

void whole_run(struct whole_run *r, struct set_source_params set, enum rules rules, unsigned threads)
{
    struct problems problems = PROBLEMS_INIT;
    set.problems = &problems;
    struct set_source *source = set_source_create(&set);
    REQUIRE(source);
    *r = (struct whole_run){0};
    recording_sink_init(&r->sink);
    struct pipeline_params params = {
        .source = set_source_source(source), .sink = &r->sink.sink, .threads = threads, .rules = rules};
    struct pipeline *p = pipeline_create(&params);
    REQUIRE(p);
    REQUIRE(pipeline_run(p) == PIPELINE_OK);
    const struct pipeline_totals *t = pipeline_totals(p);
    REQUIRE(t->conserved);
    r->frames = t->frames;
    r->conversations = t->conversations;
    r->tuples = t->tuples;
    r->segments = t->decoded.segments;
    r->truncated = t->decoded.segments_truncated;
    memcpy(r->outcomes, t->decoded.frames, sizeof r->outcomes);
    memcpy(r->reuses, t->reuses, sizeof r->reuses);
    problems_sort(&problems);
    for (size_t i = 0; i < problems.count; i++)
        REQUIRE(text_print(&r->problems, "%" PRIu64 " %s\n", problems.items[i].offset,
                           problems.items[i].text) == 0);
    pipeline_destroy(p);
    set_source_destroy(source);
    problems_free(&problems);
}

static bool same_text(const struct text *a, const struct text *b)
{
    return a->length == b->length && (!a->length || memcmp(a->bytes, b->bytes, a->length) == 0);
}

const char *whole_run_differs(const struct whole_run *a, const struct whole_run *b)
{
    for (int i = 0; i < REPORTS; i++)
        if (!same_text(&a->sink.text[i], &b->sink.text[i]))
            return "rows";
    if (!same_text(&a->problems, &b->problems))
        return "messages";
    if (a->frames != b->frames || a->conversations != b->conversations || a->tuples != b->tuples ||
        a->segments != b->segments || a->truncated != b->truncated ||
        memcmp(a->outcomes, b->outcomes, sizeof a->outcomes) != 0 ||
        memcmp(a->reuses, b->reuses, sizeof a->reuses) != 0)
        return "counts";
    return NULL;
}

void whole_run_free(struct whole_run *r)
{
    recording_sink_free(&r->sink);
    free(r->problems.bytes);
}
