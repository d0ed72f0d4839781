/* The rules once more, in the plainest way: see reference.h.
 *
 * Length of take_segment: one segment through all of docs/rules.md, in the order of that page. */
#include "tests/stress/reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct flow {
    bool known;
    uint32_t isn;
};

struct conversation_model {
    uint32_t tuple;
    struct flow flow[2]; /* of direction 0 and 1 */
    bool syn, synack, ack, data, fin, rst;
    unsigned client;
    bool client_known;
    uint64_t first_frame, last_frame, frames, bytes;
    int64_t first_time, last_time;
};

struct model {
    struct reference *out;
    const struct traffic *traffic;
    enum rules rules;
    struct conversation_model *conversations; /* by stream number */
    int64_t *newest;                          /* of each tuple, -1: none */
};

static unsigned completeness_of(const struct conversation_model *c)
{
    return (c->syn ? 1 : 0) + (c->synack ? 2 : 0) + (c->ack ? 4 : 0) + (c->data ? 8 : 0) + (c->fin ? 16 : 0) +
           (c->rst ? 32 : 0);
}

static const char *endpoint(const struct model *m, uint32_t tuple, unsigned side)
{
    const struct traffic_endpoint *e = &m->traffic->tuples[tuple][side];
    return endpoint_text(e->family, e->address, e->port);
}

/* Why this SYN, or SYN/ACK, cannot belong to the conversation. */
static enum trigger reason(enum rules rules, const struct conversation_model *c,
                           const struct traffic_segment *s, bool synack)
{
    const struct flow *sender = &c->flow[s->direction];
    if (!sender->known)
        return TRIGGER_NONE;
    if (sender->isn != s->seq)
        return synack ? TRIGGER_SYNACK_ISN : TRIGGER_SYN_ISN;
    bool looks_at_the_end = synack ? rules == RULES_4_4 : rules != RULES_4_0;
    if (looks_at_the_end && c->rst)
        return synack ? TRIGGER_SYNACK_AFTER_RST : TRIGGER_SYN_AFTER_RST;
    if (looks_at_the_end && c->fin)
        return synack ? TRIGGER_SYNACK_AFTER_FIN : TRIGGER_SYN_AFTER_FIN;
    return TRIGGER_NONE;
}

static uint64_t create(struct model *m, const struct traffic_segment *s, uint64_t number,
                       const struct frame *f)
{
    uint64_t stream = m->out->conversations++;
    m->conversations[stream] = (struct conversation_model){
        .tuple = s->tuple, .client = s->direction, .first_frame = number, .first_time = f->time};
    m->out->tuples += m->newest[s->tuple] < 0;
    m->newest[s->tuple] = (int64_t)stream;
    return stream;
}

static int print_reuse(struct model *m, enum trigger trigger, uint64_t stream, uint64_t previous,
                       const struct conversation_model *c, const struct traffic_segment *s, uint64_t number,
                       const struct frame *f)
{
    const struct flow *sender = &c->flow[s->direction], *receiver = &c->flow[!s->direction];
    unsigned known = (sender->known ? 1u : 0) + (receiver->known ? 2u : 0);
    m->out->reuses[trigger]++;
    return text_print(&m->out->text[REPORT_REUSE],
                      "%" PRIu64 " %" PRId64 ".%u %" PRIu64 " %" PRIu64 " %d %d %03x %" PRIu32 " %" PRIu32
                      " %s %s %u %u %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64
                      "\n",
                      number, f->time, f->decimals, stream, previous, (int)trigger, stream != previous,
                      s->flags, s->seq, sender->isn, endpoint(m, s->tuple, s->direction),
                      endpoint(m, s->tuple, !s->direction), completeness_of(c), known, c->first_frame,
                      c->last_frame, c->first_time, c->last_time, c->frames, c->bytes);
}

static void add_completeness(struct conversation_model *c, const struct traffic_segment *s, bool is_new,
                             bool old)
{
    bool is_syn = s->flags & TCP_SYN, is_ack = s->flags & TCP_ACK;
    bool carries_data = s->length_known && s->payload;
    if (is_new)
        c->syn = c->synack = c->ack = c->data = c->fin = c->rst = false;
    if (is_syn && !is_ack && is_new) {
        c->syn = true;
        c->data = c->data || carries_data;
    }
    if (is_syn && is_ack)
        c->synack = true;
    if (is_ack && !is_syn && carries_data)
        c->data = true;
    if (is_ack && !is_syn && !carries_data)
        c->ack = true;
    if (s->flags & TCP_FIN && is_ack)
        c->fin = true;
    if (s->flags & TCP_RST && !(old && is_new))
        c->rst = true;
}

static int take_segment(struct model *m, const struct traffic_segment *s, uint64_t number,
                        const struct frame *f)
{
    bool old = m->rules == RULES_4_0;
    bool is_syn = s->flags & TCP_SYN, is_ack = s->flags & TCP_ACK;
    bool is_new = false, created = false;
    int result = 0;

    /* 2. Look up */
    int64_t found = m->newest[s->tuple];
    uint64_t stream = found < 0 ? create(m, s, number, f) : (uint64_t)found;
    created = is_new = found < 0;
    struct conversation_model *c = &m->conversations[stream];

    /* 3. and 4. */
    enum trigger trigger = is_syn && !created ? reason(m->rules, c, s, is_ack) : TRIGGER_NONE;
    if (is_syn && !is_ack && !c->flow[s->direction].known && !old)
        is_new = true;
    if (trigger != TRIGGER_NONE) {
        const struct conversation_model before = *c;
        uint64_t previous = stream;
        if (is_ack && m->rules != RULES_4_4) {
            c->flow[s->direction].isn = s->seq;
        } else {
            stream = create(m, s, number, f);
            c = &m->conversations[stream];
            created = true;
            is_new = !old;
            c->syn = old;
        }
        result |= print_reuse(m, trigger, stream, previous, &before, s, number, f);
    }
    unsigned shown = completeness_of(c);

    /* 5. Base sequences */
    if (s->length_known || !old) {
        struct flow *sender = &c->flow[s->direction], *receiver = &c->flow[!s->direction];
        if (!sender->known)
            *sender = (struct flow){true, is_syn ? s->seq : s->seq - 1};
        if (!receiver->known && is_ack)
            *receiver = (struct flow){true, s->ack - 1};
    }

    /* 6. Completeness */
    if (s->words >= 5 && !(old && created && !(is_syn && !is_ack)))
        add_completeness(c, s, is_new, old);

    /* What the reports say besides. */
    if (is_syn && !c->client_known) {
        c->client = is_ack ? !s->direction : s->direction;
        c->client_known = true;
    }
    c->last_frame = number;
    c->last_time = f->time;
    c->frames++;
    c->bytes += f->length;
    m->out->segments++;
    char length[16] = "-";
    if (s->length_known)
        sprintf(length, "%" PRIu32, s->payload);
    result |= text_print(
        &m->out->text[REPORT_PACKETS],
        "%" PRIu64 " %" PRId64 ".%u %" PRIu64 " %u %d %s %s %03x %" PRIu32 " %" PRIu32 " %s\n", number,
        f->time, f->decimals, stream, shown, trigger != TRIGGER_NONE, endpoint(m, s->tuple, s->direction),
        endpoint(m, s->tuple, !s->direction), s->flags, s->seq, s->ack, length);
    return result;
}

static int print_conversation(struct model *m, uint64_t stream)
{
    const struct conversation_model *c = &m->conversations[stream];
    char isn[2][16];
    for (unsigned i = 0; i < 2; i++) {
        const struct flow *flow = &c->flow[i ? !c->client : c->client];
        strcpy(isn[i], "-");
        if (flow->known)
            sprintf(isn[i], "%" PRIu32, flow->isn);
    }
    return text_print(&m->out->text[REPORT_CONVERSATIONS],
                      "%" PRIu64 " %s %s %u %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64
                      " %" PRIu64 " %s %s\n",
                      stream, endpoint(m, c->tuple, c->client), endpoint(m, c->tuple, !c->client),
                      completeness_of(c), c->first_frame, c->last_frame, c->first_time, c->last_time,
                      c->frames, c->bytes, isn[0], isn[1]);
}

static bool is_ignored(const struct frame_range *ignore, size_t count, uint64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (number >= ignore[i].first && number <= ignore[i].last)
            return true;
    return false;
}

int reference_make(struct reference *r, const struct traffic *t, const struct memory_input *inputs,
                   uint32_t input_count, enum rules rules, const struct frame_range *ignore,
                   size_t ignore_count)
{
    *r = (struct reference){0};
    int result = 0;
    struct model m = {.out = r, .traffic = t, .rules = rules};
    m.conversations = calloc(t->count, sizeof *m.conversations);
    m.newest = malloc(t->tuple_count * sizeof *m.newest);
    if (!m.conversations || !m.newest) {
        result = -1;
        goto end;
    }
    for (uint32_t i = 0; i < t->tuple_count; i++)
        m.newest[i] = -1;
    for (uint32_t i = 0; i < input_count; i++) {
        for (uint32_t k = 0; k < inputs[i].count; k++) {
            if (k == inputs[i].fault_at) {
                r->faults++;
                break;
            }
            const struct frame *f = &inputs[i].frames[k];
            const struct traffic_segment *s = &t->segments[f - t->frames];
            uint64_t number = ++r->frames;
            if (is_ignored(ignore, ignore_count, number) || !s->header)
                continue;
            if (s->header < (rules == RULES_4_4 ? 14 : 16))
                r->segments_truncated++;
            else
                result |= take_segment(&m, s, number, f);
        }
    }
    for (uint64_t i = 0; i < r->conversations; i++)
        result |= print_conversation(&m, i);
end:
    free(m.conversations);
    free(m.newest);
    return result;
}

void reference_free(struct reference *r)
{
    for (int i = 0; i < REPORTS; i++)
        free(r->text[i].bytes);
    *r = (struct reference){0};
}
