/* One plain frame with AVX2: byte shuffles take the header fields to their places. For loops over frames
 * (plain_avx2.c) and over records (run_template.h). PLAIN_HAS_AVX2 tells whether it can be built. */
#ifndef TCPREUSE_PLAIN_AVX2_H
#define TCPREUSE_PLAIN_AVX2_H

#include "engine/decode/plain.h"

#if defined(__x86_64__)
#define PLAIN_HAS_AVX2 1

#include <immintrin.h>

/* For each function on the way from a loop to decode_plain_avx2(), so that it can be inlined. */
#define PLAIN_AVX2 __attribute__((target("avx2")))

/* What a loop over frames of one kind reads once. The decoder itself would be read again for each frame: to
 * the compiler, each segment that is stored may change it. */
struct plain_loop {
    uint64_t key;
    struct segment_list *lists; /* one a shard, of IPv4 */
    struct spare_lists *spare;
    uint32_t shards;
    /* To be put behind the ports: flags without the TCP flags, then bits, a byte for each flow. */
    __m128i known;
};

ALWAYS_INLINE struct plain_loop plain_loop_begin(const struct decoder *d, uint32_t kind)
{
    enum { BITS = SEGMENT_LENGTH_KNOWN, BITS_OTHER_FLOW = SEGMENT_LENGTH_KNOWN | SEGMENT_FLOW };
    const int known = kind_flags(kind) | BITS << 16 | BITS_OTHER_FLOW << 24;
    return (struct plain_loop){
        .key = hash_key4(d->key),
        .lists = &d->lists[FAMILY_IPV4 * d->shards],
        .spare = d->spare,
        .shards = d->shards,
        .known = _mm_set_epi32(known, 0, 0, 0),
    };
}

/* The Ethernet frame at p. False, and nothing done, if it is not plain. position: of the segment. notes: it
 * may be a boundary that is to be noted. */
ALWAYS_INLINE PLAIN_AVX2 bool decode_plain_avx2(struct decoder *d, const struct plain_loop *loop,
                                                const uint8_t *p, uint32_t captured, uint32_t length,
                                                int64_t time, uint32_t position, bool notes)
{
    /* From byte 12 on: ether type, version and header length; fragment (don't fragment may be set);
     * protocol. */
    const __m128i want = _mm_setr_epi8(8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0);
    const __m128i counts = _mm_setr_epi8(-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, -1, 0, 0, 0, 0);
    /* From the addresses on: each endpoint as one number, address above port. */
    const __m128i ends = _mm_setr_epi8(9, 8, 3, 2, 1, 0, -1, -1, 11, 10, 7, 6, 5, 4, -1, -1);
    /* From the addresses on: ports, flags, bits, addresses, for each order of the endpoints. Flags and bits
     * replace the sequence number, which is loaded with the addresses and ports. */
    static const int8_t in_order[2][16] ALIGNED(16) = {
        {9, 8, 11, 10, 12, 13, 14, -1, 3, 2, 1, 0, 7, 6, 5, 4},
        {11, 10, 9, 8, 12, 13, 15, -1, 7, 6, 5, 4, 3, 2, 1, 0},
    };
    /* From the sequence number on: it and the acknowledgement, room for two lengths. */
    const __m128i numbers = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, -1, -1, -1, -1, -1, -1, -1, -1);
    if (unlikely(captured < PLAIN_HEADERS))
        return false;
    const __m128i head = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(p + 12)), want);
    /* Above it is the lower half of the acknowledgement. */
    const uint32_t offset_flags = load_be32(p + PLAIN_OFFSET_FLAGS - 2);
    uint32_t payload;
    if (unlikely(!_mm_testz_si128(head, counts) || !plain_lengths_fit(p, length, offset_flags, &payload)))
        return false;
    const __m128i tuple = _mm_loadu_si128((const __m128i *)(const void *)(p + PLAIN_ADDRESSES));
    const __m128i seq_ack = _mm_loadu_si128((const __m128i *)(const void *)(p + PLAIN_TCP + 4));
    const __m128i both = _mm_shuffle_epi8(tuple, ends);
    const uint64_t from = (uint64_t)_mm_cvtsi128_si64(both), to = (uint64_t)_mm_extract_epi64(both, 1);
    const uint64_t hash = hash_ends4(from, to, loop->key);
    const unsigned flow = from > to;
    struct segment *s =
        segment_list_add(&loop->lists[hash_shard(hash, loop->shards)], loop->spare, FAMILY_IPV4);
    if (unlikely(!s)) {
        d->failed = true;
        return true;
    }
    const __m128i order = _mm_load_si128((const __m128i *)(const void *)in_order[flow]);
    const __m128i flags = _mm_insert_epi32(tuple, offset_flags & 0x0fff, 3);
    const __m128i ordered = _mm_shuffle_epi8(_mm_or_si128(flags, loop->known), order);
    const __m128i lengths = _mm_insert_epi32(_mm_shuffle_epi8(seq_ack, numbers), (int)payload, 2);
    s->hash = hash_tag(hash);
    s->position = position;
    s->time = time;
    _mm_storeu_si128((__m128i *)(void *)&s->seq, _mm_insert_epi32(lengths, (int)length, 3));
    _mm_storeu_si128((__m128i *)(void *)s->port, ordered);
    if (notes && offset_flags & TCP_BOUNDARY)
        decode_note_plain_boundary(d, s, p, captured);
    return true;
}

#else
#define PLAIN_HAS_AVX2 0
#endif
#endif
