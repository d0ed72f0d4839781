/* Generates the run decoder of one record layout: the table of engine/record_run.h and its functions. Records
 * are walked and decoded in one pass, with no frame described between the two: 88 instructions a frame of 64
 * bytes, where a walk and decoding for themselves took 156, and decoding in two passes of sixteen frames,
 * with a description between, 118.
 *
 * A format includes this at the end of a file of its own, after engine/record_run.h and the definitions of
 *
 *     #define LAYOUT_DECODER name     of the const struct run_decoder to be defined; declared beforehand
 *     #define LAYOUT_IS_TIGHT 0 or 1  1: a record is its header and its captured bytes, nothing else. Then
 *                                     runs may be walked side by side, and captured bytes are counted all
 *                                     at once
 *     enum { LAYOUT_HEADER = n };     bytes of a record before its captured bytes
 *
 * and of functions, all ALWAYS_INLINE. They read a record of a run, of which at least longest captured bytes
 * and all that is around them may be read.
 *
 *     uint32_t layout_captured(const uint8_t *record)     the captured length it claims
 *     uint32_t layout_on_wire(const uint8_t *record)      its frame's length on the wire
 *     uint64_t layout_length(uint32_t captured)           of a record with so many captured bytes
 *     int64_t layout_time(const struct record_run *, const uint8_t *record)
 *                                                         of a record that is in the run
 *     bool layout_has(const struct record_run *, const uint8_t *record, uint32_t captured)
 *                                                         is the record in the run, if its time is?
 *
 * captured is handed on, and not read twice: mapped bytes may change in between. */
#include "engine/decode/plain_avx2.h"

ALWAYS_INLINE struct frame run_frame(const struct record_run *run, const uint8_t *record, uint32_t captured)
{
    return (struct frame){.data = record + LAYOUT_HEADER,
                          .time = layout_time(run, record),
                          .captured = captured,
                          .length = layout_on_wire(record),
                          .kind = run->kind};
}

/* The portable version: describes some frames, then decodes them. */
static __attribute__((noinline)) uint32_t decode_portable(struct decoder *d, struct record_run *run,
                                                          uint32_t index)
{
    struct frame frames[RECORDS_AT_A_TIME];
    const uint32_t first = index;
    const uint8_t *p = run->at, *limit = run->limit;
    while (p < limit) {
        unsigned n = 0;
        do {
            const uint32_t captured = layout_captured(p);
            if (!layout_has(run, p, captured) || layout_time(run, p) > run->latest) {
                limit = p;
                break;
            }
            frames[n++] = run_frame(run, p, captured);
            run_fetch_ahead(p);
            p += layout_length(captured);
        } while (n < RECORDS_AT_A_TIME && p < limit);
        decode_frames(d, frames, n, index);
        time_order_add(&d->counts->order, frames, n);
        index += n;
    }
    run->at = p;
    return index - first;
}

#if PLAIN_HAS_AVX2
static __attribute__((noinline)) void decode_odd_record(struct decoder *d, const struct record_run *run,
                                                        const uint8_t *record, uint32_t captured,
                                                        uint32_t index)
{
    const struct frame f = run_frame(run, record, captured);
    decode_frame(d, &f, index);
}

/* A record of a run of Ethernet frames. The loop counts frames and captured bytes, this what was on the wire;
 * of a record that is not plain, which decode_frame() counts, it takes back the loop's part. */
ALWAYS_INLINE PLAIN_AVX2 void decode_record_avx2(struct decoder *d, const struct plain_loop *loop,
                                                 const struct record_run *run, const uint8_t *record,
                                                 uint32_t captured, int64_t time, uint32_t position,
                                                 struct plain_counts *plain, bool notes)
{
    const uint32_t length = layout_on_wire(record);
    if (likely(decode_plain_avx2(d, loop, record + LAYOUT_HEADER, captured, length, time, position, notes))) {
        plain->wire += length;
    } else {
        plain->frames--;
        plain->captured -= captured;
        decode_odd_record(d, run, record, captured, position >> 8);
    }
}

/* timed: some may be too late. notes: boundaries are to be noted. */
ALWAYS_INLINE PLAIN_AVX2 uint32_t decode_ethernet_run(struct decoder *d, struct record_run *run,
                                                      uint32_t index, bool timed, bool notes)
{
    const struct plain_loop loop = plain_loop_begin(d, run->kind);
    const struct record_run of = *run; /* need not be read again after decoding has stored something */
    uint32_t position = index << 8;
    struct plain_counts plain = {0};
    const uint8_t *const begin = run->at, *const limit = run->limit, *p = begin;
    int64_t before = time_order_before(&d->counts->order);
    while (p < limit) {
        const uint32_t captured = layout_captured(p);
        if (unlikely(!layout_has(&of, p, captured)))
            break;
        const int64_t time = layout_time(&of, p);
        if (timed && unlikely(time > of.latest))
            break;
        if (unlikely(time < before))
            time_order_note_back(&d->counts->order, before, time);
        before = time;
        run_fetch_ahead(p);
        decode_record_avx2(d, &loop, run, p, captured, time, position, &plain, notes);
        position += 1 << 8;
        p += layout_length(captured);
        if (!LAYOUT_IS_TIGHT)
            plain.captured += captured;
    }
    if (p > begin)
        d->counts->order.last = before;
    run->at = p;
    const uint32_t n = (position - (index << 8)) >> 8;
    plain.frames += n;
    if (LAYOUT_IS_TIGHT)
        plain.captured += (uint64_t)(p - begin) - n * (uint64_t)LAYOUT_HEADER;
    plain_counts_add(d->counts, &plain);
    return n;
}

/* A function for each pair of constants. */
#define ETHERNET_RUN(name, timed, notes)                                                                     \
    static __attribute__((noinline)) PLAIN_AVX2 uint32_t name(struct decoder *d, struct record_run *run,     \
                                                              uint32_t index)                                \
    {                                                                                                        \
        return decode_ethernet_run(d, run, index, timed, notes);                                             \
    }
ETHERNET_RUN(decode_any_time, false, false)
ETHERNET_RUN(decode_in_time, true, false)
ETHERNET_RUN(decode_any_time_noting, false, true)
ETHERNET_RUN(decode_in_time_noting, true, true)
#undef ETHERNET_RUN

static uint32_t decode_avx2(struct decoder *d, struct record_run *run, uint32_t index)
{
    if (unlikely(!kind_is_ethernet(run->kind)))
        return decode_portable(d, run, index);
    return (run->latest == INT64_MAX ? decode_any_time : decode_in_time)(d, run, index);
}
static uint32_t decode_avx2_noting(struct decoder *d, struct record_run *run, uint32_t index)
{
    if (unlikely(!kind_is_ethernet(run->kind)))
        return decode_portable(d, run, index);
    return (run->latest == INT64_MAX ? decode_any_time_noting : decode_in_time_noting)(d, run, index);
}
#endif

#if LAYOUT_IS_TIGHT
static void decode_records_portable(struct decoder *d, const struct record_run *run,
                                    const uint8_t *const *records, unsigned n, uint32_t index)
{
    struct frame frames[RECORDS_AT_A_TIME];
    for (unsigned i = 0; i < n; i++)
        frames[i] = run_frame(run, records[i], (uint32_t)(records[i + 1] - records[i]) - LAYOUT_HEADER);
    decode_frames(d, frames, n, index);
    time_order_add(&d->counts->order, frames, n);
}

#if PLAIN_HAS_AVX2
ALWAYS_INLINE PLAIN_AVX2 void decode_ethernet_records(struct decoder *d, const struct record_run *run,
                                                      const uint8_t *const *records, unsigned n,
                                                      uint32_t index, bool notes)
{
    if (unlikely(!kind_is_ethernet(run->kind))) {
        decode_records_portable(d, run, records, n, index);
        return;
    }
    const struct plain_loop loop = plain_loop_begin(d, run->kind);
    const struct record_run of = *run;
    struct plain_counts plain = {
        .frames = n, .captured = (uint64_t)(records[n] - records[0]) - n * (uint64_t)LAYOUT_HEADER};
    int64_t before = time_order_before(&d->counts->order);
    uint32_t position = index << 8;
    for (unsigned i = 0; i < n; i++, position += 1 << 8) {
        const int64_t time = layout_time(&of, records[i]);
        if (unlikely(time < before))
            time_order_note_back(&d->counts->order, before, time);
        before = time;
        decode_record_avx2(d, &loop, run, records[i], (uint32_t)(records[i + 1] - records[i]) - LAYOUT_HEADER,
                           time, position, &plain, notes);
    }
    plain_counts_add(d->counts, &plain);
    d->counts->order.last = before;
}

static PLAIN_AVX2 void decode_records_avx2(struct decoder *d, const struct record_run *run,
                                           const uint8_t *const *records, unsigned n, uint32_t index)
{
    decode_ethernet_records(d, run, records, n, index, false);
}
static PLAIN_AVX2 void decode_records_avx2_noting(struct decoder *d, const struct record_run *run,
                                                  const uint8_t *const *records, unsigned n, uint32_t index)
{
    decode_ethernet_records(d, run, records, n, index, true);
}
#endif

/* Fetches a record whose place nothing foretells: all that decoding reads of most frames, the record's header
 * and those of Ethernet, IPv4 and TCP. They lie in two lines or three, mostly of one page. Fetched together,
 * they took 0.96 of the time of fetching the second when the first was read; without the third, 1.03. */
ALWAYS_INLINE void fetch_headers(const uint8_t *record)
{
    __builtin_prefetch(record);
    __builtin_prefetch(record + CACHE_LINE);
    __builtin_prefetch(record + LAYOUT_HEADER + PLAIN_HEADERS - 1);
}

ALWAYS_INLINE void walk_group(struct run_group *group, struct run_turn *turn, unsigned from, unsigned end,
                              bool timed)
{
    const unsigned used = group->used;
    for (unsigned k = from; k < end; k++)
        for (unsigned i = 0; i < used; i++) {
            struct record_run *const run = &group->run[i];
            const uint8_t *const record = turn->record[i][k];
            if (unlikely(record >= run->limit)) {
                run->limit = NULL;
                turn->record[i][k + 1] = record; /* any will do: the next step looks at it */
                continue;
            }
            const uint32_t captured = layout_captured(record);
            if (unlikely(!layout_has(run, record, captured) ||
                         (timed && layout_time(run, record) > run->latest))) {
                run->limit = NULL;
                group->broke = true;
                turn->record[i][k + 1] = record;
                continue;
            }
            const uint8_t *const next = record + layout_length(captured);
            fetch_headers(next);
            turn->record[i][k + 1] = next;
            turn->count[i] = k + 1;
        }
}

static void walk_runs(struct run_group *group, struct run_turn *turn, unsigned from, unsigned end)
{
    if (group->broke)
        return;
    if (group->run[0].latest == INT64_MAX)
        walk_group(group, turn, from, end, false);
    else
        walk_group(group, turn, from, end, true);
}
#endif

const struct run_decoder LAYOUT_DECODER = {
    .version[RUN_PORTABLE].decode = decode_portable,
#if PLAIN_HAS_AVX2
    .version[RUN_AVX2].decode = decode_avx2,
    .version[RUN_AVX2_NOTING].decode = decode_avx2_noting,
#endif
#if LAYOUT_IS_TIGHT
    .version[RUN_PORTABLE].decode_records = decode_records_portable,
#if PLAIN_HAS_AVX2
    .version[RUN_AVX2].decode_records = decode_records_avx2,
    .version[RUN_AVX2_NOTING].decode_records = decode_records_avx2_noting,
#endif
    .walk = walk_runs,
#endif
};
