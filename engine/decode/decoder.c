/* One frame from its link layer on, and how it ended. */
#include "engine/decode/protocols.h"

void decoder_stop(struct decoder *d, enum outcome outcome, enum subject subject, uint32_t value)
{
    if (d->outcome != OUTCOME_WITHOUT_TCP)
        return;
    d->outcome = outcome;
    d->subject = subject;
    d->value = value;
}

/* The frame's fragments learn how it ended. */
static void close_fragments(struct decoder *d, bool counted)
{
    if (d->fragments_frame != d->frame)
        return;
    for (size_t at = d->fragments_first; at < d->fragments->used;) {
        struct fragment *f = (struct fragment *)(void *)(d->fragments->bytes + at);
        f->position = d->position;
        f->counted = counted;
        counted = false; /* a frame counts once */
        at += fragment_size(f);
    }
    d->fragments_frame = NULL;
}

void decoder_free(struct decoder *d)
{
    ipcomp_memory_free(d->ipcomp);
    d->ipcomp = NULL;
}

void decode_frame(struct decoder *d, const struct frame *frame, uint32_t index)
{
    d->frame = frame;
    d->position = index << 8;
    d->depth = 0;
    d->bits = 0;
    d->unfinished = false;
    d->vlan = 0;
    d->network = 0;
    d->outcome = OUTCOME_WITHOUT_TCP;

    /* Some writers put less on the wire than they captured; the captured bytes are there all the same. */
    uint32_t length = MAX(frame->length, frame->captured);
    struct layer l = {.at = frame->data, .captured = frame->captured, .length = length};
    if (unlikely(frame->fcs)) {
        l.length -= MIN(l.length, frame->fcs);
        l.captured = MIN(l.captured, l.length);
    }
    decode_link(d, frame->link_type, l);

    struct decode_counts *c = d->counts;
    uint32_t segments = d->position & 0xff;
    enum outcome outcome = segments ? OUTCOME_WITH_TCP : d->outcome;
    c->frames[outcome]++;
    c->segments += segments;
    c->wire_bytes += frame->length;
    c->captured_bytes += frame->captured;
    if (unlikely(d->outcome != OUTCOME_WITHOUT_TCP)) {
        close_fragments(d, outcome == OUTCOME_UNSUPPORTED && d->subject == SUBJECT_FRAGMENT);
        if (outcome >= OUTCOME_TRUNCATED && notes_add(&c->notes, outcome, d->subject, d->value, 1))
            d->failed = true;
    }
}

enum outcome decode_datagram(struct decoder *d, const struct fragment *f, const uint8_t *bytes,
                             uint32_t length)
{
    uint32_t first = d->position;
    d->frame = &f->frame;
    d->depth = f->depth;
    d->bits = f->bits;
    d->unfinished = false;
    d->vlan = f->vlan;
    d->network = f->network;
    d->outcome = OUTCOME_WITHOUT_TCP;
    d->ip = (struct ip_addresses){(enum family)f->key.family, f->key.source, f->key.destination, -1};

    struct layer l = {.at = bytes, .captured = length, .length = length};
    if (f->key.family == FAMILY_IPV4)
        decode_ip_protocol(d, f->next, l);
    else
        decode_ipv6_next(d, f->next, l);
    d->counts->segments += d->position - first;
    enum outcome outcome = d->position != first ? OUTCOME_WITH_TCP : d->outcome;
    close_fragments(d, f->counted && outcome == OUTCOME_UNSUPPORTED && d->subject == SUBJECT_FRAGMENT);
    return outcome;
}
