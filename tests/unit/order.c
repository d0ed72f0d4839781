/* What gives the reports their order: numbering streams and putting rows in the order of frames, over shards,
 * families, lanes and batches, with frames of several segments. The steps are taken by hand, with segments
 * that no decoder made, so that every arrangement can be had.
 *
 * Length: all tests that take these steps, with what sets them up. */
#include "engine/pipeline/decode_batch.h"
#include "engine/pipeline/steps.h"
#include "tests/support/random.h"
#include "tests/support/recording_sink.h"

#include <criterion/criterion.h>
#include <inttypes.h>

/* Rows are short here. packet: frame.number stream[!]; reuse: frame.number stream<previous; conversation:
 * stream first last. */
static int format_reuse(struct sink *sink, struct text *t, const struct reuse_row *row)
{
    (void)sink;
    return text_print(t, "%" PRIu64 ".%u %" PRIu64 "<%" PRIu64 "\n", row->reuse->frame,
                      row->reuse->position & 255, row->reuse->stream, row->reuse->previous_stream);
}

static int format_packet(struct sink *sink, struct text *t, const struct packet_row *row)
{
    (void)sink;
    return text_print(t, "%" PRIu64 ".%u %" PRIu64 "%s\n", row->frame, row->segment->position & 255,
                      row->stream, row->segment->bits & SEGMENT_REUSE ? "!" : "");
}

static int format_packets(struct sink *sink, struct text *t, const struct packet_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (format_packet(sink, t, &rows[i]))
            return -1;
    return 0;
}

static int format_conversation(struct sink *sink, struct text *t, const struct conversation_row *row)
{
    (void)sink;
    const struct conversation *c = &row->conversation->c;
    return text_print(t, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", row->stream, conversation_first_frame(c),
                      conversation_last_frame(c));
}

struct rig {
    struct recording_sink out;
    struct sink_ops ops;
    struct source_ops source_ops;
    struct source source;
    struct pipeline *p;
    struct batch *batch; /* being filled */
    uint64_t number;     /* of the batch */
    unsigned lane;
};

/* expire: ns without a segment after which conversations are forgotten; 0: never. */
static void rig_open_expiring(struct rig *r, unsigned shards, const bool wants[REPORTS], int64_t expire)
{
    *r = (struct rig){0};
    recording_sink_init(&r->out);
    r->ops = *r->out.sink.ops;
    r->ops.format_reuse = format_reuse;
    r->ops.format_packets = format_packets;
    r->ops.format_conversation = format_conversation;
    r->out.sink.ops = &r->ops;
    memcpy(r->out.sink.wants, wants, sizeof r->out.sink.wants);
    r->source.ops = &r->source_ops;
    struct pipeline_params params = {
        .source = &r->source, .sink = &r->out.sink, .threads = shards, .rules = RULES_4_4, .expire = expire};
    r->p = pipeline_create(&params);
    cr_assert(r->p);
}

static void rig_open(struct rig *r, unsigned shards, const bool wants[REPORTS])
{
    rig_open_expiring(r, shards, wants, 0);
}

static void rig_close(struct rig *r)
{
    pipeline_destroy(r->p);
    recording_sink_free(&r->out);
}

static void rig_begin_batch(struct rig *r)
{
    struct batch *b = r->batch = &r->p->batches[r->number & r->p->ring_mask];
    cr_assert_eq(atomic_load(&b->state), BATCH_FREE);
    b->number = r->number;
    b->first = r->number == 0;
    b->lanes_used = 0;
    b->redone = 0;
}

static void rig_begin_lane(struct rig *r)
{
    struct batch *b = r->batch;
    r->lane = b->lanes_used++;
    struct lane *lane = &b->lane[r->lane];
    lane_clear(r->p, lane);
    lane->begin = lane->start = r->number * LANES + r->lane;
    lane->reader.limit = lane->reader.position = lane->begin + 1;
    lane->exact = true;
    lane->reader.state = LANE_DONE;
}

static void rig_frame(struct rig *r)
{
    r->batch->lane[r->lane].frames++;
}

/* The next segment of the lane's last frame. Each tuple has its shard, its family and a tag that others have
 * too. */
static struct segment *rig_segment(struct rig *r, unsigned number, unsigned tuple, unsigned flags,
                                   uint32_t seq)
{
    unsigned shards = r->p->params.threads;
    enum family family = tuple % 2;
    struct lane *lane = &r->batch->lane[r->lane];
    struct segment_list *l = &lane->lists[(unsigned)family * shards + tuple / 2 % shards];
    struct segment *s = segment_list_add(l, &r->p->workers[0].spare, family);
    cr_assert(s);
    memset(s, 0, segment_size(family));
    s->hash = 1 + tuple % 5;
    s->position = (uint32_t)(lane->frames - 1) << 8 | number;
    s->seq = seq;
    s->flags = (uint16_t)flags;
    s->bits = SEGMENT_LENGTH_KNOWN;
    s->port[0] = (uint16_t)tuple;
    lane->counts.segments++;
    return s;
}

/* Settles, drains, numbers, formats and writes what there is. */
static void rig_end_batch(struct rig *r)
{
    struct batch *b = r->batch;
    atomic_store(&b->state, BATCH_DECODED);
    atomic_store(&r->p->claimed, ++r->number);
    cr_assert(settle_step(&r->p->workers[0]));
    cr_assert(!number_step(&r->p->workers[0])); /* not before all shards have drained it */
    for (unsigned i = 0; i < r->p->params.threads; i++) {
        cr_assert(drain_step(&r->p->workers[i]));
        cr_assert_eq(pipeline_has_failed(r->p), false);
    }
    cr_assert(number_step(&r->p->workers[0]));
    while (format_step(&r->p->workers[0]))
        ;
    /* Whoever read a list last has its memory. */
    for (unsigned i = 0; i < b->lanes_used * FAMILIES * r->p->params.threads; i++)
        cr_assert(!b->list_pool[i].items);
    cr_assert(write_step(&r->p->workers[0]));
    cr_assert_eq(atomic_load(&b->state), BATCH_FREE);
}

static void rig_end(struct rig *r)
{
    if (!r->out.sink.wants[REPORT_CONVERSATIONS])
        return;
    for (bool done = false; !done;)
        conversation_rows_step(&r->p->workers[0], &done);
}

static void expect_text(const struct text *t, const char *expected, const char *report)
{
    cr_expect(t->length == strlen(expected) && memcmp(t->bytes, expected, t->length) == 0, "%s is\n%.*s",
              report, (int)t->length, t->bytes);
}

static const bool all[REPORTS] = {true, true, true};

/* Tuples of three shards and both families, in an order that is not that of the shards. */
Test(order, creations_in_one_frame)
{
    struct rig r;
    rig_open(&r, 3, all);
    rig_begin_batch(&r);
    rig_begin_lane(&r);
    rig_frame(&r);
    rig_segment(&r, 0, 4, TCP_SYN, 1); /* shard 2 */
    rig_segment(&r, 1, 0, TCP_SYN, 1); /* shard 0 */
    rig_segment(&r, 2, 3, TCP_SYN, 1); /* shard 1, IPv6 */
    rig_segment(&r, 3, 0, TCP_SYN, 2); /* a reuse in the frame of its predecessor */
    rig_frame(&r);
    rig_segment(&r, 0, 3, TCP_SYN, 5);
    rig_segment(&r, 1, 5, TCP_ACK, 5);
    rig_segment(&r, 2, 4, TCP_ACK, 5);
    rig_end_batch(&r);
    rig_end(&r);
    expect_text(&r.out.text[REPORT_PACKETS],
                "1.0 0\n"
                "1.1 1\n"
                "1.2 2\n"
                "1.3 3!\n"
                "2.0 4!\n"
                "2.1 5\n"
                "2.2 0\n",
                "packets");
    expect_text(&r.out.text[REPORT_REUSE], "1.3 3<1\n2.0 4<2\n", "reuse");
    expect_text(&r.out.text[REPORT_CONVERSATIONS], "0 1 2\n1 1 1\n2 1 1\n3 1 1\n4 2 2\n5 2 2\n",
                "conversations");
    cr_expect_eq(pipeline_totals(r.p)->conversations, 6);
    rig_close(&r);
}

/* Nothing to report, and nothing at all. */
Test(order, empty_batches)
{
    struct rig r;
    rig_open(&r, 2, all);
    for (int i = 0; i < 30; i++) {
        rig_begin_batch(&r);
        for (int l = 0; l < i % LANES; l++) {
            rig_begin_lane(&r);
            for (int f = 0; f < i % 3; f++)
                rig_frame(&r);
        }
        rig_end_batch(&r);
    }
    rig_end(&r);
    for (int i = 0; i < REPORTS; i++)
        cr_expect_eq(r.out.text[i].length, 0);
    cr_expect_eq(pipeline_totals(r.p)->conversations, 0);
    rig_close(&r);
}

/* What random batches have to give, counted along. */
enum { TUPLES = 40, CONVERSATIONS_MAX = 100000 };

struct model {
    struct text text[REPORTS];
    bool seen[TUPLES];
    uint32_t isn[TUPLES];
    uint64_t stream[TUPLES];
    uint64_t streams, before;
    uint64_t first[CONVERSATIONS_MAX], last[CONVERSATIONS_MAX];
};

static void model_segment(struct model *m, uint64_t frame, unsigned number, unsigned tuple, unsigned flags,
                          uint32_t seq)
{
    uint64_t previous = m->stream[tuple];
    bool reuse = m->seen[tuple] && flags & TCP_SYN && seq != m->isn[tuple];
    if (reuse || !m->seen[tuple]) {
        m->seen[tuple] = true;
        m->isn[tuple] = flags & TCP_SYN ? seq : seq - 1;
        m->stream[tuple] = m->streams++;
        m->first[m->stream[tuple]] = frame;
    }
    m->last[m->stream[tuple]] = frame;
    text_print(&m->text[REPORT_PACKETS], "%" PRIu64 ".%u %" PRIu64 "%s\n", frame, number,
               m->before + m->stream[tuple], reuse ? "!" : "");
    if (reuse)
        text_print(&m->text[REPORT_REUSE], "%" PRIu64 ".%u %" PRIu64 "<%" PRIu64 "\n", frame, number,
                   m->before + m->stream[tuple], m->before + previous);
}

/* before: conversations that there have been already; then conversations.csv is not made here, which has
 * them, too. */
static void random_batches(unsigned shards, const bool wants[REPORTS], uint64_t seed, uint64_t before)
{
    static struct model m;
    memset(&m, 0, sizeof m);
    struct rig r;
    uint64_t random = mix(seed), frame = 0;
    rig_open(&r, shards, wants);
    r.p->totals.conversations = m.before = before;
    for (int batch = 0; batch < 60; batch++) {
        rig_begin_batch(&r);
        for (unsigned lanes = random_below(&random, LANES + 1); lanes; lanes--) {
            rig_begin_lane(&r);
            for (unsigned frames = random_below(&random, 20); frames; frames--) {
                rig_frame(&r);
                frame++;
                unsigned segments =
                    random_below(&random, 4) ? random_below(&random, 3) : random_below(&random, 9);
                for (unsigned i = 0; i < segments; i++) {
                    unsigned tuple = random_below(&random, TUPLES),
                             flags = random_below(&random, 2) ? TCP_SYN : TCP_ACK;
                    uint32_t seq = random_below(&random, 3);
                    rig_segment(&r, i, tuple, flags, seq);
                    model_segment(&m, frame, i, tuple, flags, seq);
                }
            }
        }
        rig_end_batch(&r);
    }
    rig_end(&r);
    for (uint64_t i = 0; i < m.streams; i++)
        text_print(&m.text[REPORT_CONVERSATIONS], "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i, m.first[i],
                   m.last[i]);
    for (int i = 0; i < REPORTS; i++) {
        const struct text *is = &r.out.text[i], *should = &m.text[i];
        if (wants[i])
            cr_expect(is->length == should->length && memcmp(is->bytes, should->bytes, is->length) == 0,
                      "report %d, %u shards, seed %" PRIu64, i, shards, seed);
        else
            cr_expect_eq(is->length, 0);
        free(m.text[i].bytes);
    }
    cr_expect_eq(pipeline_totals(r.p)->conversations, before + m.streams);
    cr_expect_eq(pipeline_totals(r.p)->frames, frame);
    rig_close(&r);
}

Test(order, random_batches)
{
    for (unsigned shards = 1; shards <= 8; shards++)
        for (uint64_t seed = 0; seed < 10; seed++)
            random_batches(shards, all, seed, 0);
}

/* Without a report that needs finished conversations, a reuse takes its predecessor's record. */
Test(order, random_batches_without_finished_records)
{
    static const bool only_reuse[REPORTS] = {[REPORT_REUSE] = true};
    for (unsigned shards = 1; shards <= 8; shards++)
        for (uint64_t seed = 0; seed < 10; seed++)
            random_batches(shards, only_reuse, seed, 0);
}

/* More rows than a piece of conversations.csv has. */
Test(order, many_conversations)
{
    static const bool only_conversations[REPORTS] = {[REPORT_CONVERSATIONS] = true};
    enum { COUNT = 20000 };
    struct rig r;
    rig_open(&r, 3, only_conversations);
    for (uint32_t i = 0; i < COUNT;) {
        rig_begin_batch(&r);
        rig_begin_lane(&r);
        for (int k = 0; k < 1000; k++, i++) {
            rig_frame(&r);
            rig_segment(&r, 0, i, TCP_SYN, 1);
        }
        rig_end_batch(&r);
    }
    rig_end(&r);
    struct text expected = {0};
    for (uint32_t i = 0; i < COUNT; i++)
        text_print(&expected, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", i, i + 1, i + 1);
    const struct text *is = &r.out.text[REPORT_CONVERSATIONS];
    cr_expect(is->length == expected.length && memcmp(is->bytes, expected.bytes, is->length) == 0);
    free(expected.bytes);
    rig_close(&r);
}

/* A lane that does not begin where the one before it ended is walked again from there; one in which nothing
 * begins, and all that follows a break of the chain, counts for nothing. */
static unsigned walked;
static uint64_t walked_from;
static struct lane faulty;

static void walk_nothing(struct source *source, struct batch *b, struct walk *walk)
{
    (void)source;
    memset(walk->count, 0, sizeof walk->count);
    for (unsigned i = 0; i < b->lanes_used; i++)
        if (b->lane[i].reader.state == LANE_OPEN) {
            walked++;
            walked_from = b->lane[i].reader.position;
            b->lane[i].reader.position = b->lane[i].reader.limit;
            b->lane[i].reader.state = LANE_DONE;
        }
}

static void keep_fault(struct source *source, const struct batch *b, const struct lane *lane)
{
    (void)source;
    (void)b;
    faulty = *lane;
}

static struct lane *settling_lane(struct rig *r, uint64_t begin, uint64_t start, uint64_t position,
                                  uint64_t limit)
{
    rig_begin_lane(r);
    struct lane *lane = &r->batch->lane[r->lane];
    lane->begin = begin;
    lane->start = start;
    lane->reader.position = position;
    lane->reader.limit = limit;
    lane->exact = r->number == 0 && r->lane == 0;
    for (int i = 0; i < 10; i++)
        rig_frame(r);
    return lane;
}

Test(order, settling_proves_guesses)
{
    struct rig r;
    rig_open(&r, 2, all);
    r.source_ops.walk = walk_nothing;
    r.source_ops.fault = keep_fault;
    rig_begin_batch(&r);
    settling_lane(&r, 0, 0, 105, 100);     /* right */
    settling_lane(&r, 100, 105, 203, 200); /* right */
    settling_lane(&r, 200, 210, 350, 300); /* wrong: from 203 on, and then up to its limit */
    settling_lane(&r, 300, UINT64_MAX, 0, 400)->reader.state = LANE_LOST; /* from 300 on */
    settling_lane(&r, 400, 400, 640, 500); /* right, with a record beyond the next lane */
    settling_lane(&r, 500, 520, 600, 600); /* nothing begins in it */
    rig_end_batch(&r);
    cr_expect_eq(walked, 2);
    cr_expect_eq(walked_from, 300);
    cr_expect_eq(pipeline_totals(r.p)->frames, 30);
    cr_expect_eq(r.p->batches[0].lane[4].first_frame, 21);
    cr_expect_eq(pipeline_totals(r.p)->lanes_redone, 2);

    rig_begin_batch(&r);
    r.batch->first = false;
    struct lane *lane = settling_lane(&r, 600, 640, 650, 700);
    lane->reader.state = LANE_FAULT;
    lane->reader.fault = 77;
    settling_lane(&r, 700, 650, 700, 800);
    rig_end_batch(&r);
    cr_expect_eq(faulty.reader.fault, 77);
    cr_expect_eq(pipeline_totals(r.p)->frames, 40);
    cr_expect_eq(walked, 2);

    rig_begin_batch(&r); /* the same input goes on */
    settling_lane(&r, 800, 800, 900, 900);
    rig_end_batch(&r);
    cr_expect_eq(pipeline_totals(r.p)->frames, 40);

    rig_begin_batch(&r); /* another input */
    r.batch->first = true;
    settling_lane(&r, 0, 0, 50, 50)->exact = true;
    rig_end_batch(&r);
    cr_expect_eq(pipeline_totals(r.p)->frames, 50);
    rig_close(&r);
}

/* Records of one place are others under the context of a later section: a lane that was read in the wrong one
 * is read again, even where it begins in the right place. */
Test(order, settling_compares_contexts)
{
    static const int earlier, later;
    struct rig r;
    rig_open(&r, 2, all);
    r.source_ops.walk = walk_nothing;
    walked = 0;
    rig_begin_batch(&r);
    settling_lane(&r, 0, 0, 100, 100)->reader.context = &later;
    settling_lane(&r, 100, 100, 200, 200)->reader.context = &later;
    settling_lane(&r, 200, 200, 300, 300)->reader.context = &earlier; /* read again */
    settling_lane(&r, 300, 300, 400, 400)->reader.context = &later;
    rig_end_batch(&r);
    cr_expect_eq(walked, 1);
    cr_expect_eq(walked_from, 200);
    cr_expect_eq(r.p->batches[0].lane[2].reader.context, &later);
    cr_expect_eq(pipeline_totals(r.p)->lanes_redone, 1);
    cr_expect_eq(pipeline_totals(r.p)->frames, 30);
    rig_close(&r);
}

/* Batches are settled one after the other, each once it has been decoded. */
Test(order, settling_waits_for_decoding)
{
    enum { BATCHES = 3 };
    struct batch *batch[BATCHES];
    struct rig r;
    rig_open(&r, 2, all);
    struct pipeline *const p = r.p;
    struct worker *const w = &p->workers[0];
    for (unsigned i = 0; i < BATCHES; i++) {
        rig_begin_batch(&r);
        for (unsigned lanes = 0; lanes <= i; lanes++) {
            rig_begin_lane(&r);
            rig_frame(&r);
        }
        batch[i] = r.batch;
        atomic_store(&batch[i]->state, BATCH_CLAIMED);
        atomic_store(&p->claimed, ++r.number);
    }
    atomic_store(&batch[1]->state, BATCH_DECODED);
    cr_expect_not(settle_step(w));
    cr_expect_eq(atomic_load(&p->settled), 0);
    atomic_store(&batch[0]->state, BATCH_DECODED);
    cr_expect(settle_step(w));
    cr_expect_eq(atomic_load(&p->settled), 2);
    cr_expect_eq(atomic_load(&batch[1]->state), BATCH_SETTLED);
    cr_expect_eq(atomic_load(&batch[2]->state), BATCH_CLAIMED);
    cr_expect_not(settle_step(w));
    atomic_store(&batch[2]->state, BATCH_DECODED);
    cr_expect(settle_step(w));
    cr_expect_eq(atomic_load(&p->settled), 3);
    cr_expect_eq(pipeline_totals(p)->batches, 3);
    cr_expect_eq(pipeline_totals(p)->lanes, 1 + 2 + 3);
    cr_expect_eq(pipeline_totals(p)->frames, 1 + 2 + 3);
    cr_expect_eq(atomic_load(&p->shown_frames), 1 + 2 + 3);
    rig_close(&r);
}

/* Conversations that are forgotten at the end of the same batch are listed by stream, whatever the order of
 * their shards and families is. */
Test(order, forgotten_together)
{
    enum { SHARDS = 3, COUNT = 2 * SHARDS, EXPIRE = 1000 };
    struct rig r;
    rig_open_expiring(&r, SHARDS, all, EXPIRE);
    rig_begin_batch(&r);
    rig_begin_lane(&r);
    for (unsigned i = 0; i < COUNT; i++) {
        rig_frame(&r);
        rig_segment(&r, 0, COUNT - 1 - i, TCP_SYN, 1);
    }
    rig_frame(&r);
    rig_segment(&r, 0, COUNT, TCP_SYN, 1)->time = 2 * EXPIRE;
    rig_end_batch(&r);
    expect_text(&r.out.text[REPORT_CONVERSATIONS], "0 1 1\n1 2 2\n2 3 3\n3 4 4\n4 5 5\n5 6 6\n",
                "conversations");
    rig_end(&r);
    cr_expect_eq(pipeline_totals(r.p)->conversations, COUNT + 1);
    rig_close(&r);
}

/* Stream numbers that become longer than 32 bits meanwhile. */
Test(order, random_batches_after_many_conversations)
{
    static const bool kept[REPORTS] = {[REPORT_REUSE] = true, [REPORT_PACKETS] = true};
    static const bool only_reuse[REPORTS] = {[REPORT_REUSE] = true};
    for (unsigned shards = 1; shards <= 8; shards++)
        for (uint64_t before = 0; before < 600; before += 200) {
            random_batches(shards, kept, before, (UINT64_C(1) << 32) - before);
            random_batches(shards, only_reuse, before, (UINT64_C(1) << 32) - before);
        }
}
