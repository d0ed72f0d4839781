/* Any segments through tables and rules, with one to three threads, beside a reference that keeps everything in lists
 * (tests/stress/reference.h): rows, counts and reuses have to be the same.
 *
 *     | generation of rules and threads 1 | segments of 6 bytes ...
 */
#include "tests/fuzz/fuzz.h"
#include "tests/stress/reference.h"

enum { SEGMENT_BYTES = 6, SEGMENTS_MAX = 2000, TUPLES = 16 };

/* | direction 1 bit, tuple 7 bits | flags 8 | flags' upper 4 bits, kind of header 4 | seq 3, ack 3, payload 2 | time 16 | */
static struct traffic_segment segment_of(const uint8_t *b)
{
    static const uint32_t numbers[] = {0, 1, 2, 1000, 1001, 0x7fffffff, 0x80000000, 0xffffffff};
    struct traffic_segment s = {
        .tuple = (b[0] & 127u) % TUPLES,
        .direction = b[0] >> 7,
        .header = 20,
        .words = 5,
        .length_known = true,
        .flags = (uint16_t)(b[1] | (b[2] & 15) << 8),
        .seq = numbers[b[3] & 7],
        .ack = numbers[b[3] >> 3 & 7],
        .payload = (uint32_t)(b[3] >> 6) * 100,
    };
    const unsigned kind = b[2] >> 4;
    if (s.tuple % 5 == 3) /* its endpoints are the same */
        s.direction = 0;
    if (kind == 1) {
        s.header = 0; /* no TCP */
    } else if (kind < 8 && kind > 1) {
        s.header = (uint8_t)(10 + kind); /* cut, around the fewest bytes that count */
    } else if (kind > 8 && kind < 14) {
        s.words = (uint8_t)(kind - 9);
        s.payload = 0;
    } else if (kind == 14) { /* more header than the datagram has room for */
        s.words = 15;
        s.length_known = false;
        s.payload = 0;
    }
    return s;
}

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
    static struct traffic_segment segments[SEGMENTS_MAX];
    static int64_t times[SEGMENTS_MAX];
    uint32_t count = 0;
    int64_t time = 1000000000;
    if (!size)
        return 0;
    for (size_t at = 1; at + SEGMENT_BYTES <= size && count < SEGMENTS_MAX; at += SEGMENT_BYTES) {
        const uint8_t *b = data + at;
        segments[count] = segment_of(b);
        time += (int16_t)(b[4] | b[5] << 8) * INT64_C(100); /* backwards, too */
        times[count++] = time;
    }
    struct traffic t;
    REQUIRE(traffic_build(&t, segments, times, count, TUPLES) == 0);
    if (count)
        check(&t, data[0] % 3, 1 + data[0] / 3u % 3, count);
    traffic_free(&t);
    return 0;
}
