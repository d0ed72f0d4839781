/* Unpacks batches, in place of decoding them. Their bytes come from files: everything that is used as a size, an index
 * or an enum is checked, though the files have checksums. */
#include "engine/decode/put_segment.h"
#include "engine/list.h"
#include "engine/pipeline/decode_batch.h"
#include "engine/pipeline/decode_job.h"
#include "engine/pipeline/pack.h"
#include "engine/pipeline/pack_lane.h"
#include "engine/pipeline/position_merge.h"

#include <stdlib.h>

enum unpacked { UNPACKED, UNPACK_MEMORY, UNPACK_DAMAGED };

/* The bytes that have not been read yet. */
struct unpacking {
    const uint8_t *at;
    size_t left;
    uint32_t shards; /* as in struct packed_batch */
};

/* The next count items; NULL: there are fewer. */
static const void *take(struct unpacking *u, size_t count, size_t size)
{
    if (count > u->left / size || packed_size(count * size) > u->left)
        return NULL;
    const void *at = u->at;
    u->at += packed_size(count * size);
    u->left -= packed_size(count * size);
    return at;
}

/* Into a list's memory. */
static enum unpacked copy(void **items, uint32_t *capacity, const void *from, uint32_t count, size_t size)
{
    if (*capacity < count) {
        void *more = realloc(*items, count * size);
        if (!more)
            return UNPACK_MEMORY;
        *items = more;
        *capacity = count;
    }
    if (count)
        memcpy(*items, from, count * size);
    return UNPACKED;
}

/* Copies the next n items to the list, and checks their positions. */
#define TAKE_LIST(u, list, n, result)                                                                        \
    do {                                                                                                     \
        const void *from = take(u, n, sizeof *(list)->items);                                                \
        void *items = (list)->items;                                                                         \
        (result) = from ? copy(&items, &(list)->capacity, from, n, sizeof *(list)->items) : UNPACK_DAMAGED;  \
        (list)->items = items;                                                                               \
        (list)->count = (result) == UNPACKED ? (n) : 0;                                                      \
        for (uint32_t i = 0; i < (list)->count; i++)                                                         \
            if (!is_position((list)->items[i].position, frames))                                             \
                (result) = UNPACK_DAMAGED;                                                                   \
    } while (0)

/* Is this byte a valid bool? */
static bool is_truth(const void *byte)
{
    return *(const uint8_t *)byte <= 1;
}

static bool is_position(uint32_t position, uint64_t frames)
{
    return position >> 8 < frames;
}

static enum unpacked take_notes(struct unpacking *u, struct decode_counts *counts, uint32_t n)
{
    const struct note *notes = take(u, n, sizeof *notes);
    if (!notes)
        return UNPACK_DAMAGED;
    for (uint32_t i = 0; i < n; i++) {
        if (notes[i].outcome >= OUTCOMES || notes[i].subject >= SUBJECTS)
            return UNPACK_DAMAGED;
        if (notes_add(&counts->notes, notes[i].outcome, notes[i].subject, notes[i].value, notes[i].frames))
            return UNPACK_MEMORY;
    }
    return UNPACKED;
}

static bool is_family(const struct decoder *d, enum family family, uint32_t n)
{
    return !n || (family == FAMILY_KEYED) == (d->key_parts != 0);
}

/* Are these segments of the lane, in the order of the capture? */
static bool are_segments(const uint8_t *at, uint32_t n, enum family family, uint64_t frames)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < n; i++, at += segment_size(family)) {
        const struct segment *s = (const void *)at;
        if (s->position < last || segment_family(s, family) >= ADDRESS_FAMILIES)
            return false;
        last = s->position;
    }
    return !n || is_position(last, frames);
}

static enum unpacked take_segments(struct unpacking *u, struct decoder *d, enum family family, uint32_t n,
                                   uint64_t frames)
{
    const uint8_t *from = take(u, n, segment_size(family));
    if (!from || !is_family(d, family, n) || !are_segments(from, n, family, frames))
        return UNPACK_DAMAGED;
    for (uint32_t i = 0; i < n; i++, from += segment_size(family))
        decode_put_segment(d, (const void *)from, family);
    return d->failed ? UNPACK_MEMORY : UNPACKED;
}

/* The lists of a family's shards, of another number than this run has: in the order of the capture, each segment to its own. */
static void put_merged(struct decoder *d, struct position_merge *merge, enum family family)
{
    struct position_list *first;
    while ((first = position_merge_first(merge, offsetof(struct segment, position)))) {
        decode_put_segment(d, (const void *)first->item, family);
        position_merge_advance(merge, first);
    }
}

/* Segments by shard. */
static enum unpacked take_lists(struct unpacking *u, struct decoder *d, struct lane *lane, uint32_t shards,
                                unsigned threads, uint64_t frames)
{
    const uint32_t *counts = take(u, (size_t)FAMILIES * shards, sizeof *counts);
    if (!counts)
        return UNPACK_DAMAGED;
    for (enum family f = 0; f < FAMILIES; f++) {
        struct position_merge merge;
        merge.count = 0;
        for (uint32_t i = 0; i < shards; i++) {
            const uint32_t n = counts[f * shards + i];
            const uint8_t *from = take(u, n, segment_size(f));
            if (!from || !is_family(d, f, n) || !are_segments(from, n, f, frames))
                return UNPACK_DAMAGED;
            const size_t bytes = n * segment_size(f);
            if (shards == threads &&
                segment_list_append(&lane->lists[f * threads + i], from, bytes, d->spare, f))
                return UNPACK_MEMORY;
            if (shards != threads)
                position_merge_add(&merge, &(struct position_list){
                                               .item = from, .end = from + bytes, .size = segment_size(f)});
        }
        put_merged(d, &merge, f);
    }
    return d->failed ? UNPACK_MEMORY : UNPACKED;
}

static enum unpacked take_fragments(struct unpacking *u, struct fragment_list *list, uint64_t bytes,
                                    uint64_t frames)
{
    const uint8_t *from = take(u, bytes, 1);
    if (!from)
        return UNPACK_DAMAGED;
    for (uint64_t at = 0; at < bytes;) {
        const struct fragment *f = (const void *)(from + at);
        if (bytes - at < sizeof *f || fragment_size(f) > bytes - at || !is_position(f->position, frames) ||
            f->key.kind >= FRAGMENT_KINDS || !is_truth(&f->more) || !is_truth(&f->counted))
            return UNPACK_DAMAGED;
        if (!fragment_list_add(list, f, fragment_bytes(f)))
            return UNPACK_MEMORY;
        at += fragment_size(f);
    }
    return UNPACKED;
}

static enum unpacked unpack_lists(const struct pipeline *p, struct unpacking *u, struct decoder *d,
                                  struct lane *lane, const struct packed_lane *packed)
{
    const uint64_t frames = packed->frames;
    enum unpacked result = take_notes(u, &lane->counts, packed->notes);
    if (u->shards && result == UNPACKED)
        result = take_lists(u, d, lane, u->shards, p->params.threads, frames);
    for (int f = 0; f < FAMILIES && result == UNPACKED && !u->shards; f++)
        result = take_segments(u, d, (enum family)f, packed->count[f], frames);
    if (result == UNPACKED)
        TAKE_LIST(u, &lane->boundaries, packed->boundaries, result);
    if (result == UNPACKED)
        TAKE_LIST(u, &lane->packet_ids, packed->packet_ids, result);
    if (result == UNPACKED) {
        const struct ftp_segment *ftp = take(u, packed->ftp, sizeof *ftp);
        result = ftp ? UNPACKED : UNPACK_DAMAGED;
        for (uint32_t i = 0; result == UNPACKED && i < packed->ftp; i++) {
            struct ftp_segment *to = LIST_ADD(&lane->ftp);
            if (ftp[i].family >= ADDRESS_FAMILIES || !is_truth(&ftp[i].cut) ||
                !is_position(ftp[i].s.position, frames))
                result = UNPACK_DAMAGED;
            else if (!to)
                result = UNPACK_MEMORY;
            else
                *to = ftp[i];
        }
    }
    return result == UNPACKED ? take_fragments(u, &lane->fragments, packed->fragment_bytes, frames) : result;
}

static enum unpacked unpack_lane(struct pipeline *p, struct unpacking *u, struct decoder *d,
                                 struct lane *lane)
{
    const struct packed_lane *packed = take(u, 1, sizeof *packed);
    if (!packed || packed->frames >= LANE_FRAMES_MAX || !is_truth(&packed->order.begun))
        return UNPACK_DAMAGED;
    lane_clear(p, lane);
    decode_enter_lane(d, lane);
    struct decode_counts *c = &lane->counts;
    memcpy(c->frames, packed->outcome, sizeof c->frames);
    c->segments = packed->segments;
    c->segments_truncated = packed->segments_truncated;
    c->wire_bytes = packed->wire_bytes;
    c->captured_bytes = packed->captured_bytes;
    c->order = packed->order;
    lane->frames = packed->frames;
    return unpack_lists(p, u, d, lane, packed);
}

static enum unpacked unpack(struct worker *w, struct batch *b)
{
    struct unpacking u = {.at = b->window.bytes, .left = b->window.end};
    const struct packed_batch *packed = take(&u, 1, sizeof *packed);
    if (!packed || packed->lanes > LANES ||
        !take(&u, packed->mixed ? packed->frames : 0, sizeof(struct packed_origin)) ||
        packed->shards > (w->pipeline->params.key ? (uint32_t)PIPELINE_THREADS : 0))
        return UNPACK_DAMAGED;
    u.shards = packed->shards;
    uint64_t frames = 0;
    b->lanes_used = packed->lanes;
    for (unsigned i = 0; i < packed->lanes; i++) {
        struct lane *lane = &b->lane[i];
        const enum unpacked result = unpack_lane(w->pipeline, &u, &w->decoder, lane);
        if (result != UNPACKED)
            return result;
        frames += lane->frames;
        /* Proven as it stands: one position a lane. */
        lane->begin = lane->start = i;
        lane->exact = true;
        lane->reader.context = NULL;
        lane->reader.state = LANE_DONE;
        lane->reader.position = lane->reader.limit = i + 1;
    }
    return frames < LANE_FRAMES_MAX && frames == packed->frames ? UNPACKED : UNPACK_DAMAGED;
}

void unpack_batch(struct worker *w, struct batch *b)
{
    b->redone = 0;
    const enum unpacked result = unpack(w, b);
    if (result == UNPACKED)
        return;
    b->lanes_used = 0;
    pipeline_fail(w->pipeline, result == UNPACK_MEMORY ? PIPELINE_MEMORY : PIPELINE_DAMAGED);
}
