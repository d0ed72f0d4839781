/* A run that is saved in the middle and goes on in another process, which may have another number of threads: rows, with
 * all that verdicts know of a conversation, counts and reuses are those of a run over all segments. Then the saved sections with
 * one byte changed: they are refused, or the run that takes them in goes on to its end.
 *
 *     | generation, threads before and behind, expiry 1 | segments before the cut, of 256 1 | place of the change 2 | change 1 |
 *     | segments, as segments.h has them ...
 */
#include "engine/conversations/history.h"
#include "engine/conversations/ways.h"
#include "engine/pipeline.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segments.h"
#include "tests/support/memory_source.h"
#include "tests/support/recording_sink.h"

#include <inttypes.h>
#include <string.h>

enum { HEAD = 5, SECTIONS_MAX = 16 };

struct section {
    char name[32];
    uint8_t *bytes;
    size_t count;
};

/* What a run leaves to the next one. */
struct saved {
    struct save_target target;
    struct section sections[SECTIONS_MAX];
    unsigned count;
    size_t bytes;
    size_t rows[REPORTS]; /* bytes of the reports that stood when it was saved */
};

struct run {
    struct memory_source *source;
    struct source_ops ops;
    enum claim (*claim)(struct source *, struct batch *);
    struct recording_sink sink;
    struct sink_ops sink_ops;
    struct pipeline *pipeline;
    struct saved *saves; /* NULL: it is not saved */
};

/* The only one that is saved at a time: its source has no room for a pointer. */
static struct run *saving;

/* Of the recording sink, whose rows do not tell what only verdicts need. */
static const struct sink_ops *plain_ops;

static int format_reuse(struct sink *sink, struct text *t, const struct reuse_row *row)
{
    const struct finding *f = row->finding;
    return plain_ops->format_reuse(sink, t, row) ||
                   text_print(t, " %u %u %u %u %u %u %u %u %u %d%d%d%d%d %" PRId32, f->verdict, f->close,
                              f->closer, f->acceptable, f->origin, f->answer, f->outcome, f->certainty,
                              f->decimals, f->knows_distance, f->same_isn, f->joins, f->gave_way,
                              f->from_previous, f->isn_distance) ||
                   text_print(t, " %" PRIu32 " %" PRIu32 " %" PRIx64 " %" PRId64 " %" PRId64 " %" PRIu64 "\n",
                              f->attempt, f->syn_retries, f->undercuts, f->answer_delay, f->episode_delay,
                              row->episode)
               ? -1
               : 0;
}

/* Records have other numbers in a run that goes on. Its histories know of each ISN that was seen; others leave out those that
 * completeness shows. */
static int format_conversation(struct sink *sink, struct text *t, const struct conversation_row *row)
{
    const struct history *h = row->history;
    const struct conversation *c = &row->conversation->c;
    return plain_ops->format_conversation(sink, t, row) ||
                   text_print(t, " %u %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %x %d%d",
                              row->ending, row->first_time, row->older, row->newer, h->first_time,
                              h->synack_time, h->knows & (KNOWS_ISN - 1u), history_saw_isn(c, h, 0),
                              history_saw_isn(c, h, 1)) ||
                   text_print(t, " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %u %u %x %u",
                              h->timestamp[0], h->timestamp[1], h->older_isn[0], h->older_isn[1],
                              h->syn_timestamp, h->syn_ip_id, h->syn_retries, h->close, h->trigger) ||
                   text_print(t, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", row->ways->frames[0],
                              row->ways->frames[1], row->ways->payload[0], row->ways->payload[1])
               ? -1
               : 0;
}

static int add_section(struct save_target *target, const char *name, const void *bytes, size_t count)
{
    struct saved *s = (struct saved *)target;
    REQUIRE(s->count < SECTIONS_MAX && strlen(name) < sizeof s->sections->name);
    struct section *to = &s->sections[s->count++];
    strcpy(to->name, name);
    to->bytes = malloc(count);
    REQUIRE(to->bytes);
    memcpy(to->bytes, bytes, count);
    to->count = count;
    s->bytes += count;
    return 0;
}

/* Before the source ends, and when nothing is under way, all is saved. */
static enum claim claim_or_save(struct source *source, struct batch *b)
{
    struct run *r = saving;
    const enum claim claimed = r->claim(source, b);
    if (claimed != CLAIM_END)
        return claimed;
    if (memory_source_released(r->source) != memory_source_claimed(r->source))
        return CLAIM_NOTHING;
    r->saves->target.add = add_section;
    REQUIRE(pipeline_save(r->pipeline, &r->saves->target) == SAVE_DONE);
    for (int i = 0; i < REPORTS; i++)
        r->saves->rows[i] = r->sink.text[i].length;
    return CLAIM_END;
}

/* head: as above. */
static void run_open(struct run *r, const struct memory_input *input, uint8_t head, unsigned threads,
                     struct saved *saves)
{
    static const int64_t expire[] = {0, 1000, 1000000, 20000000};
    *r = (struct run){.saves = saves};
    r->source = memory_source_create(&(struct memory_source_params){
        .inputs = input, .input_count = 1, .lane_units = 60, .seed = input->count, .wrong_guesses = true});
    REQUIRE(r->source);
    struct source *source = memory_source_source(r->source);
    if (saves) {
        r->ops = *source->ops;
        r->claim = r->ops.claim;
        r->ops.claim = claim_or_save;
        source->ops = &r->ops;
        saving = r;
    }
    recording_sink_init(&r->sink);
    plain_ops = r->sink.sink.ops;
    r->sink_ops = *plain_ops;
    r->sink_ops.format_reuse = format_reuse;
    r->sink_ops.format_conversation = format_conversation;
    r->sink.sink.ops = &r->sink_ops;
    r->pipeline = pipeline_create(&(struct pipeline_params){
        .source = source,
        .sink = &r->sink.sink,
        .threads = threads,
        .rules = head & 0x80 ? RULES_4_0
                 : head & 1  ? RULES_4_2
                             : RULES_4_4,
        .expire = expire[head >> 5 & 3],
        .verdicts = {.wanted = true, .answer_window = 3 * INT64_C(1000000000), .timers = &verdict_timers}});
    REQUIRE(r->pipeline);
}

static void run_close(struct run *r)
{
    pipeline_destroy(r->pipeline);
    memory_source_destroy(r->source);
    recording_sink_free(&r->sink);
}

/* False: they make no sense. */
static bool load(struct run *r, const struct saved *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (pipeline_load(r->pipeline, s->sections[i].name, s->sections[i].bytes, s->sections[i].count) !=
            LOAD_DONE)
            return false;
    return pipeline_loaded(r->pipeline) == LOAD_DONE;
}

/* Do the rows before the cut, and those behind it, make those of the whole run? Rows that come last are all from behind it. */
static void compare(const struct run *whole, const struct run *before, const struct saved *s,
                    const struct run *behind)
{
    for (int i = 0; i < REPORTS; i++) {
        const struct text *all = &whole->sink.text[i], *rest = &behind->sink.text[i];
        REQUIRE(all->length == s->rows[i] + rest->length);
        REQUIRE(!s->rows[i] || !memcmp(all->bytes, before->sink.text[i].bytes, s->rows[i]));
        REQUIRE(!rest->length || !memcmp(all->bytes + s->rows[i], rest->bytes, rest->length));
    }
    const struct pipeline_totals *a = pipeline_totals(whole->pipeline),
                                 *b = pipeline_totals(behind->pipeline);
    REQUIRE(a->conserved && b->conserved && a->frames == b->frames);
    REQUIRE(a->conversations == b->conversations && a->decoded.segments == b->decoded.segments);
    REQUIRE(!memcmp(a->reuses, b->reuses, sizeof a->reuses));
    REQUIRE(!memcmp(a->verdicts, b->verdicts, sizeof a->verdicts));
}

/* One byte of what was saved, counted over all sections. */
static void change(struct saved *s, size_t at, uint8_t by)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (at < s->sections[i].count) {
            s->sections[i].bytes[at] ^= by;
            return;
        }
        at -= s->sections[i].count;
    }
}

static void check(const struct traffic *t, const uint8_t *head)
{
    const unsigned threads = 1 + (head[0] >> 1) % 3, others = 1 + (head[0] >> 3) % 3;
    const uint32_t cut = t->count * head[1] / 256;
    const struct memory_input all = {t->frames, t->count, UINT32_MAX}, first = {t->frames, cut, UINT32_MAX},
                              second = {t->frames + cut, t->count - cut, UINT32_MAX};
    struct saved saved = {.count = 0};
    struct run whole, before, behind;
    run_open(&whole, &all, head[0], threads, NULL);
    REQUIRE(pipeline_run(whole.pipeline) == PIPELINE_OK);
    run_open(&before, &first, head[0], threads, &saved);
    REQUIRE(pipeline_run(before.pipeline) == PIPELINE_OK);
    run_open(&behind, &second, head[0], others, NULL);
    REQUIRE(load(&behind, &saved));
    REQUIRE(pipeline_run(behind.pipeline) == PIPELINE_OK);
    compare(&whole, &before, &saved, &behind);
    run_close(&behind);

    if (head[4] && saved.bytes) {
        change(&saved, (size_t)(head[2] | head[3] << 8) % saved.bytes, head[4]);
        run_open(&behind, &second, head[0], others, NULL);
        if (load(&behind, &saved))
            REQUIRE(pipeline_run(behind.pipeline) == PIPELINE_OK);
        run_close(&behind);
    }
    for (unsigned i = 0; i < saved.count; i++)
        free(saved.sections[i].bytes);
    run_close(&before);
    run_close(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct traffic t;
    if (size < HEAD)
        return 0;
    segments_traffic(&t, data + HEAD, size - HEAD);
    if (t.count)
        check(&t, data);
    traffic_free(&t);
    return 0;
}
