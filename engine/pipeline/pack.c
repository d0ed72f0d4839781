/* Packs settled batches. Segments of all shards are merged in capture order, since the run that unpacks them has other
 * shards. */
#include "engine/pipeline/pack.h"
#include "engine/pipeline/pack_lane.h"
#include "engine/pipeline/position_merge.h"

#include <assert.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t packed_layout(void)
{
    static const uint32_t sizes[] = {8, /* changes where sizes do not */
                                     sizeof(struct packed_batch),
                                     sizeof(struct packed_origin),
                                     sizeof(struct packed_lane),
                                     sizeof(struct note),
                                     sizeof(struct segment4),
                                     sizeof(struct segment6),
                                     sizeof(struct segment_keyed),
                                     sizeof(struct boundary),
                                     sizeof(struct packet_id),
                                     sizeof(struct ftp_segment),
                                     sizeof(struct fragment),
                                     OUTCOMES,
                                     SUBJECTS};
    return XXH3_64bits(sizes, sizeof sizes);
}

/* Appends bytes, padded. 0, or -1 when memory is short. */
static int add(struct text *t, const void *bytes, size_t n)
{
    const size_t size = packed_size(n);
    char *to = text_room(t, size);
    if (!to)
        return -1;
    if (n)
        memcpy(to, bytes, n);
    memset(to + n, 0, size - n);
    t->length += size;
    return 0;
}

static int add_segments(const struct pipeline *p, struct text *t, const struct lane *lane, enum family family,
                        uint32_t count)
{
    const unsigned shards = p->params.threads;
    const size_t size = segment_size(family);
    struct position_merge merge;
    struct position_list *first;
    char *to = text_room(t, count * size);
    if (!to)
        return -1;
    merge.count = 0;
    for (unsigned i = 0; i < shards; i++) {
        const struct segment_list *list = &lane->lists[(size_t)family * shards + i];
        const struct position_list from = {.item = list->items, .end = list->end, .size = size};
        position_merge_add(&merge, &from);
    }
    while ((first = position_merge_first(&merge, offsetof(struct segment, position)))) {
        struct segment *s = memcpy(to, first->item, size);
        s->hash = 0; /* depends on the key of the run */
        to += size;
        position_merge_advance(&merge, first);
    }
    t->length += count * size;
    return 0;
}

static uint32_t count_segments(const struct pipeline *p, const struct lane *lane, enum family family)
{
    const unsigned shards = p->params.threads;
    uint32_t n = 0;
    for (unsigned i = 0; i < shards; i++)
        n += segment_list_count(&lane->lists[(size_t)family * shards + i], family);
    return n;
}

/* Whoever unpacks has the same hashes, and most likely as many shards. */
static int add_lists(const struct pipeline *p, struct text *t, const struct lane *lane)
{
    const unsigned shards = p->params.threads, lists = FAMILIES * shards;
    uint32_t counts[FAMILIES * PIPELINE_THREADS];
    assert(shards && shards <= PIPELINE_THREADS);
    for (unsigned i = 0; i < lists; i++)
        counts[i] = segment_list_count(&lane->lists[i], i / shards);
    if (add(t, counts, lists * sizeof *counts))
        return -1;
    for (unsigned i = 0; i < lists; i++)
        if (counts[i] && add(t, lane->lists[i].items, counts[i] * segment_size(i / shards)))
            return -1;
    return 0;
}

static int pack_lane(const struct pipeline *p, struct text *t, const struct lane *lane)
{
    const struct decode_counts *c = &lane->counts;
    struct packed_lane packed;
    memset(&packed, 0, sizeof packed);
    packed.frames = lane->frames;
    memcpy(packed.outcome, c->frames, sizeof packed.outcome);
    packed.segments = c->segments;
    packed.segments_truncated = c->segments_truncated;
    packed.wire_bytes = c->wire_bytes;
    packed.captured_bytes = c->captured_bytes;
    packed.order = c->order;
    packed.notes = c->notes.count;
    for (int f = 0; f < FAMILIES; f++)
        packed.count[f] = count_segments(p, lane, (enum family)f);
    packed.boundaries = lane->boundaries.count;
    packed.packet_ids = lane->packet_ids.count;
    packed.ftp = lane->ftp.count;
    packed.fragment_bytes = lane->fragments.used;
    if (add(t, &packed, sizeof packed) || add(t, c->notes.items, c->notes.count * sizeof *c->notes.items))
        return -1;
    if (p->params.key && add_lists(p, t, lane))
        return -1;
    for (int f = 0; f < FAMILIES && !p->params.key; f++)
        if (packed.count[f] && add_segments(p, t, lane, (enum family)f, packed.count[f]))
            return -1;
    return add(t, lane->boundaries.items, packed.boundaries * sizeof *lane->boundaries.items) ||
                   add(t, lane->packet_ids.items, packed.packet_ids * sizeof *lane->packet_ids.items) ||
                   add(t, lane->ftp.items, packed.ftp * sizeof *lane->ftp.items) ||
                   add(t, lane->fragments.bytes, lane->fragments.used)
               ? -1
               : 0;
}

static int add_origins(struct source *source, struct text *t, const struct batch *b)
{
    for (uint64_t i = 0; i < b->frames; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): who packs batches has a source of files */
        const struct origin origin = source->ops->origin(source, b, i);
        const struct packed_origin packed = {origin.frame, origin.input, origin.continues};
        if (add(t, &packed, sizeof packed))
            return -1;
    }
    return 0;
}

int pack_batch(struct pipeline *p, struct batch *b)
{
    struct source *source = p->params.source;
    struct text *t = &b->text[REPORT_REUSE];
    const size_t begin = t->length;
    struct origin origin = {0};
    if (source->ops->origin && !b->mixed)
        /* NOLINTNEXTLINE(analyzer-use-of-uninitialized-value): each source returns all of an origin */
        origin = source->ops->origin(source, b, 0);
    struct packed_batch packed = {.frames = b->frames,
                                  .frames_before = b->frames_before,
                                  .lanes = b->lanes_used,
                                  .input = origin.input,
                                  .continues = origin.continues,
                                  .first = b->first,
                                  .restarts_time = b->restarts_time,
                                  .mixed = b->mixed,
                                  .shards = p->params.key ? p->params.threads : 0};
    if (add(t, &packed, sizeof packed) || (b->mixed && add_origins(source, t, b)))
        return -1;
    for (unsigned i = 0; i < b->lanes_used; i++)
        if (pack_lane(p, t, &b->lane[i]))
            return -1;
    packed.bytes = t->length - begin;
    memcpy(t->bytes + begin, &packed, sizeof packed);
    return 0;
}
