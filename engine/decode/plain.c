/* The frame that nearly all are has a path of its own: Ethernet, IPv4 without options, all of one TCP header,
 * nothing odd about any length.
 *
 *     Ethernet 14 | IPv4 20: 45, ..., total length at 16, fragment at 20, protocol at 23, addresses at 26 |
 *     TCP 20: ports at 34, sequence number, acknowledgement, offset and flags at 46
 *
 * All other frames are for decode_frame(). A 64-byte frame takes 338 instructions there, 138 here, and less
 * where a processor can shuffle bytes (AVX2).
 *
 * Records that lie in a run are walked and decoded in the same pass, without a description of each frame
 * between the two: 88 instructions a frame of 64 bytes, where a walk and decoding for themselves took 156,
 * and decoding in two passes of sixteen frames, with a description between, 118. Those that decode_step.c
 * walks side by side are decoded without one, too. */
#include "engine/decode/emit.h"

enum { IP = 14, ADDRESSES = 26, TCP = 34, OFFSET_FLAGS = 46, ALL = 54 };
/* The total length counts from the IPv4 header. */
enum { IP_HEADER = 20, TCP_HEADER = 20 };

/* Of a frame whose headers are all plain: the payload's length; false where some length is odd. One sign
 * tells it of all. Whether more is captured than was on the wire, as some writers have it, is all the same,
 * where the datagram is all there. */
ALWAYS_INLINE bool lengths_are_plain(const uint8_t *p, int64_t length, uint32_t offset_flags,
                                     uint32_t *payload)
{
    const int64_t total = load_be16(p + 16), header = (offset_flags >> 10) & 0x3c;
    const int64_t left = total - IP_HEADER - header;
    *payload = (uint32_t)left;
    return (left | (header - TCP_HEADER) | (length - IP - total)) >= 0;
}

/* False, and nothing done, for a frame that is not plain. follows_ftp: under generation 4.0 those of FTP
 * control connections are not. */
ALWAYS_INLINE bool decode_plain_frame(struct decoder *d, const struct frame *f, uint32_t index,
                                      bool follows_ftp)
{
    const uint8_t *p = f->data;
    if (unlikely(f->captured < ALL || !frame_is_ethernet(f)))
        return false;
    /* Ether type 0800, version and header length 45; no fragment (the bit that forbids them may be set),
     * protocol 6. */
    uint32_t type_version = load_be32(p + 12) >> 8, fragment_protocol = load_be32(p + 20) & 0x3fff00ff;
    uint16_t offset_flags = load_be16(p + OFFSET_FLAGS);
    uint32_t payload;
    if (unlikely(type_version != 0x080045 || fragment_protocol != 6 ||
                 !lengths_are_plain(p, f->length, offset_flags, &payload)))
        return false;
    if (follows_ftp &&
        unlikely(load_be16(p + TCP) == FTP_CONTROL_PORT || load_be16(p + TCP + 2) == FTP_CONTROL_PORT))
        return false;
    emit_segment4(d, f, index << 8, p + ADDRESSES, p + ADDRESSES + 4, p + TCP, offset_flags,
                  SEGMENT_LENGTH_KNOWN, payload, follows_ftp);
    return true;
}

struct plain_counts {
    uint64_t frames, wire, captured;
};

ALWAYS_INLINE void count_plain(struct plain_counts *c, const struct frame *f)
{
    c->frames++;
    c->wire += f->length;
    c->captured += f->captured;
}

static void add_counts(struct decode_counts *c, const struct plain_counts *plain)
{
    c->frames[OUTCOME_WITH_TCP] += plain->frames;
    c->segments += plain->frames;
    c->wire_bytes += plain->wire;
    c->captured_bytes += plain->captured;
}

ALWAYS_INLINE void decode_frames_of(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index,
                                    bool follows_ftp)
{
    struct plain_counts plain = {0};
    for (unsigned i = 0; i < n; i++) {
        if (likely(decode_plain_frame(d, &frames[i], index + i, follows_ftp)))
            count_plain(&plain, &frames[i]);
        else
            decode_frame(d, &frames[i], index + i);
    }
    add_counts(d->counts, &plain);
}

/* Each by itself: in one function the compiler keeps the loop's numbers in memory, 2 instructions a frame. */
static __attribute__((noinline)) void decode_frames_4_0(struct decoder *d, const struct frame *frames,
                                                        unsigned n, uint32_t index)
{
    decode_frames_of(d, frames, n, index, true);
}
static __attribute__((noinline)) void decode_frames_later(struct decoder *d, const struct frame *frames,
                                                          unsigned n, uint32_t index)
{
    decode_frames_of(d, frames, n, index, false);
}

void decode_frames_portable(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    (unlikely(d->rules == RULES_4_0) ? decode_frames_4_0 : decode_frames_later)(d, frames, n, index);
}

/* captured: as it was read when it was looked at. What is mapped may have changed since. */
ALWAYS_INLINE struct frame run_frame(const struct record_run *run, enum run_layout layout,
                                     const uint8_t *record, uint32_t captured)
{
    return (struct frame){.data = record + run_header(layout),
                          .time = run_time(layout, run->fraction_ns, record),
                          .captured = captured,
                          .length = run_on_wire(layout, record),
                          .kind = run->kind};
}

ALWAYS_INLINE uint32_t decode_run_by_frames(struct decoder *d, struct record_run *run, uint32_t index,
                                            enum run_layout layout)
{
    struct frame frames[AT_A_TIME];
    const uint32_t first = index;
    const uint8_t *p = run->at, *limit = run->limit;
    while (p < limit) {
        unsigned n = 0;
        do {
            const uint32_t captured = run_captured(layout, p);
            if (!run_has(run, layout, p, captured) || run_time(layout, run->fraction_ns, p) > run->latest) {
                limit = p;
                break;
            }
            frames[n++] = run_frame(run, layout, p, captured);
            run_fetch(p);
            p += run_record_length(layout, captured);
        } while (n < AT_A_TIME && p < limit);
        decode_frames_portable(d, frames, n, index);
        index += n;
        if (n)
            run->last_time = frames[n - 1].time;
    }
    run->at = p;
    return index - first;
}

uint32_t decode_run_portable(struct decoder *d, struct record_run *run, uint32_t index)
{
    return run->layout == RUN_PCAP ? decode_run_by_frames(d, run, index, RUN_PCAP)
                                   : decode_run_by_frames(d, run, index, RUN_PCAPNG);
}

void decode_records_portable(struct decoder *d, const struct record_run *run, const uint8_t *const *records,
                             unsigned n, uint32_t index)
{
    struct frame frames[AT_A_TIME];
    for (unsigned i = 0; i < n; i++)
        frames[i] =
            run_frame(run, RUN_PCAP, records[i], (uint32_t)(records[i + 1] - records[i]) - RUN_HEADER);
    decode_frames_portable(d, frames, n, index);
}

#if defined(__x86_64__)
#include <immintrin.h>

/* With the headers' fields taken to their places by shuffles. */
#define VECTORS __attribute__((target("avx2")))

/* What a loop over frames of one kind needs for each of them: read once, since the compiler would take every
 * segment that is laid down for a change of the decoder. */
struct at_hand {
    uint64_t key;
    struct segment_list *lists; /* one a shard, of IPv4 */
    struct spare_lists *spare;
    uint32_t shards;
    /* What stands in a segment from its ports on, but for ports, TCP flags and addresses, by flow. */
    uint16_t known[2][8] ALIGNED(16);
};

ALWAYS_INLINE struct at_hand take_at_hand(const struct decoder *d, uint32_t kind)
{
    const uint16_t decimals = kind_flags(kind);
    return (struct at_hand){
        .key = hash_key4(d->key),
        .lists = &d->lists[FAMILY_IPV4 * d->shards],
        .spare = d->spare,
        .shards = d->shards,
        .known = {{[2] = decimals, [3] = SEGMENT_LENGTH_KNOWN},
                  {[2] = decimals, [3] = SEGMENT_LENGTH_KNOWN | SEGMENT_FLOW}},
    };
}

/* False, and nothing done, for a frame that is not plain. position: of the segment. */
ALWAYS_INLINE VECTORS bool decode_plain_vector(struct decoder *d, const struct at_hand *h, const uint8_t *p,
                                               uint32_t captured, uint32_t length, int64_t time,
                                               uint32_t position)
{
    /* From byte 12 on: ether type, version and header length; fragment, of which the bit that forbids them
     * may be set; protocol. */
    const __m128i want = _mm_setr_epi8(8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0);
    const __m128i counts = _mm_setr_epi8(-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, -1, 0, 0, 0, 0);
    /* From the addresses on: each endpoint as one number, address above port. */
    const __m128i ends = _mm_setr_epi8(9, 8, 3, 2, 1, 0, -1, -1, 11, 10, 7, 6, 5, 4, -1, -1);
    /* From the addresses on: ports, room for the flags and bits, addresses, for each order of the endpoints.
     */
    static const int8_t in_order[2][16] ALIGNED(16) = {
        {9, 8, 11, 10, -1, -1, -1, -1, 3, 2, 1, 0, 7, 6, 5, 4},
        {11, 10, 9, 8, -1, -1, -1, -1, 7, 6, 5, 4, 3, 2, 1, 0},
    };
    /* From the sequence number on: it and the acknowledgement, room for two lengths. */
    const __m128i numbers = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, -1, -1, -1, -1, -1, -1, -1, -1);
    if (unlikely(captured < ALL))
        return false;
    const __m128i head = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(p + 12)), want);
    /* The lower half of the acknowledgement is above. */
    const uint32_t offset_flags = load_be32(p + OFFSET_FLAGS - 2);
    uint32_t payload;
    if (unlikely(!_mm_testz_si128(head, counts) || !lengths_are_plain(p, length, offset_flags, &payload)))
        return false;
    const __m128i tuple = _mm_loadu_si128((const __m128i *)(const void *)(p + ADDRESSES));
    const __m128i seq_ack = _mm_loadu_si128((const __m128i *)(const void *)(p + TCP + 4));
    const __m128i both = _mm_shuffle_epi8(tuple, ends);
    const uint64_t from = (uint64_t)_mm_cvtsi128_si64(both), to = (uint64_t)_mm_extract_epi64(both, 1);
    const uint64_t hash = hash_ends4(from, to, h->key);
    const unsigned flow = from > to;
    struct segment *s = segment_list_add(&h->lists[hash_shard(hash, h->shards)], h->spare, FAMILY_IPV4);
    if (unlikely(!s)) {
        d->failed = true;
        return true;
    }
    const __m128i order = _mm_load_si128((const __m128i *)(const void *)in_order[flow]);
    const __m128i known = _mm_load_si128((const __m128i *)(const void *)h->known[flow]);
    const __m128i ordered = _mm_insert_epi16(_mm_shuffle_epi8(tuple, order), offset_flags & 0x0fff, 2);
    const __m128i lengths = _mm_insert_epi32(_mm_shuffle_epi8(seq_ack, numbers), (int)payload, 2);
    s->hash = hash_tag(hash);
    s->position = position;
    s->time = time;
    _mm_storeu_si128((__m128i *)(void *)&s->seq, _mm_insert_epi32(lengths, (int)length, 3));
    _mm_storeu_si128((__m128i *)(void *)s->port, _mm_or_si128(ordered, known));
    return true;
}

/* The same as decode_frames_of() for later generations. */
static __attribute__((noinline)) VECTORS void
decode_frames_vector(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    struct plain_counts plain = {0};
    while (n) {
        /* Those of one kind, as nearly always all are. */
        const uint32_t kind = frames->kind;
        const bool ethernet = kind_is_ethernet(kind);
        const struct at_hand h = take_at_hand(d, kind);
        for (; n && frames->kind == kind; n--, frames++, index++) {
            const struct frame *f = frames;
            if (likely(ethernet &&
                       decode_plain_vector(d, &h, f->data, f->captured, f->length, f->time, index << 8)))
                count_plain(&plain, f);
            else
                decode_frame(d, f, index);
        }
    }
    add_counts(d->counts, &plain);
}

static __attribute__((noinline)) void decode_odd_record(struct decoder *d, const struct record_run *run,
                                                        enum run_layout layout, const uint8_t *record,
                                                        uint32_t captured, uint32_t index)
{
    const struct frame f = run_frame(run, layout, record, captured);
    decode_frame(d, &f, index);
}

/* The frame of a record of a run of Ethernet frames. plain: of records that are plain it counts what is on
 * the wire; of others it takes back frame and captured bytes. */
ALWAYS_INLINE VECTORS void decode_record(struct decoder *d, const struct at_hand *h,
                                         const struct record_run *run, enum run_layout layout,
                                         int64_t fraction_ns, const uint8_t *record, uint32_t captured,
                                         uint32_t position, struct plain_counts *plain)
{
    const uint32_t length = run_on_wire(layout, record);
    if (likely(decode_plain_vector(d, h, record + run_header(layout), captured, length,
                                   run_time(layout, fraction_ns, record), position))) {
        plain->wire += length;
    } else {
        plain->frames--;
        plain->captured -= captured;
        decode_odd_record(d, run, layout, record, captured, position >> 8);
    }
}

/* decode_records() for later generations, of Ethernet frames. */
static __attribute__((noinline)) VECTORS void decode_records_vector(struct decoder *d,
                                                                    const struct record_run *run,
                                                                    const uint8_t *const *records, unsigned n,
                                                                    uint32_t index)
{
    const struct at_hand h = take_at_hand(d, run->kind);
    const int64_t fraction_ns = run->fraction_ns;
    struct plain_counts plain = {.frames = n,
                                 .captured = (uint64_t)(records[n] - records[0]) - n * (uint64_t)RUN_HEADER};
    for (unsigned i = 0; i < n; i++)
        decode_record(d, &h, run, RUN_PCAP, fraction_ns, records[i],
                      (uint32_t)(records[i + 1] - records[i]) - RUN_HEADER, (index + i) << 8, &plain);
    add_counts(d->counts, &plain);
}

/* decode_run() for later generations, of Ethernet frames. timed: some may be too late. */
ALWAYS_INLINE VECTORS uint32_t decode_run_of(struct decoder *d, struct record_run *run, uint32_t index,
                                             enum run_layout layout, bool timed)
{
    const struct at_hand h = take_at_hand(d, run->kind);
    const struct record_run of = *run; /* what decoding writes is no reason to read it again */
    const int64_t fraction_ns = run->fraction_ns;
    uint32_t position = index << 8;
    struct plain_counts plain = {0};
    const uint8_t *const begin = run->at, *const limit = run->limit, *p = begin, *last = NULL;
    while (p < limit) {
        const uint32_t captured = run_captured(layout, p);
        if (unlikely(!run_has(&of, layout, p, captured) ||
                     (timed && run_time(layout, fraction_ns, p) > of.latest)))
            break;
        run_fetch(p);
        decode_record(d, &h, run, layout, fraction_ns, p, captured, position, &plain);
        position += 1 << 8;
        last = p;
        p += run_record_length(layout, captured);
        if (layout != RUN_PCAP) /* whose records tell it all together */
            plain.captured += captured;
    }
    if (last)
        run->last_time = run_time(layout, fraction_ns, last);
    run->at = p;
    const uint32_t n = (position - (index << 8)) >> 8;
    plain.frames += n;
    if (layout == RUN_PCAP)
        plain.captured += (uint64_t)(p - begin) - n * (uint64_t)RUN_HEADER;
    add_counts(d->counts, &plain);
    return n;
}

typedef uint32_t run_function(struct decoder *, struct record_run *, uint32_t);

static __attribute__((noinline)) VECTORS uint32_t decode_run_vector(struct decoder *d, struct record_run *run,
                                                                    uint32_t index)
{
    return decode_run_of(d, run, index, RUN_PCAP, false);
}
static __attribute__((noinline)) VECTORS uint32_t decode_run_in_time(struct decoder *d,
                                                                     struct record_run *run, uint32_t index)
{
    return decode_run_of(d, run, index, RUN_PCAP, true);
}
static __attribute__((noinline)) VECTORS uint32_t decode_blocks_vector(struct decoder *d,
                                                                       struct record_run *run, uint32_t index)
{
    return decode_run_of(d, run, index, RUN_PCAPNG, false);
}
static __attribute__((noinline)) VECTORS uint32_t decode_blocks_in_time(struct decoder *d,
                                                                        struct record_run *run,
                                                                        uint32_t index)
{
    return decode_run_of(d, run, index, RUN_PCAPNG, true);
}

static run_function *const run_functions[2][2] = {
    [RUN_PCAP] = {decode_run_vector, decode_run_in_time},
    [RUN_PCAPNG] = {decode_blocks_vector, decode_blocks_in_time},
};

static uint32_t decode_ethernet_run(struct decoder *d, struct record_run *run, uint32_t index)
{
    return run_functions[run->layout][run->latest != INT64_MAX](d, run, index);
}

static bool has_vectors(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define decode_frames_vector  decode_frames_portable
#define decode_records_vector decode_records_portable
#define decode_ethernet_run   decode_run_portable
static bool has_vectors(void)
{
    return false;
}
#endif

void decode_frames(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    if (likely(d->rules != RULES_4_0 && has_vectors()))
        decode_frames_vector(d, frames, n, index);
    else
        decode_frames_portable(d, frames, n, index);
}

uint32_t decode_run(struct decoder *d, struct record_run *run, uint32_t index)
{
    if (likely(d->rules != RULES_4_0 && has_vectors() && kind_is_ethernet(run->kind)))
        return decode_ethernet_run(d, run, index);
    return decode_run_portable(d, run, index);
}

void decode_records(struct decoder *d, const struct record_run *run, const uint8_t *const *records,
                    unsigned n, uint32_t index)
{
    if (likely(d->rules != RULES_4_0 && has_vectors() && kind_is_ethernet(run->kind)))
        decode_records_vector(d, run, records, n, index);
    else
        decode_records_portable(d, run, records, n, index);
}
