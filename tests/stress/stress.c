/* Random traffic through the whole pipeline, from a source that does its worst, on 1 to 8 threads: the rows
 * must be those of the reference. Then runs that are stopped, and runs that cannot write.
 *
 *     stress [SEED [ROUNDS]]
 */
#include "engine/pipeline.h"
#include "tests/stress/reference.h"
#include "tests/support/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 8, INPUTS_MAX = 5, IGNORE_MAX = 6 };

static const char *const report_names[REPORTS] = {"reuse", "conversations", "packets"};
static unsigned failures;

/* What a run is made of; printed when it fails. */
struct setting {
    uint64_t seed;
    uint32_t frames, tuples, lane_units, input_count;
    unsigned threads;
    enum rules rules;
    bool wants[REPORTS];
    bool wrong_guesses, changing, vanishing, dawdling;
    struct frame_range ignore[IGNORE_MAX];
    size_t ignore_count;
    struct memory_input inputs[INPUTS_MAX];
};

static void fail(const struct setting *s, const char *what)
{
    failures++;
    printf("FAILED: %s: seed %" PRIu64 ", %" PRIu32 " frames, %" PRIu32 " tuples, lanes of %" PRIu32
           ", %" PRIu32 " inputs, %u threads, rules %d, %zu ranges ignored%s%s\n",
           what, s->seed, s->frames, s->tuples, s->lane_units, s->input_count, s->threads, (int)s->rules,
           s->ignore_count, s->changing ? ", changing" : "", s->vanishing ? ", vanishing" : "");
}

static void *or_die(void *p)
{
    if (!p) {
        printf("out of memory\n");
        exit(1);
    }
    return p;
}

/* The first line that differs, of both. */
static void show_difference(const char *report, const struct text *is, const struct text *should)
{
    size_t n = MIN(is->length, should->length), line = 0, at = 0, number = 1;
    for (; at < n && is->bytes[at] == should->bytes[at]; at++)
        if (is->bytes[at] == '\n') {
            line = at + 1;
            number++;
        }
    printf("%s, line %zu\n", report, number);
    for (int i = 0; i < 2; i++) {
        const struct text *t = i ? should : is;
        size_t end = line;
        while (end < t->length && t->bytes[end] != '\n')
            end++;
        printf("  %s %.*s\n", i ? "should be" : "is       ", (int)(end - line), t->bytes + line);
    }
}

static bool is_prefix(const struct text *part, const struct text *whole)
{
    return part->length <= whole->length &&
           (!part->length || memcmp(part->bytes, whole->bytes, part->length) == 0);
}

struct run {
    struct memory_source *source;
    struct recording_sink sink;
    struct pipeline *pipeline;
};

static void run_open(struct run *run, const struct setting *s)
{
    struct memory_source_params source = {.inputs = s->inputs,
                                          .input_count = s->input_count,
                                          .lane_units = s->lane_units,
                                          .seed = s->seed,
                                          .wrong_guesses = s->wrong_guesses,
                                          .changing = s->changing,
                                          .vanishing = s->vanishing,
                                          .dawdling = s->dawdling};
    run->source = or_die(memory_source_create(&source));
    recording_sink_init(&run->sink);
    memcpy(run->sink.sink.wants, s->wants, sizeof s->wants);
    struct pipeline_params params = {.source = memory_source_source(run->source),
                                     .sink = &run->sink.sink,
                                     .threads = s->threads,
                                     .rules = s->rules,
                                     .ignore = s->ignore,
                                     .ignore_count = s->ignore_count};
    run->pipeline = or_die(pipeline_create(&params));
}

static void run_close(struct run *run)
{
    pipeline_destroy(run->pipeline);
    recording_sink_free(&run->sink);
    memory_source_destroy(run->source);
}

static void check_totals(const struct setting *s, const struct run *run, const struct reference *r)
{
    const struct pipeline_totals *t = pipeline_totals(run->pipeline);
    bool right;
    if (!t->conserved)
        fail(s, "frames are not conserved");
    if (t->frames != r->frames || t->conversations != r->conversations || t->tuples != r->tuples ||
        t->decoded.segments != r->segments || t->decoded.segments_truncated != r->segments_truncated)
        fail(s, "totals differ");
    if (memcmp(t->reuses, r->reuses, sizeof t->reuses) != 0)
        fail(s, "numbers of reuses differ");
    if (memory_source_faults(run->source, &right) != r->faults || !right)
        fail(s, "faults or changes differ");
    if (memory_source_released(run->source) != memory_source_claimed(run->source))
        fail(s, "batches were not given back, or not in order");
}

static void check_run(const struct setting *s, const struct reference *r)
{
    struct run run;
    run_open(&run, s);
    if (pipeline_run(run.pipeline) != PIPELINE_OK)
        fail(s, "the pipeline failed");
    check_totals(s, &run, r);
    for (int i = 0; i < REPORTS; i++) {
        const struct text none = {0}, *should = s->wants[i] ? &r->text[i] : &none;
        if (run.sink.text[i].length == should->length && is_prefix(&run.sink.text[i], should))
            continue;
        fail(s, "rows differ");
        show_difference(report_names[i], &run.sink.text[i], should);
    }
    run_close(&run);
}

static void stop(void *pipeline)
{
    pipeline_stop(pipeline);
}

/* A run that is stopped has read a part, and reports that part as if there were no more. */
static void check_stopped_run(const struct setting *s, const struct reference *whole)
{
    struct run run;
    run_open(&run, s);
    memory_source_at_batch(run.source, 5, stop, run.pipeline);
    if (pipeline_run(run.pipeline) != PIPELINE_OK)
        fail(s, "the pipeline failed although it was only stopped");
    const struct pipeline_totals *t = pipeline_totals(run.pipeline);
    if (!t->stopped || memory_source_claimed(run.source) != 6 || memory_source_released(run.source) != 6)
        fail(s, "a stopped run went on, or left batches");
    if (!t->conserved || t->frames > whole->frames)
        fail(s, "frames of a stopped run are not conserved");
    for (int i = 0; i < REPORTS; i++)
        if (i != REPORT_CONVERSATIONS && !is_prefix(&run.sink.text[i], &whole->text[i]))
            fail(s, "the rows of a stopped run are not the first ones");
    uint64_t rows = 0;
    for (size_t i = 0; i < run.sink.text[REPORT_CONVERSATIONS].length; i++)
        rows += run.sink.text[REPORT_CONVERSATIONS].bytes[i] == '\n';
    if (s->wants[REPORT_CONVERSATIONS] && rows != t->conversations)
        fail(s, "a stopped run has lost conversations");
    run_close(&run);
}

/* A run that cannot write ends with that error, and what was written are the first rows. */
static void check_full_disk(const struct setting *s, const struct reference *whole)
{
    struct run run;
    run_open(&run, s);
    run.sink.room = 0;
    for (int i = 0; i < REPORTS; i++)
        if (s->wants[i])
            run.sink.room = MAX(run.sink.room, whole->text[i].length / 2);
    if (run.sink.room == 0) {
        run_close(&run);
        return;
    }
    if (pipeline_run(run.pipeline) != PIPELINE_WRITE)
        fail(s, "the pipeline did not say that it could not write");
    for (int i = 0; i < REPORTS; i++)
        if (!is_prefix(&run.sink.text[i], &whole->text[i]))
            fail(s, "what was written is not the beginning");
    if (memory_source_released(run.source) != memory_source_claimed(run.source))
        fail(s, "a failed run has not given its batches back");
    run_close(&run);
}

static struct setting random_setting(uint64_t *r, uint64_t seed, const struct traffic *t)
{
    static const uint32_t lanes[] = {3, 40, 400, 4000};
    static const bool wants[][REPORTS] = {{true, false, false},
                                          {true, true, false},
                                          {true, false, true},
                                          {true, true, true},
                                          {false, true, false}};
    struct setting s = {
        .seed = seed,
        .frames = t->count,
        .tuples = t->tuple_count,
        .lane_units = lanes[random_below(r, ARRAY_LEN(lanes))],
        .input_count = 1 + random_below(r, INPUTS_MAX),
        .rules = (enum rules)random_below(r, 3),
        .wrong_guesses = random_below(r, 4) > 0,
        .changing = random_below(r, 3) == 0,
        .vanishing = random_below(r, 4) == 0,
        .dawdling = random_below(r, 2),
    };
    memcpy(s.wants, wants[random_below(r, ARRAY_LEN(wants))], sizeof s.wants);
    uint32_t from = 0;
    for (uint32_t i = 0; i < s.input_count; i++) {
        uint32_t rest = t->count - from;
        uint32_t count = i + 1 == s.input_count ? rest : random_below(r, rest + 1);
        bool fault = count && random_below(r, 3) == 0;
        s.inputs[i] =
            (struct memory_input){&t->frames[from], count, fault ? random_below(r, count) : UINT32_MAX};
        from += count;
    }
    uint64_t frame = 1;
    for (; random_below(r, 3) == 0 && s.ignore_count < IGNORE_MAX; s.ignore_count++) {
        uint64_t first = frame + random_below(r, 500), last = first + random_below(r, 300);
        s.ignore[s.ignore_count] = (struct frame_range){first, last};
        frame = last + 1;
    }
    return s;
}

static void round_of_runs(uint64_t seed)
{
    static const uint32_t tuples[] = {7, 60, 600, 100000};
    uint64_t r = mix(seed);
    uint32_t frames = 500 + random_below(&r, 6000);
    struct traffic t;
    if (traffic_make(&t, frames, tuples[random_below(&r, ARRAY_LEN(tuples))], seed))
        or_die(NULL);
    struct setting s = random_setting(&r, seed, &t);
    struct reference reference;
    if (reference_make(&reference, &t, s.inputs, s.input_count, s.rules, s.ignore, s.ignore_count))
        or_die(NULL);
    for (s.threads = 1; s.threads <= THREADS_MAX; s.threads++)
        check_run(&s, &reference);
    s.threads = 1 + random_below(&r, THREADS_MAX);
    check_full_disk(&s, &reference);
    reference_free(&reference);

    /* To be stopped in the middle, the input has to have enough batches. */
    s.input_count = 1;
    s.inputs[0] = (struct memory_input){t.frames, t.count, UINT32_MAX};
    s.lane_units = MIN(s.lane_units, 40u);
    if (reference_make(&reference, &t, s.inputs, 1, s.rules, s.ignore, s.ignore_count))
        or_die(NULL);
    check_stopped_run(&s, &reference);
    reference_free(&reference);
    traffic_free(&t);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 30;
    for (uint64_t i = 0; i < rounds && failures < 10; i++)
        round_of_runs(seed + i);
    printf("%u failures\n", failures);
    return failures ? 1 : 0;
}
