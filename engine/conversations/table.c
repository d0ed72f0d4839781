/* The slow half of the table: growth, removal, moving tuples home, and measures. */
#include "engine/conversations/table.h"
#include "engine/budget.h"
#include "engine/list.h"
#include "engine/pages.h"

#include <stdlib.h>

enum {
    FIRST_BUCKETS_BITS = 8,      /* 16 KiB: a small capture touches little memory */
    MEASURED_BUCKETS = 16 << 10, /* 1 MiB: 80,000 tuples are sample enough, in less than a millisecond */
};

/* An index is filled up to 3/4 of its slots: then 5 % of the tuples lie outside their home bucket, most of
 * them in the next one. With 5/8, and 2 % outside, 1.5 M conversations took 97 bytes each instead of 86, and
 * as long. */
static uint64_t limit_for(uint64_t buckets)
{
    return buckets * BUCKET_SLOTS * 3 / 4;
}

/* When memory is about to run out: rather than doubling a large index, accept longer searches. */
enum { DENSE_BUCKETS = 64 << 10 };
static uint64_t dense_limit_for(uint64_t buckets)
{
    return buckets * BUCKET_SLOTS * 15 / 16;
}

static uint64_t home_number(const struct table *t, uint32_t hash)
{
    return (uint64_t)(table_bucket(t, hash) - t->buckets);
}

unsigned bucket_match_portable(const struct bucket *b, uint32_t tag)
{
    unsigned mask = 0;
    for (int i = 0; i < BUCKET_SLOTS; i++)
        mask |= (b->tag[i] == tag ? 3u : 0) << 2 * i;
    return mask;
}

int table_init(struct table *t, enum family family)
{
    *t = (struct table){.record_size = conversation_size(family),
                        .mask = ((1u << FIRST_BUCKETS_BITS) - 1) << HASH_BITS_UNUSED};
    t->buckets = pages_alloc(sizeof(struct bucket) * table_buckets(t), false);
    t->limit = limit_for(table_buckets(t));
    return t->buckets ? 0 : -1;
}

void table_free(struct table *t)
{
    if (!t->buckets)
        return;
    for (uint64_t i = 0; t->records && i <= t->records >> RECORD_CHUNK_BITS; i++)
        pages_free(t->chunks[i], t->record_size * RECORD_CHUNK);
    free(t->chunks);
    pages_free(t->buckets, sizeof(struct bucket) * table_buckets(t));
    *t = (struct table){0};
}

int table_add_chunk(struct table *t)
{
    if (t->records == UINT32_MAX)
        return -1;
    const uint32_t chunk = (t->records + 1) >> RECORD_CHUNK_BITS;
    if (list_reserve(&t->chunks, &t->chunk_capacity, (uint64_t)chunk + 1, sizeof *t->chunks))
        return -1;
    /* The first chunk in small pages, so that a small capture touches little memory. */
    t->chunks[chunk] = pages_alloc(t->record_size * RECORD_CHUNK, chunk > 0);
    if (!t->chunks[chunk])
        return -1;
    t->room = (chunk + 1) * RECORD_CHUNK - 1 - t->records;
    return 0;
}

void table_remove(struct table *t, uint32_t hash, uint32_t record)
{
    const uint64_t mask = table_buckets(t) - 1;
    uint64_t at = home_number(t, hash);
    int slot = 0;
    while (t->buckets[at].record[slot] != record) /* of which there is one in the index */
        if (++slot == BUCKET_SLOTS) {
            slot = 0;
            at = (at + 1) & mask;
        }
    t->used--;
    for (;;) {
        struct bucket *b = &t->buckets[at];
        bool was_full = b->tag[BUCKET_SLOTS - 1];
        int last = BUCKET_SLOTS - 1;
        while (!b->tag[last])
            last--;
        b->tag[slot] = b->tag[last];
        b->record[slot] = b->record[last];
        b->tag[last] = b->record[last] = 0;
        if (!was_full)
            return;
        /* Tuples in later buckets whose home is this bucket or an earlier one have passed it when it was
         * full. */
        uint64_t from = at;
        int found = -1;
        do {
            from = (from + 1) & mask;
            const struct bucket *c = &t->buckets[from];
            for (int i = 0; i < BUCKET_SLOTS && c->tag[i] && found < 0; i++)
                if (((from - home_number(t, c->tag[i])) & mask) >= ((from - at) & mask))
                    found = i;
        } while (found < 0 && t->buckets[from].tag[BUCKET_SLOTS - 1]);
        if (found < 0)
            return;
        b->tag[last] = t->buckets[from].tag[found];
        b->record[last] = t->buckets[from].record[found];
        at = from;
        slot = found;
    }
}

/* Swaps it with any of the tuples there: most of their conversations are over, and an active one comes back
 * in the same way. So 5 % of the tuples lie outside their home buckets, but less than 1 % of the segments
 * have to be looked for there, at the cost of three mispredicted branches each: 0.95 of the time of 64 bytes
 * with 200,000 active flows, 0.78 of the drain's with 1,000. */
void table_move_home(struct table *t, uint32_t hash, uint32_t record)
{
    struct bucket *const home = table_bucket(t, hash), *b = home;
    int slot = bucket_slot(b, hash, record);
    while (slot < 0 && bucket_is_full(b)) {
        b = table_next_bucket(t, b);
        slot = bucket_slot(b, hash, record);
    }
    if (slot < 0 || b == home)
        return;
    const unsigned victim = record % BUCKET_SLOTS;
    b->tag[slot] = home->tag[victim];
    b->record[slot] = home->record[victim];
    home->tag[victim] = hash;
    home->record[victim] = record;
}

int table_grow(struct table *t)
{
    const uint64_t count = table_buckets(t);
    if (count >> BUCKETS_BITS_MAX)
        return -1;
    if (count >= DENSE_BUCKETS && t->limit < dense_limit_for(count) &&
        !budget_allows(sizeof(struct bucket) * count * 2)) {
        t->limit = dense_limit_for(count);
        return 0;
    }
    struct table larger = *t;
    larger.mask = (uint32_t)((count * 2 - 1) << HASH_BITS_UNUSED);
    larger.limit = limit_for(count * 2);
    larger.buckets = pages_alloc(sizeof(struct bucket) * count * 2, true);
    if (!larger.buckets)
        return -1;
    pages_touch(larger.buckets, sizeof(struct bucket) * count * 2);
    for (uint64_t i = 0; i < count; i++) {
        const struct bucket *from = &t->buckets[i];
        for (int slot = 0; slot < BUCKET_SLOTS && from->tag[slot]; slot++) {
            struct bucket *to = table_bucket(&larger, from->tag[slot]);
            while (to->tag[BUCKET_SLOTS - 1])
                to = table_next_bucket(&larger, to);
            bucket_fill_slot(to, from->tag[slot], from->record[slot]);
        }
    }
    pages_free(t->buckets, sizeof(struct bucket) * count);
    *t = larger;
    return 0;
}

void table_measure(const struct table *t, struct table_measures *m)
{
    if (!t->buckets)
        return;
    const uint64_t buckets = table_buckets(t);
    m->tuples += t->used;
    m->slots += buckets * BUCKET_SLOTS;
    m->records += t->records;
    m->index_bytes += buckets * sizeof(struct bucket);
    m->record_bytes += t->records * t->record_size;
    for (uint64_t i = 0; i < MIN(buckets, (uint64_t)MEASURED_BUCKETS); i++)
        for (int slot = 0; slot < BUCKET_SLOTS && t->buckets[i].tag[slot]; slot++) {
            uint64_t distance = (i - home_number(t, t->buckets[i].tag[slot])) & (buckets - 1);
            m->sampled++;
            m->own += distance == 0;
            m->next += distance == 1;
            m->further += distance > 1;
            m->longest = MAX(m->longest, distance);
        }
}
