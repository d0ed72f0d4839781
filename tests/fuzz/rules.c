/* Any segments through tables and rules, with one to three threads, beside a reference that keeps everything in lists
 * (tests/stress/reference.h): rows, counts and reuses have to be the same.
 *
 *     | generation of rules and threads 1 | segments, as segments.h has them ...
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segments.h"
#include "tests/stress/reference.h"

static void check(const struct traffic *t, enum rules rules, unsigned threads, uint64_t seed)
{
    const struct memory_input input = {t->frames, t->count, UINT32_MAX};
    struct reference should;
    struct recording_sink sink;
    struct memory_source *source = memory_source_create(&(struct memory_source_params){
        .inputs = &input, .input_count = 1, .lane_units = 40, .seed = seed, .wrong_guesses = true});
    REQUIRE(source && reference_make(&should, t, &input, 1, rules, NULL, 0) == 0);
    recording_sink_init(&sink);
    struct pipeline *p = pipeline_create(&(struct pipeline_params){
        .source = memory_source_source(source), .sink = &sink.sink, .threads = threads, .rules = rules});
    REQUIRE(p && pipeline_run(p) == PIPELINE_OK);
    const struct pipeline_totals *totals = pipeline_totals(p);
    REQUIRE(totals->conserved && totals->frames == should.frames && totals->tuples == should.tuples);
    REQUIRE(totals->conversations == should.conversations);
    REQUIRE(totals->decoded.segments == should.segments);
    REQUIRE(totals->decoded.segments_truncated == should.segments_truncated);
    REQUIRE(memcmp(totals->reuses, should.reuses, sizeof should.reuses) == 0);
    for (int i = 0; i < REPORTS; i++) {
        if (!sink.sink.wants[i])
            continue;
        REQUIRE(sink.text[i].length == should.text[i].length);
        REQUIRE(!sink.text[i].length ||
                !memcmp(sink.text[i].bytes, should.text[i].bytes, sink.text[i].length));
    }
    pipeline_destroy(p);
    memory_source_destroy(source);
    recording_sink_free(&sink);
    reference_free(&should);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct traffic t;
    if (!size)
        return 0;
    segments_traffic(&t, data + 1, size - 1);
    if (t.count)
        check(&t, data[0] % 3, 1 + data[0] / 3u % 3, t.count);
    traffic_free(&t);
    return 0;
}
