/* A shard's conversations of one family: records, numbered in order of creation, and an index of the newest
 * record of each tuple. One thread uses a table at a time.
 *
 * The index has 64-byte buckets of 8 tags and 8 record numbers, with open addressing by bucket. A tag is the
 * tuple's whole 32-bit hash, some of whose lower bits are the number of its home bucket. So the index grows
 * by splitting each bucket in two, in one sequential pass that reads no record.
 *
 * A tuple lies in its home bucket, or in a later one if all buckets from home up to that one are full. Any of
 * the tuples may be the one in a later bucket, so tuples in use can be moved home. Removal leaves no gap: the
 * bucket's last slot moves into it. If the bucket was full, a tuple that had passed it moves back into it,
 * and leaves a gap that is closed in the same way. */
#ifndef TCPREUSE_TABLE_H
#define TCPREUSE_TABLE_H

#include "engine/conversations/conversation.h"

#include <assert.h>

enum {
    BUCKET_SLOTS = 8,
    RECORD_CHUNK_BITS = 15, /* 32,768 IPv4 records fill 2 MiB, a huge page */
    RECORD_CHUNK = 1 << RECORD_CHUNK_BITS,
    RECORD_NONE = 0,
    /* The lowest bits of a hash are in no bucket's number. The bits above them, unshifted, are the bucket's
     * offset in units of eight bytes, and x86 addressing multiplies by eight at no cost. 2^29 buckets hold
     * nearly 2^32 tuples. */
    HASH_BITS_UNUSED = 3,
    BUCKETS_BITS_MAX = 32 - HASH_BITS_UNUSED,
};

struct bucket {
    uint32_t tag[BUCKET_SLOTS];    /* 0: empty. Slots are filled from 0 on, without gaps */
    uint32_t record[BUCKET_SLOTS]; /* record number, counted from 1 */
} ALIGNED(CACHE_LINE);

_Static_assert(sizeof(struct bucket) == CACHE_LINE, "one line a bucket");

struct table {
    struct bucket *buckets;
    uint32_t mask;    /* the bits of a hash that are its bucket's number, above HASH_BITS_UNUSED */
    uint64_t used;    /* slots in use: tuples */
    uint64_t limit;   /* grow before used reaches it */
    uint8_t **chunks; /* RECORD_CHUNK records each */
    uint32_t chunk_capacity;
    uint32_t records; /* so far, numbered from 1; place 0 is unused */
    uint32_t room;    /* for more records, in the last chunk */
    size_t record_size;
};
_Static_assert(sizeof(struct table) == CACHE_LINE, "a step of the passes reads one line of it");

/* 0, or -1 when memory is short; call table_free() in either case. */
int table_init(struct table *t, enum family family);
void table_free(struct table *t);

/* What tables of one family hold, and how far tuples lie from their home buckets. */
struct table_measures {
    uint64_t tuples, slots, records;
    uint64_t index_bytes, record_bytes;
    /* Of a sample of the tuples: those in their home bucket, in the next one, and beyond. */
    uint64_t sampled, own, next, further;
    uint64_t longest; /* distance from home, in buckets */
};

/* Adds the measures of a table. The sample is the first MiB of its index: the hash is keyed, so all parts are
 * alike. */
void table_measure(const struct table *t, struct table_measures *m);

/* Makes room for the next record. 0, or -1 when memory is short or 2^32 - 1 records are there. */
int table_add_chunk(struct table *t);
/* Removes a record from the index, where it is under this hash. */
void table_remove(struct table *t, uint32_t hash, uint32_t record);
/* Moves a tuple into its home bucket if it lies in a later one; any other tuple may move in exchange. */
void table_move_home(struct table *t, uint32_t hash, uint32_t record);
/* Doubles the index. If the memory budget has no room for that, a large index is filled further instead. 0,
 * or -1 when memory is short; the table is unchanged then. */
int table_grow(struct table *t);

ALWAYS_INLINE void *table_record(const struct table *t, uint32_t number, enum family family)
{
    return t->chunks[number >> RECORD_CHUNK_BITS] +
           (size_t)(number & (RECORD_CHUNK - 1)) * conversation_size(family);
}

/* The number of a new record, all zero; RECORD_NONE when memory is short or 2^32 - 1 records are there. */
ALWAYS_INLINE uint32_t table_add_record(struct table *t, enum family family)
{
    if (unlikely(!t->room) && table_add_chunk(t))
        return RECORD_NONE;
    t->room--;
    const uint32_t number = ++t->records;
    /* The next records are written soon. */
    const uintptr_t place = (uintptr_t)table_record(t, number, family);
    const size_t size = conversation_size(family);
    for (size_t at = 4 * size; at < 5 * size; at += CACHE_LINE)
        __builtin_prefetch((const void *)(place + at), 1);
    return number;
}

ALWAYS_INLINE uint64_t table_buckets(const struct table *t)
{
    return ((uint64_t)t->mask >> HASH_BITS_UNUSED) + 1;
}

/* The home bucket. */
ALWAYS_INLINE struct bucket *table_bucket(const struct table *t, uint32_t hash)
{
    _Static_assert(sizeof(struct bucket) >> HASH_BITS_UNUSED == sizeof(uint64_t), "see HASH_BITS_UNUSED");
    return (struct bucket *)(void *)((uint64_t *)(void *)t->buckets + (hash & t->mask));
}

/* The bucket that follows a full one. */
ALWAYS_INLINE struct bucket *table_next_bucket(const struct table *t, const struct bucket *b)
{
    return &t->buckets[((uint64_t)(b - t->buckets) + 1) & (table_buckets(t) - 1)];
}

/* Which slots of the bucket have this tag: two bits a slot, slot 0 lowest. */
unsigned bucket_match_portable(const struct bucket *b, uint32_t tag);
ALWAYS_INLINE unsigned first_slot(unsigned match)
{
    return (unsigned)__builtin_ctz(match) / 2;
}
/* The matching slots behind the first one. */
ALWAYS_INLINE unsigned match_without_first(unsigned match)
{
    return match & ~(3u << 2 * first_slot(match));
}
#if defined(__SSE2__)
#include <emmintrin.h>
ALWAYS_INLINE unsigned bucket_match(const struct bucket *b, uint32_t tag)
{
    const __m128i want = _mm_set1_epi32((int)tag);
    const __m128i low = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)&b->tag[0]), want);
    const __m128i high = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)&b->tag[4]), want);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi32(low, high));
}
#else
ALWAYS_INLINE unsigned bucket_match(const struct bucket *b, uint32_t tag)
{
    return bucket_match_portable(b, tag);
}
#endif

/* The slot of this record in the bucket, with its tag; -1: none. */
ALWAYS_INLINE int bucket_slot(const struct bucket *b, uint32_t tag, uint32_t record)
{
    for (unsigned match = bucket_match(b, tag); match; match = match_without_first(match))
        if (b->record[first_slot(match)] == record)
            return (int)first_slot(match);
    return -1;
}

ALWAYS_INLINE bool bucket_is_full(const struct bucket *b)
{
    return b->tag[BUCKET_SLOTS - 1] != 0;
}

/* Puts a record into a bucket that is not full; its slot. */
ALWAYS_INLINE uint32_t *bucket_fill_slot(struct bucket *b, uint32_t tag, uint32_t record)
{
    assert(!bucket_is_full(b));
    const unsigned slot = first_slot(bucket_match(b, 0));
    b->tag[slot] = tag;
    b->record[slot] = record;
    return &b->record[slot];
}

/* The same for a tuple that is new to the table. */
ALWAYS_INLINE uint32_t *table_fill_slot(struct table *t, struct bucket *b, uint32_t tag, uint32_t record)
{
    assert(t->used < t->limit);
    t->used++;
    return bucket_fill_slot(b, tag, record);
}

#endif
