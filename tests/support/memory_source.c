/* The source that makes life hard for the pipeline: see memory_source.h. Frames are laid out in an address space
 * of units, in which contexts change at marks. */
#include "tests/support/memory_source.h"
#include "tests/support/random.h"

#include <sched.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

enum { RECORD_UNITS = 11, LONG_RECORD = 90, FAULT_REAL = 1, FAULT_IMAGINED = 2 };
#define NO_RECORD UINT32_MAX
#define MARK      (1u << 31)

/* How records are read, from a mark to the next one: in the wrong context, other frames are found. */
struct context {
    uint64_t records_at; /* behind the mark */
};

struct input {
    const struct memory_input *in;
    uint64_t end;
    uint64_t *behind;     /* each record: the position behind it */
    uint32_t *context_of; /* each record: the number of its context */
    uint32_t *records;    /* at each position: the record that begins there, MARK | the context that does, or
                             NO_RECORD */
    struct context *contexts;
    uint32_t context_count;
    struct context *_Atomic current; /* set by settling (release), read by claiming (acquire) */
};

/* Everything that is not written once at creation is written without atomics: the pipeline promises one
 * thread at a time, and ThreadSanitizer watches. */
struct memory_source {
    struct source source;
    struct memory_source_params params;
    struct input *inputs;

    /* of claiming */
    uint64_t random;
    uint32_t next;
    uint64_t offset;
    uint64_t claimed;
    uint64_t call_at;
    void (*call)(void *);
    void *call_argument;

    /* of settling */
    uint32_t faults;
    bool wrong_fault, wrong_change;
    uint32_t fault_from; /* inputs before this one have had their turn */

    /* of writing */
    uint64_t released;
    bool wrong_release;
};

static _Thread_local sigjmp_buf *vanished;
static _Thread_local uint64_t whim; /* whims are no part of the result, so every thread may have its own */

static struct memory_source *of(struct source *source)
{
    return (struct memory_source *)source;
}

static void dawdle(const struct memory_source *s)
{
    if (!s->params.dawdling)
        return;
    if (!whim)
        whim = mix((uintptr_t)__builtin_frame_address(0)) | 1; /* gcc 12 -O1 cannot link sums with &whim */
    uint64_t r = random_next(&whim);
    if (r % 16 == 0)
        sched_yield();
    if (r % 1024 == 1)
        usleep((useconds_t)(r >> 32) % 200);
}

/* Of a record or a mark. */
static const struct context *right_context(const struct input *in, uint64_t position)
{
    uint32_t record = in->records[position];
    return &in->contexts[record & MARK ? (record & ~MARK) - 1 : in->context_of[record]];
}

static enum claim claim(struct source *source, struct batch *b)
{
    struct memory_source *s = of(source);
    dawdle(s);
    if (random_below(&s->random, 8) == 0)
        return CLAIM_NOTHING;
    if (s->call && s->claimed == s->call_at)
        s->call(s->call_argument);
    while (s->next < s->params.input_count && s->inputs[s->next].end == s->offset) {
        s->next++;
        s->offset = 0;
    }
    if (s->next == s->params.input_count)
        return CLAIM_END;
    struct input *in = &s->inputs[s->next];
    b->input = in;
    b->first = s->offset == 0;
    unsigned lanes = 1 + random_below(&s->random, LANES);
    b->lanes_used = 0;
    while (b->lanes_used < lanes && s->offset < in->end) {
        uint64_t rest = in->end - s->offset;
        uint32_t units = 1 + random_below(&s->random, s->params.lane_units);
        struct lane *lane = &b->lane[b->lanes_used];
        lane->begin = s->offset;
        lane->reader.limit = s->offset += MIN(units, rest);
        /* Streams know where their records begin. */
        lane->exact = (b->first && b->lanes_used == 0) ||
                      (in->records[lane->begin] != NO_RECORD && random_below(&s->random, 4) == 0);
        lane->reader.context = lane->exact ? right_context(in, lane->begin)
                                           : atomic_load_explicit(&in->current, memory_order_acquire);
        b->lanes_used++;
    }
    s->claimed++;
    return CLAIM_BATCH;
}

static void guess(struct source *source, const struct batch *b, struct lane *lane)
{
    const struct memory_source *s = of(source);
    const struct input *in = b->input;
    uint64_t at = lane->begin;
    while (at < lane->reader.limit && in->records[at] == NO_RECORD)
        at++;
    lane->start = at < lane->reader.limit ? at : UINT64_MAX;
    if (!s->params.wrong_guesses)
        return;
    uint64_t r = mix(lane->begin ^ s->params.seed);
    switch (r & 15) {
    case 0:
        lane->start = UINT64_MAX;
        break;
    case 1:
    case 2:
        lane->start = lane->begin + (r >> 8) % (lane->reader.limit - lane->begin);
        break;
    case 3:
        lane->start = lane->reader.limit + (r >> 8) % 5;
        break;
    }
}

/* A record where none begins: any frame, any length, or a fault. */
static bool imagine(const struct memory_source *s, const struct input *in, struct lane *lane, struct frame *f)
{
    uint64_t r = mix(lane->reader.position + s->params.seed);
    if (r % 32 == 0) {
        lane->reader.state = LANE_FAULT;
        lane->reader.fault = FAULT_IMAGINED;
        return false;
    }
    *f = in->in->frames[(r >> 16) % in->in->count];
    lane->reader.position += 1 + (r >> 8) % RECORD_UNITS;
    return true;
}

static bool walk_one(const struct memory_source *s, const struct input *in, struct lane *lane,
                     struct frame *f)
{
    if (lane->reader.position >= lane->reader.limit || lane->reader.position >= in->end) {
        lane->reader.state = LANE_DONE;
        return false;
    }
    uint32_t record = in->records[lane->reader.position];
    if (record != NO_RECORD && record & MARK) {
        lane->reader.state = LANE_CHANGE;
        return false;
    }
    if (record == NO_RECORD || lane->reader.context != &in->contexts[in->context_of[record]])
        return imagine(s, in, lane, f);
    if (record == in->in->fault_at) {
        lane->reader.state = LANE_FAULT;
        lane->reader.fault = FAULT_REAL;
        lane->reader.fault_value = record;
        return false;
    }
    *f = in->in->frames[record];
    lane->reader.position = in->behind[record];
    return true;
}

static void walk(struct source *source, struct batch *b, struct walk *walk)
{
    const struct memory_source *s = of(source);
    const struct input *in = b->input;
    dawdle(s);
    for (unsigned i = walk->first; i < walk->end; i++) {
        struct lane *lane = &b->lane[i];
        walk->count[i] = 0;
        while (walk->count[i] < WALK_FRAMES && lane->reader.state == LANE_OPEN &&
               walk_one(s, in, lane, &walk->frame[i][walk->count[i]]))
            walk->count[i]++;
    }
    if (vanished && random_next(&whim) % 64 == 0)
        siglongjmp(*vanished, 1);
}

static bool guard(struct source *source, struct batch *b, void (*work)(void *), void *argument)
{
    (void)b;
    if (!of(source)->params.vanishing) {
        work(argument);
        return true;
    }
    sigjmp_buf here;
    if (sigsetjmp(here, 0)) {
        vanished = NULL;
        return false;
    }
    vanished = &here;
    work(argument);
    vanished = NULL;
    return random_next(&whim) % 32 != 0; /* once more, although all was done */
}

static void change(struct source *source, struct batch *b, struct lane *lane)
{
    struct input *in = b->input;
    uint32_t mark = in->records[lane->reader.position];
    of(source)->wrong_change |= mark == NO_RECORD || !(mark & MARK) ||
                                lane->reader.context != right_context(in, lane->reader.position);
    struct context *context = &in->contexts[mark & ~MARK];
    lane->reader.context = context;
    lane->reader.position = context->records_at;
    atomic_store_explicit(&in->current, context, memory_order_release);
}

static void fault(struct source *source, const struct batch *b, const struct lane *lane)
{
    struct memory_source *s = of(source);
    const struct input *in = b->input;
    uint32_t number = (uint32_t)(in - s->inputs);
    s->faults++;
    s->wrong_fault |= lane->reader.fault != FAULT_REAL || lane->reader.fault_value != in->in->fault_at ||
                      number < s->fault_from;
    s->fault_from = number + 1;
}

static void release(struct source *source, struct batch *b)
{
    struct memory_source *s = of(source);
    dawdle(s);
    s->wrong_release |= b->number != s->released;
    s->released++;
}

static const struct source_ops ops = {
    .claim = claim,
    .guess = guess,
    .walk = walk,
    .guard = guard,
    .change = change,
    .fault = fault,
    .release = release,
};

static void lay_mark(struct input *in, uint64_t *at, uint64_t *random)
{
    uint32_t number = in->context_count++;
    in->records[*at] = MARK | number;
    *at += 1 + random_below(random, 3);
    in->contexts[number].records_at = *at;
}

static int lay_out(struct input *in, uint64_t *random, bool changing)
{
    uint32_t count = in->in->count;
    size_t most = (size_t)count * (LONG_RECORD + 3) + 1;
    in->behind = calloc(count + 1, sizeof *in->behind);
    in->context_of = calloc(count + 1, sizeof *in->context_of);
    in->contexts = calloc(count + 1, sizeof *in->contexts);
    in->records = malloc(most * sizeof *in->records);
    if (!in->behind || !in->context_of || !in->contexts || !in->records)
        return -1;
    memset(in->records, 0xff, most * sizeof *in->records);
    in->context_count = 1;
    in->current = &in->contexts[0];
    uint64_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (changing && random_below(random, 50) == 0)
            lay_mark(in, &at, random);
        in->records[at] = i;
        in->context_of[i] = in->context_count - 1;
        at += 1 + random_below(random, random_below(random, 64) ? RECORD_UNITS : LONG_RECORD);
        in->behind[i] = at;
    }
    in->end = at;
    return 0;
}

struct memory_source *memory_source_create(const struct memory_source_params *params)
{
    struct memory_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct memory_source){.source = {&ops}, .params = *params, .random = params->seed};
    s->inputs = calloc(params->input_count, sizeof *s->inputs);
    for (uint32_t i = 0; s->inputs && i < params->input_count; i++) {
        s->inputs[i].in = &params->inputs[i];
        if (lay_out(&s->inputs[i], &s->random, params->changing)) {
            memory_source_destroy(s);
            return NULL;
        }
    }
    if (!s->inputs) {
        free(s);
        return NULL;
    }
    return s;
}

struct source *memory_source_source(struct memory_source *s)
{
    return &s->source;
}

void memory_source_at_batch(struct memory_source *s, uint64_t n, void (*f)(void *), void *argument)
{
    s->call_at = n;
    s->call = f;
    s->call_argument = argument;
}

uint32_t memory_source_faults(const struct memory_source *s, bool *right)
{
    *right = !s->wrong_fault && !s->wrong_change;
    return s->faults;
}

uint64_t memory_source_claimed(const struct memory_source *s)
{
    return s->claimed;
}

uint64_t memory_source_released(const struct memory_source *s)
{
    return s->wrong_release ? UINT64_MAX : s->released;
}

void memory_source_destroy(struct memory_source *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; s->inputs && i < s->params.input_count; i++) {
        free(s->inputs[i].behind);
        free(s->inputs[i].context_of);
        free(s->inputs[i].contexts);
        free(s->inputs[i].records);
    }
    free(s->inputs);
    free(s);
}
