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

/* What a frame counts as while fragments of a kind wait. */
static const struct {
    enum subject subject;
    uint32_t value;
} waiting[FRAGMENT_KINDS] = {
    [FRAGMENT_IPV4] = {SUBJECT_FRAGMENT, 4},
    [FRAGMENT_IPV6] = {SUBJECT_FRAGMENT, 6},
    [FRAGMENT_80211] = {SUBJECT_80211_FRAGMENT, 0},
    [FRAGMENT_MULTILINK] = {SUBJECT_PPP_PROTOCOL, PPP_MULTILINK},
    [FRAGMENT_LOWPAN] = {SUBJECT_LOWPAN_FRAGMENT, 0},
    [FRAGMENT_L2TP] = {SUBJECT_L2TP, 3},
    [FRAGMENT_BLUETOOTH] = {SUBJECT_BLUETOOTH, 0},
};

enum subject fragment_subject(enum fragment_kind kind, uint32_t *value)
{
    *value = waiting[kind].value;
    return waiting[kind].subject;
}

void decoder_stop_at_fragment(struct decoder *d, enum fragment_kind kind)
{
    decoder_stop(d, OUTCOME_UNSUPPORTED, waiting[kind].subject, waiting[kind].value);
}

void decoder_set_realm(const struct decoder *d, struct fragment_key *key)
{
    key->network = d->key_parts & KEY_VNI ? d->network : 0;
    key->interface = d->key_parts & KEY_INTERFACE ? d->frame->interface : 0;
    key->vlan = d->key_parts & KEY_VLAN ? d->vlan : 0;
}

void decoder_note(struct decoder *d, struct fragment *f, struct layer l)
{
    if (!d->fragments)
        return;
    size_t before = d->fragments->used;
    f->frame = *d->frame;
    f->frame.data = NULL;
    f->position = d->position;
    f->length = l.captured;
    f->depth = d->depth;
    f->bits = d->bits;
    f->vlan = d->vlan;
    f->network = d->network;
    decoder_set_realm(d, &f->key);
    if (!fragment_list_add(d->fragments, f, l.at)) {
        d->failed = true;
        return;
    }
    if (d->fragments_frame != d->frame) {
        d->fragments_frame = d->frame;
        d->fragments_first = before;
    }
}

/* The frame's fragments learn how it ended. counted: as unsupported, for the reason that d has. */
static void close_fragments(struct decoder *d, bool counted)
{
    if (d->fragments_frame != d->frame)
        return;
    for (size_t at = d->fragments_first; at < d->fragments->used;) {
        struct fragment *f = (struct fragment *)(void *)(d->fragments->bytes + at);
        f->position = d->position;
        f->counted =
            counted && d->subject == waiting[f->key.kind].subject && d->value == waiting[f->key.kind].value;
        counted &= !f->counted; /* a frame counts once */
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
        close_fragments(d, outcome == OUTCOME_UNSUPPORTED);
        if (outcome >= OUTCOME_TRUNCATED && notes_add(&c->notes, outcome, d->subject, d->value, 1))
            d->failed = true;
    }
}

static void decode_whole(struct decoder *d, const struct fragment *f, struct layer l)
{
    switch ((enum fragment_kind)f->key.kind) {
    case FRAGMENT_IPV4:
        decode_ip_protocol(d, f->next, l);
        return;
    case FRAGMENT_IPV6:
        decode_ipv6_next(d, f->next, l);
        return;
    case FRAGMENT_80211:
        decode_80211_whole(d, f, l);
        return;
    case FRAGMENT_MULTILINK:
        decode_ppp_protocol(d, l);
        return;
    case FRAGMENT_LOWPAN:
        decode_ipv6(d, l);
        return;
    case FRAGMENT_L2TP:
        decode_l2tp_noted(d, f, l);
        return;
    case FRAGMENT_BLUETOOTH:
        decode_bluetooth_noted(d, f, l);
        return;
    case FRAGMENT_KINDS:
        return;
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
    d->short_payload = false;
    d->vlan = f->vlan;
    d->network = f->network;
    d->outcome = OUTCOME_WITHOUT_TCP;
    /* Of link layers these are no addresses of IP; IP is further in, and sets its own. */
    enum family family = f->key.kind == FRAGMENT_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;
    d->ip = (struct ip_addresses){family, f->key.source, f->key.destination, -1};
    decode_whole(d, f, (struct layer){.at = bytes, .captured = length, .length = length});
    d->counts->segments += d->position - first;
    enum outcome outcome = d->position != first ? OUTCOME_WITH_TCP : d->outcome;
    close_fragments(d, f->counted && outcome == OUTCOME_UNSUPPORTED);
    return outcome;
}
