/* The frame that nearly all are has a path of its own: Ethernet, IPv4 without options, all of one TCP header,
 * nothing odd about any length.
 *
 *     Ethernet 14 | IPv4 20: 45, ..., total length at 16, fragment at 20, protocol at 23, addresses at 26 |
 *     TCP 20: ports at 34, sequence number, acknowledgement, offset and flags at 46
 *
 * All other frames are for decode_frame(). A 64-byte frame takes 338 instructions there, 138 here, and where
 * a processor can shuffle bytes (AVX2) 110; in ticks, in the L1 cache, 60, 25 and 16. */
#include "decode/emit.h"

enum { IP = 14, ADDRESSES = 26, TCP = 34, OFFSET_FLAGS = 46, ALL = 54 };
/* The total length counts from the IPv4 header. */
enum { IP_HEADER = 20, TCP_HEADER = 20 };

/* Of a frame whose headers are all plain: the payload's length; false where some length is odd. One sign
 * tells it of all. */
ALWAYS_INLINE bool lengths_are_plain(const struct frame *f, uint32_t offset_flags, uint32_t *payload)
{
    const int64_t total = load_be16(f->data + 16), header = (offset_flags >> 10) & 0x3c, length = f->length;
    const int64_t left = total - IP_HEADER - header;
    *payload = (uint32_t)left;
    return (left | (header - TCP_HEADER) | (length - IP - total) | (length - f->captured)) >= 0;
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
                 !lengths_are_plain(f, offset_flags, &payload)))
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

#if defined(__x86_64__)
#include <immintrin.h>

/* What is known of a plain frame before its segment is laid down. */
struct plain {
    uint64_t hash;
    uint32_t payload, wire; /* neighbours, as in a segment */
    uint16_t flags;         /* as a segment has them */
    uint8_t flow;           /* 0 or 1; NOT_PLAIN */
};
enum { NOT_PLAIN = 2 };

/* With the headers' fields taken to their places by shuffles. */
#define VECTORS __attribute__((target("avx2")))

/* decimals: of the frame's time stamp, where a segment's flags have them. */
ALWAYS_INLINE VECTORS bool look_at_frame(const struct frame *f, uint32_t decimals, uint64_t key,
                                         struct plain *plain)
{
    /* From byte 12 on: ether type, version and header length; fragment, of which the bit that forbids them
     * may be set; protocol. */
    const __m128i want = _mm_setr_epi8(8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0);
    const __m128i counts = _mm_setr_epi8(-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, -1, 0, 0, 0, 0);
    /* From the addresses on: each endpoint as one number, address above port. */
    const __m128i ends = _mm_setr_epi8(9, 8, 3, 2, 1, 0, -1, -1, 11, 10, 7, 6, 5, 4, -1, -1);
    const uint8_t *p = f->data;
    if (unlikely(f->captured < ALL))
        return false;
    __m128i head = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(p + 12)), want);
    /* The lower half of the acknowledgement is above. */
    const uint32_t offset_flags = load_be32(p + OFFSET_FLAGS - 2);
    if (unlikely(!_mm_testz_si128(head, counts) || !lengths_are_plain(f, offset_flags, &plain->payload)))
        return false;
    __m128i both = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + ADDRESSES)), ends);
    uint64_t from = (uint64_t)_mm_cvtsi128_si64(both), to = (uint64_t)_mm_extract_epi64(both, 1);
    plain->hash = hash_ends4(from, to, key);
    plain->wire = f->length;
    plain->flags = (uint16_t)((offset_flags & 0x0fff) | decimals);
    plain->flow = from > to;
    return true;
}

ALWAYS_INLINE VECTORS void put_segment(struct segment *s, const struct frame *f, uint32_t position,
                                       const struct plain *plain)
{
    /* From the addresses on: ports, room for the flags and bits, addresses, for each order of the endpoints.
     */
    static const int8_t in_order[2][16] ALIGNED(16) = {
        {9, 8, 11, 10, -1, -1, -1, -1, 3, 2, 1, 0, 7, 6, 5, 4},
        {11, 10, 9, 8, -1, -1, -1, -1, 7, 6, 5, 4, 3, 2, 1, 0},
    };
    static const uint8_t bits[2][16] ALIGNED(16) = {
        {[6] = SEGMENT_LENGTH_KNOWN},
        {[6] = SEGMENT_LENGTH_KNOWN | SEGMENT_FLOW},
    };
    /* From the sequence number on: it and the acknowledgement, room for two lengths. */
    const __m128i numbers = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, -1, -1, -1, -1, -1, -1, -1, -1);
    const uint8_t *p = f->data;
    __m128i order = _mm_load_si128((const __m128i *)(const void *)in_order[plain->flow]);
    __m128i tuple = _mm_loadu_si128((const __m128i *)(const void *)(p + ADDRESSES));
    __m128i seq_ack = _mm_loadu_si128((const __m128i *)(const void *)(p + TCP + 4));
    tuple = _mm_insert_epi16(_mm_shuffle_epi8(tuple, order), plain->flags, 2);
    tuple = _mm_or_si128(tuple, _mm_load_si128((const __m128i *)(const void *)bits[plain->flow]));
    s->hash = hash_tag(plain->hash);
    s->position = position;
    s->time = f->time;
    _mm_storeu_si128((__m128i *)(void *)&s->seq, _mm_insert_epi64(_mm_shuffle_epi8(seq_ack, numbers),
                                                                  (int64_t)load_le64(&plain->payload), 1));
    _mm_storeu_si128((__m128i *)(void *)s->port, tuple);
}

/* The same as decode_frames_of() for later generations, in two passes: the chain from a tuple to its hash and
 * to its list is long, and several are under way in a loop that does nothing else. */
static __attribute__((noinline)) VECTORS void
decode_frames_vector(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    enum { FRAMES = 16 }; /* as many as come at a time, or more */
    const uint64_t key = hash_key4(d->key);
    struct plain plain[FRAMES];
    struct plain_counts counts = {.frames = n};
    /* Nearly always all frames are of one kind: that of the last Ethernet frame. */
    uint32_t kind = UINT32_MAX, decimals = 0;
    while (n) {
        const unsigned some = MIN(n, (unsigned)FRAMES);
        for (unsigned i = 0; i < some; i++) {
            if (unlikely(frames[i].kind != kind)) {
                plain[i].flow = NOT_PLAIN;
                if (!frame_is_ethernet(&frames[i]))
                    continue;
                kind = frames[i].kind;
                decimals = segment_flags(&frames[i], 0);
            }
            if (unlikely(!look_at_frame(&frames[i], decimals, key, &plain[i])))
                plain[i].flow = NOT_PLAIN;
        }
        uint32_t position = index << 8;
        for (unsigned i = 0; i < some; i++, position += 1 << 8) {
            const struct frame *f = &frames[i];
            if (unlikely(plain[i].flow == NOT_PLAIN)) {
                counts.frames--;
                decode_frame(d, f, position >> 8);
                continue;
            }
            counts.wire += plain[i].wire;
            counts.captured += f->captured;
            struct segment *s = list_add(d, FAMILY_IPV4, plain[i].hash);
            if (likely(s))
                put_segment(s, f, position, &plain[i]);
        }
        frames += some;
        index += some;
        n -= some;
    }
    add_counts(d->counts, &counts);
}

static bool has_vectors(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define decode_frames_vector decode_frames_portable
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
