/* Settling fragments: reassembles datagrams in capture order, decodes complete ones, and inserts their segments at the
 * frame that completed them. */
#include "engine/decode/protocols.h"
#include "engine/pipeline/settle.h"

/* Gives another outcome to frames that counted as unsupported because of a fragment. */
static void recount(struct pipeline *p, enum fragment_kind kind, uint64_t frames, enum outcome outcome,
                    enum subject subject, uint32_t value)
{
    struct decode_counts *c = &p->totals.decoded;
    if (!frames)
        return;
    uint32_t waited;
    enum subject waits = fragment_subject(kind, &waited);
    notes_take(&c->notes, OUTCOME_UNSUPPORTED, waits, waited, frames);
    c->frames[OUTCOME_UNSUPPORTED] -= frames;
    c->frames[outcome] += frames;
    if (outcome >= OUTCOME_TRUNCATED && notes_add(&c->notes, outcome, subject, value, frames))
        pipeline_fail(p, PIPELINE_MEMORY);
}

/* Adds a fragment to its datagram. When that is complete, decodes it at *position, and moves *position behind
 * its segments. */
static void settle_fragment(struct pipeline *p, struct fragment *f, uint32_t *position)
{
    struct fragment_table *t = &p->fragment_table;
    struct decoder *d = &p->redecoder;
    if (f->key.kind == FRAGMENT_BLUETOOTH && f->next != BLUETOOTH_WHOLE && !bluetooth_place(d, f))
        return;
    const struct fragment head = *f; /* decoding may move *f */
    const uint8_t *bytes = NULL;
    int64_t size;
    if (head.key.kind == FRAGMENT_L2TP ||
        (head.key.kind == FRAGMENT_BLUETOOTH && head.next == BLUETOOTH_WHOLE)) {
        bytes = fragment_bytes(f); /* of a lane, whose list does not move */
        size = f->length;
        t->joined[head.key.kind] += f->counted;
    } else {
        size = fragment_table_add(t, f, &p->key, &bytes);
    }
    if (size < 0)
        pipeline_fail(p, PIPELINE_MEMORY);
    const enum fragment_kind kind = head.key.kind;
    if (size > 0) {
        d->position = *position;
        enum outcome outcome = decode_datagram(d, &head, bytes, (uint32_t)size);
        if (d->failed)
            pipeline_fail(p, PIPELINE_MEMORY);
        *position = d->position;
        if (head.counted) {
            t->joined[kind]--;
            recount(p, kind, 1, outcome, d->subject, d->value);
        }
    }
    for (enum fragment_kind i = 0; i < FRAGMENT_KINDS; i++) {
        recount(p, i, t->joined[i], OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
        if (i <= FRAGMENT_IPV6) /* the others stay what they are */
            recount(p, i, t->dropped[i], OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT_DROPPED,
                    i == FRAGMENT_IPV4 ? 4 : 6);
        t->joined[i] = t->dropped[i] = 0;
    }
}

/* Inserts the segments of from into a list of the lane, by position, and empties from. Works from the end, so
 * that each segment moves once. 0, or -1 when memory is short. */
static int insert_segments(struct segment_list *into, struct segment_list *from, struct spare_lists *spare,
                           enum family family)
{
    const size_t size = segment_size(family), added = (size_t)(from->end - from->items);
    while ((size_t)(into->limit - into->end) < added)
        if (segment_list_grow(into, spare, family))
            return -1;
    uint32_t old = segment_list_count(into, family), new = segment_list_count(from, family);
    for (uint32_t to = old + new; new;) {
        const struct segment *a = old ? segment_list_at(into, old - 1, family) : NULL;
        const struct segment *b = segment_list_at(from, new - 1, family);
        bool take_old = a && a->position > b->position;
        memcpy(segment_list_at(into, --to, family), take_old ? a : b, size);
        *(take_old ? &old : &new) -= 1;
    }
    into->end += added;
    segment_list_clear(from);
    return 0;
}

void settle_fragments(struct pipeline *p, struct lane *lane)
{
    struct decoder *d = &p->redecoder;
    d->lists = p->fragment_lists;
    d->counts = &p->totals.decoded;
    d->fragments = &p->nested;
    d->ftp = &lane->ftp;
    d->keeps_ids = false; /* copies of reassembled datagrams are not dropped */
    d->boundaries = NULL; /* positions would not ascend */
    d->l2tp = &p->l2tp;
    d->bluetooth = &p->bluetooth;
    uint32_t position = 0;

    for (size_t at = 0; at < lane->fragments.used;) {
        struct fragment *f = (struct fragment *)(void *)(lane->fragments.bytes + at);
        if (f->position >> 8 != position >> 8 || !at)
            position = f->position;
        settle_fragment(p, f, &position);
        /* A datagram may hold fragments of others, which may complete more. The list may move as it grows. */
        for (size_t inner = 0; inner < p->nested.used;) {
            struct fragment *n = (struct fragment *)(void *)(p->nested.bytes + inner);
            inner += fragment_size(n);
            settle_fragment(p, n, &position);
        }
        p->nested.used = 0;
        at += fragment_size(f);
    }
    lane->fragments.used = 0;
    d->l2tp = NULL;
    d->bluetooth = NULL;
    d->keeps_ids = p->params.drop_copies;

    for (unsigned i = 0; i < FAMILIES * p->params.threads; i++)
        if (p->fragment_lists[i].end != p->fragment_lists[i].items &&
            insert_segments(&lane->lists[i], &p->fragment_lists[i], d->spare,
                            (enum family)(i / p->params.threads)))
            pipeline_fail(p, PIPELINE_MEMORY);
}
