/* Parts: where they begin, what they come to, and what their rest adds to a conversation. */
#include "engine/conversations/part.h"

#include <stdlib.h>

struct part_first *part_table_add(struct part_table *t, uint32_t record)
{
    enum { PARTS_FIRST = 1024 };
    if (record >= t->capacity) {
        uint32_t capacity = MAX(t->capacity, (uint32_t)PARTS_FIRST);
        while (capacity <= record)
            capacity = capacity > UINT32_MAX / 2 ? UINT32_MAX : capacity * 2;
        struct part_first *items = realloc(t->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        t->items = items;
        t->capacity = capacity;
    }
    return &t->items[record];
}

void part_table_free(struct part_table *t)
{
    free(t->items);
    *t = (struct part_table){0};
}

/* What the rules learn from the segment alone. */
static struct rules_state state_after(enum rules rules, const struct segment *s)
{
    struct rules_state state = {0};
    rules_learn_isns(rules, &state, s);
    return state;
}

/* A SYN from which the rules learn leaves its number as its sender's: it was that before, or unknown, or the
 * segment is a reuse. A plain one leaves a conversation that is open, too: that it was closed makes it a reuse,
 * or, where its sender's number was not known, it starts over. */
void part_begin(enum rules rules, struct part_first *first, const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    const struct rules_state state = state_after(rules, s);
    *first = (struct part_first){.seq = s->seq,
                                 .ack = s->ack,
                                 .payload = s->payload,
                                 .wire = s->wire,
                                 .flags = s->flags,
                                 .bits = s->bits,
                                 .ordinal = (uint8_t)s->position};
    if (!(s->flags & TCP_SYN) || !rules_knows_isn(&state, flow))
        return;
    first->bits |= PART_KNOWS_ISN;
    if (rules_is_syn(s->flags) && !(s->flags & TCP_RST) && !(s->bits & SEGMENT_SHORT_OFFSET))
        first->bits |= PART_IS_OPEN;
}

bool part_takes(enum rules rules, const struct part_first *first, const struct conversation *c,
                const struct segment *s)
{
    const unsigned flow = s->bits & SEGMENT_FLOW;
    if (!(s->flags & TCP_SYN))
        return true;
    if (!(first->bits & PART_KNOWS_ISN) || (first->bits & SEGMENT_FLOW) != flow)
        return false;
    struct rules_state state = {.isn = {c->isn[0], c->isn[1]},
                                .known = (uint8_t)(1u << flow),
                                .completeness = (uint8_t)conversation_completeness(c)};
    if (!(first->bits & PART_IS_OPEN))
        state.completeness |= HAS_FIN | HAS_RST;
    return rules_reuse(rules, &state, flow, s->flags, s->seq) == TRIGGER_NONE;
}

static void read_addresses(struct whole_part *part, const struct conversation *c, enum family family)
{
    if (family == FAMILY_IPV4)
        memcpy(part->first.v4.address, ((const struct conversation4 *)c)->address,
               sizeof part->first.v4.address);
    else
        memcpy(part->first.v6.address, ((const struct conversation6 *)c)->address,
               sizeof part->first.v6.address);
}

void part_read(enum rules rules, const struct part_first *first, const struct conversation *c,
               enum family family, struct whole_part *part)
{
    memset(part, 0, sizeof *part);
    part->frame = conversation_first_frame(c);
    part->first.s = (struct segment){.position = first->ordinal,
                                     .time = c->first_time,
                                     .seq = first->seq,
                                     .ack = first->ack,
                                     .payload = first->payload,
                                     .wire = first->wire,
                                     .port = {c->port[0], c->port[1]},
                                     .flags = first->flags,
                                     .bits = (uint8_t)(first->bits & ~(PART_KNOWS_ISN | PART_IS_OPEN))};
    read_addresses(part, c, family);
    struct part_rest *const rest = &part->rest;
    if (conversation_frames(c) == 1)
        return;
    const struct rules_state state = state_after(rules, &part->first.s);
    *rest = (struct part_rest){.last_time = c->last_time,
                               .frames = conversation_frames(c) - 1,
                               .bytes = conversation_bytes(c) - first->wire,
                               .last_frame = conversation_last_frame(c) - part->frame,
                               .known = (uint8_t)(conversation_known(c) & ~(unsigned)state.known),
                               .completeness = (uint8_t)conversation_completeness(c),
                               .decimals = (uint8_t)conversation_decimals(c)};
    for (unsigned i = 0; i < 2; i++)
        if (rest->known >> i & 1)
            rest->isn[i] = c->isn[i];
}

void part_add_rest(struct conversation *c, uint64_t frame, const struct part_rest *rest)
{
    for (unsigned i = 0; i < 2; i++)
        if (rest->known >> i & 1 && !(conversation_known(c) >> i & 1)) {
            c->isn[i] = rest->isn[i];
            c->bits &= (uint8_t) ~(1 << CONVERSATION_UNKNOWN_SHIFT << i);
        }
    const unsigned decimals = (unsigned)rest->decimals << STATE_DECIMALS_SHIFT;
    c->state = (uint16_t)((c->state & (unsigned)~STATE_DECIMALS) | MAX(c->state & STATE_DECIMALS, decimals) |
                          (unsigned)rest->completeness << STATE_COMPLETENESS_SHIFT);
    c->last_time = rest->last_time;
    c->f16_frames += rest->frames;
    c->f8_bytes += rest->bytes;
    const uint64_t last = frame + rest->last_frame;
    c->last_frame_low = (uint32_t)last;
    c->last_frame_high = (uint16_t)(last >> 32);
}
