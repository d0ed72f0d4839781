/* Any bytes as a capture file, through the whole pipeline: one thread with one lane, and three threads with
 * lanes of a few bytes, whose beginnings have to be guessed. Both have to give the same rows, counts and
 * problems. So has the file that is read as a stream, where damage is passed over (--resync).
 *
 *     | generation of rules 1; bit 7: what is destroyed is passed over | bytes a lane 1 | the file's bytes ...
 */
#include "engine/pipeline.h"
#include "io/sets/set_source.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/recording_sink.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEAD = 2, FILE_MAX = 1 << 20 };

struct result {
    struct recording_sink sink;
    struct text problems;
    uint64_t frames, conversations, tuples, segments, truncated, outcomes[OUTCOMES], reuses[TRIGGERS];
};

static void run(struct result *r, const char *path, enum rules rules, unsigned threads,
                struct set_source_params set)
{
    struct problems problems = PROBLEMS_INIT;
    set.paths = &path;
    set.count = 1;
    set.problems = &problems;
    struct set_source *source = set_source_create(&set);
    REQUIRE(source);
    *r = (struct result){0};
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

static void check_same(const struct result *one, const struct result *many)
{
    for (int i = 0; i < REPORTS; i++)
        REQUIRE(same_text(&one->sink.text[i], &many->sink.text[i]));
    REQUIRE(same_text(&one->problems, &many->problems));
    REQUIRE(one->frames == many->frames && one->conversations == many->conversations &&
            one->tuples == many->tuples);
    REQUIRE(one->segments == many->segments && one->truncated == many->truncated);
    REQUIRE(memcmp(one->outcomes, many->outcomes, sizeof one->outcomes) == 0);
    REQUIRE(memcmp(one->reuses, many->reuses, sizeof one->reuses) == 0);
}

static void result_free(struct result *r)
{
    recording_sink_free(&r->sink);
    free(r->problems.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > FILE_MAX)
        return 0;
    int fd = memfd_create("capture", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, data + HEAD, size - HEAD) == (ssize_t)(size - HEAD));
    char path[64];
    sprintf(path, "/proc/self/fd/%d", fd);
    const bool resyncs = data[0] & 0x80;
    const enum rules rules = (data[0] & 0x7f) % 3;
    struct result one, other;
    run(&one, path, rules, 1, (struct set_source_params){.lane_bytes = FILE_MAX, .resyncs = resyncs});
    run(&other, path, rules, 3, (struct set_source_params){.lane_bytes = 1 + data[1], .resyncs = resyncs});
    check_same(&one, &other);
    result_free(&other);
    if (resyncs) {
        run(&other, path, rules, 1, (struct set_source_params){.reads = true, .resyncs = true});
        check_same(&one, &other);
        result_free(&other);
    }
    result_free(&one);
    close(fd);
    return 0;
}
