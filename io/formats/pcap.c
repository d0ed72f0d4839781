/* pcap files (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html), of micro- and nanoseconds, in
 * both byte orders.
 *
 *     file     | magic 4 | major 2 | minor 2 | reserved 8 | snapshot length 4 | FCS and link type 4 |
 *     record   | seconds 4 | fraction 4 | captured length 4 | original length 4 | captured bytes ... |
 */
#include "io/formats/pcap.h"
#include "engine/record_run.h"
#include "io/problems.h"

#include <inttypes.h>

enum fault { FAULT_HEADER, FAULT_LENGTH, FAULT_DATA };

static bool pcap_probe(const uint8_t *bytes, size_t count)
{
    (void)count;
    return pcap_magic(load_be32(bytes)) || pcap_magic(load_le32(bytes));
}

static uint64_t pcap_record_length(const struct capture *c, const void *context, const uint8_t *p,
                                   uint64_t available)
{
    (void)context;
    const struct pcap_file *file = c->format_data;
    if (available < RECORD_HEADER)
        return 0;
    uint32_t captured = pcap_lengths(file, p).captured;
    return captured > file->captured_max ? RECORD_BROKEN : (uint64_t)file->record_header + captured;
}

/* Streams wait for this: 10 ns a record through record_length(), 2 ns here. */
static uint64_t pcap_records_length(const struct capture *c, const uint8_t *p, uint64_t available,
                                    uint64_t wanted)
{
    const struct pcap_file *file = c->format_data;
    uint64_t at = 0;
    while (at < wanted && available - at >= RECORD_HEADER) {
        uint32_t captured = pcap_lengths(file, p + at).captured;
        if (captured > file->captured_max || (uint64_t)file->record_header + captured > available - at)
            break;
        at += (uint64_t)file->record_header + captured;
    }
    return at;
}

/* The next record, or false and the reader's new state. */
static bool walk_one(const struct pcap_file *file, const struct window *window, struct record_reader *reader,
                     struct frame *f)
{
    uint64_t at = reader->position, size = window->end;
    const uint8_t *p = window_at(window, at);
    if (at >= reader->limit || at >= size) {
        reader->state = LANE_DONE;
        return false;
    }
    if (size - at < file->record_header) {
        reader->state = LANE_FAULT;
        reader->fault = FAULT_HEADER;
        return false;
    }
    struct pcap_lengths lengths = pcap_lengths(file, p);
    if (lengths.captured > file->captured_max) {
        reader->state = LANE_FAULT;
        reader->fault = FAULT_LENGTH;
        reader->fault_value = lengths.captured;
        return false;
    }
    uint64_t next = at + file->record_header + lengths.captured;
    if (next > size) {
        reader->state = LANE_FAULT;
        reader->fault = FAULT_DATA;
        reader->fault_value = lengths.captured;
        return false;
    }
    __builtin_prefetch(p + (next - at));
    f->data = p + file->record_header;
    f->time = pcap_32(p, file->swapped) * INT64_C(1000000000) +
              (int64_t)pcap_32(p + 4, file->swapped) * file->fraction_ns;
    f->captured = lengths.captured;
    f->length = lengths.original;
    f->kind = file->kind;
    reader->position = next;
    return true;
}

/* The frame of a common record. */
ALWAYS_INLINE void fill_frame(struct frame *f, const uint8_t *p, uint32_t captured, int64_t fraction_ns,
                              uint32_t kind, bool swapped)
{
    f->data = p + RECORD_HEADER;
    f->time = pcap_32(p, swapped) * INT64_C(1000000000) + (int64_t)pcap_32(p + 4, swapped) * fraction_ns;
    f->captured = captured;
    f->length = pcap_32(p + 12, swapped);
    f->kind = kind;
}

/* A reader in the common walk: records from at on, one after the other. What could be the last record, or
 * begins behind the limit, is not for this walk. */
struct chain {
    const uint8_t *at, *limit;
};

/* Records with a header of 16 bytes and lengths in order, of a usual length and not the file's last: 32
 * instructions each, where walk_one() takes 52. All readers of the walk go a step each in turn, and each
 * step fetches the reader's next header: the misses of the chains overlap. Two lines hold what decoding
 * reads of most frames, the record's header with the first 48 bytes, and the 64 behind. */
ALWAYS_INLINE void walk_common(const struct pcap_file *file, const struct window *window, struct walk *walk,
                               bool swapped)
{
    struct chain chains[LANES];
    const uint8_t *const bytes = window->bytes, *const end = bytes + (window->end - window->base);
    const uint64_t longest = MIN(file->captured_max, (uint64_t)RECORD_LENGTH_MAX);
    const uint32_t kind = file->kind;
    const int64_t fraction_ns = file->fraction_ns;
    const unsigned first = walk->first, end_reader = walk->end;
    for (unsigned i = first; i < end_reader; i++) {
        const struct record_reader *reader = walk->reader[i];
        walk->count[i] = 0;
        chains[i] = (struct chain){NULL, NULL};
        if (reader->state == LANE_OPEN && window->end - window->base > RECORD_HEADER)
            chains[i] =
                (struct chain){bytes + (reader->position - window->base),
                               bytes + (MIN(reader->limit, window->end - RECORD_HEADER) - window->base)};
    }
    for (unsigned k = 0; k < WALK_FRAMES; k++) {
        for (unsigned i = first; i < end_reader; i++) {
            const uint8_t *p = chains[i].at;
            if (unlikely(p >= chains[i].limit))
                continue;
            const uint32_t captured = pcap_32(p + 8, swapped);
            const uint8_t *next = p + RECORD_HEADER + captured;
            if (unlikely(captured > longest || next > end)) {
                chains[i].limit = NULL;
                continue;
            }
            __builtin_prefetch(p + CACHE_LINE);
            __builtin_prefetch(next);
            fill_frame(&walk->frame[i][k], p, captured, fraction_ns, kind, swapped);
            chains[i].at = next;
            walk->count[i] = k + 1;
        }
    }
}

/* The same for one reader alone, mostly of small frames: they lie one after the other as processors expect
 * it, and all that is fetched is what lies some frames ahead. */
ALWAYS_INLINE void walk_alone(const struct pcap_file *file, const struct window *window, struct walk *walk,
                              unsigned i, bool swapped)
{
    const struct record_reader *reader = walk->reader[i];
    struct frame *f = walk->frame[i];
    walk->count[i] = 0;
    if (reader->state != LANE_OPEN || window->end - window->base <= RECORD_HEADER)
        return;
    const uint8_t *const bytes = window->bytes, *const end = bytes + (window->end - window->base);
    const uint8_t *p = bytes + (reader->position - window->base);
    const uint8_t *const limit = bytes + (MIN(reader->limit, window->end - RECORD_HEADER) - window->base);
    const uint64_t longest = MIN(file->captured_max, (uint64_t)RECORD_LENGTH_MAX);
    const uint32_t kind = file->kind;
    const int64_t fraction_ns = file->fraction_ns;
    const struct frame *const frames_end = f + WALK_FRAMES;
    while (f < frames_end && p < limit) {
        const uint32_t captured = pcap_32(p + 8, swapped);
        const uint8_t *next = p + RECORD_HEADER + captured;
        if (unlikely(captured > longest || next > end))
            break;
        run_fetch_ahead(p);
        fill_frame(f++, p, captured, fraction_ns, kind, swapped);
        p = next;
    }
    walk->count[i] = (unsigned)(f - walk->frame[i]);
}

/* Where the common walk stopped, the other goes on. */
ALWAYS_INLINE void walk_plain(const struct pcap_file *file, const struct window *window, struct walk *walk,
                              bool swapped)
{
    if (walk->end - walk->first == 1)
        walk_alone(file, window, walk, walk->first, swapped);
    else
        walk_common(file, window, walk, swapped);
    for (unsigned i = walk->first; i < walk->end; i++) {
        struct record_reader *reader = walk->reader[i];
        unsigned n = walk->count[i];
        if (n) {
            const struct frame *last = &walk->frame[i][n - 1];
            reader->position = (uint64_t)(last->data + last->captured - window->bytes) + window->base;
        }
        while (n < WALK_FRAMES && reader->state == LANE_OPEN &&
               walk_one(file, window, reader, &walk->frame[i][n]))
            n++;
        walk->count[i] = n;
    }
}

static void pcap_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
    const struct pcap_file *file = c->format_data;
#define NEXT(reader, frame) walk_one(file, window, reader, frame)
    if (!file->plain)
        WALK_READERS(walk, NEXT);
    else if (file->swapped)
        walk_plain(file, window, walk, true);
    else
        walk_plain(file, window, walk, false);
#undef NEXT
}

static void pcap_fault(struct capture *c, const struct window *window, const struct record_reader *reader)
{
    const struct pcap_file *file = c->format_data;
    uint64_t size = window->end, at = reader->position;
    switch ((enum fault)reader->fault) {
    case FAULT_HEADER:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a record header of %u bytes, found the end of the file after %" PRIu64,
                     file->record_header, size - at);
        break;
    case FAULT_LENGTH:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at,
                     "expected a captured length of at most %" PRIu32 " bytes, found %" PRIu64,
                     file->captured_max, reader->fault_value);
        break;
    case FAULT_DATA:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at + file->record_header,
                     "expected %" PRIu64 " captured bytes, found the end of the file after %" PRIu64,
                     reader->fault_value, size - at - file->record_header);
        break;
    }
}

const struct capture_format format_pcap = {
    .name = "pcap",
    .magic_tells = true,
    .probe = pcap_probe,
    .open = pcap_read_header,
    .guess = pcap_guess,
    .find = pcap_find,
    .follow = pcap_follow,
    .misleads = true,
    .walk = pcap_walk,
    .run = pcap_run,
    .fault = pcap_fault,
    .record_length = pcap_record_length,
    .records_length = pcap_records_length,
    .close = capture_free_data,
};
