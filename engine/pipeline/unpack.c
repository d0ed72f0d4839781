/* Unpacks batches, in place of decoding them. Their bytes come from files: everything that is used as a size, an index
 * or an enum is checked, though the files have checksums. */
#include "engine/decode/put_segment.h"
#include "engine/list.h"
#include "engine/pipeline/decode_batch.h"
#include "engine/pipeline/decode_job.h"
#include "engine/pipeline/pack.h"
#include "engine/pipeline/pack_lane.h"

#include <stdlib.h>

enum unpacked { UNPACKED, UNPACK_MEMORY, UNPACK_DAMAGED };

/* The bytes that have not been read yet. */
struct unpacking {
    const uint8_t *at;
    size_t left;
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

static enum unpacked take_segments(struct unpacking *u, struct decoder *d, enum family family, uint32_t n,
                                   uint64_t frames)
{
    const uint8_t *from = take(u, n, segment_size(family));
    uint32_t last = 0;
    if (!from || (n && (family == FAMILY_KEYED) != (d->key_parts != 0)))
        return UNPACK_DAMAGED;
    for (uint32_t i = 0; i < n; i++, from += segment_size(family)) {
        const struct segment *s = (const void *)from;
        if (!is_position(s->position, frames) || s->position < last ||
            segment_family(s, family) >= ADDRESS_FAMILIES)
            return UNPACK_DAMAGED;
        last = s->position;
        decode_put_segment(d, s, family);
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

static enum unpacked unpack_lists(struct unpacking *u, struct decoder *d, struct lane *lane,
                                  const struct packed_lane *packed)
{
    const uint64_t frames = packed->frames;
    enum unpacked result = take_notes(u, &lane->counts, packed->notes);
    for (int f = 0; f < FAMILIES && result == UNPACKED; f++)
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
    return unpack_lists(u, d, lane, packed);
}

static enum unpacked unpack(struct worker *w, struct batch *b)
{
    struct unpacking u = {b->window.bytes, b->window.end};
    const struct packed_batch *packed = take(&u, 1, sizeof *packed);
    if (!packed || packed->lanes > LANES ||
        !take(&u, packed->mixed ? packed->frames : 0, sizeof(struct packed_origin)))
        return UNPACK_DAMAGED;
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
