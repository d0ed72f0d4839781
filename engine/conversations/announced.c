/* Connections that FTP has announced: a ring in the order of announcement, and a hash table whose buckets are
 * chains through the ring, oldest first. */
#include "engine/conversations/announced.h"

#include <stdlib.h>

enum { CAPACITY_KEPT = 1024 }; /* an empty table with more frees its memory */

static struct announced_bucket *bucket_of(const struct announced_table *t, const struct tuple *half)
{
    return &t->buckets[tuple_hash(half, t->key) & (t->capacity - 1)];
}

/* Appends the ring's place to its bucket's chain. */
static void link_place(struct announced_table *t, uint32_t place)
{
    struct announced_bucket *b = bucket_of(t, &t->ring[place - 1].half);
    t->ring[place - 1].next = 0;
    *(b->newest ? &t->ring[b->newest - 1].next : &b->oldest) = place;
    b->newest = place;
}

/* Takes out what follows a place in the bucket's chain; 0: the first. */
static void take_after(struct announced_table *t, struct announced_bucket *b, uint32_t before)
{
    uint32_t *link = before ? &t->ring[before - 1].next : &b->oldest;
    struct announced *a = &t->ring[*link - 1];
    *link = a->next;
    if (!a->next)
        b->newest = before;
    a->taken = true;
    t->waiting--;
}

static bool take(struct announced_table *t, const struct tuple *half)
{
    struct announced_bucket *b = bucket_of(t, half);
    uint32_t before = 0;
    for (uint32_t place = b->oldest; place; before = place, place = t->ring[place - 1].next)
        if (tuple_equal(&t->ring[place - 1].half, half)) {
            take_after(t, b, before);
            return true;
        }
    return false;
}

void announced_drop(struct announced_table *t, uint64_t made)
{
    for (; t->first != t->end; t->first++) {
        const struct announced *a = &t->ring[t->first & (t->capacity - 1)];
        if (a->taken)
            continue;
        if (made - a->number <= ANNOUNCED_MAX)
            return;
        take_after(t, bucket_of(t, &a->half), 0);
    }
    if (t->capacity > CAPACITY_KEPT)
        announced_free(t);
}

/* Not a list (engine/list.h): buckets grow with the ring, and places change. */
static int grow(struct announced_table *t)
{
    struct announced_table old = *t;
    uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
    struct announced *ring = malloc(capacity * sizeof *ring);
    struct announced_bucket *buckets = calloc(capacity, sizeof *buckets);
    if (!ring || !buckets) {
        free(ring);
        free(buckets);
        return -1;
    }
    t->ring = ring;
    t->buckets = buckets;
    t->capacity = capacity;
    for (uint64_t i = t->first; i != t->end; i++) {
        uint32_t place = (uint32_t)(i & (capacity - 1));
        ring[place] = old.ring[i & (old.capacity - 1)];
        if (!ring[place].taken)
            link_place(t, place + 1);
    }
    free(old.ring);
    free(old.buckets);
    return 0;
}

int announced_add(struct announced_table *t, const struct tuple *half, uint64_t number)
{
    announced_drop(t, number + 1);
    if (t->end - t->first == t->capacity && grow(t))
        return -1;
    uint32_t place = (uint32_t)(t->end++ & (t->capacity - 1));
    t->ring[place] = (struct announced){.half = *half, .number = number};
    link_place(t, place + 1);
    t->waiting++;
    return 0;
}

bool announced_take(struct announced_table *t, const struct segment *s, enum family family, uint64_t made)
{
    if (!t->waiting)
        return false;
    announced_drop(t, made);
    if (!t->waiting)
        return false;
    const struct tuple whole = tuple_of(s, family);
    const unsigned sender = s->bits & SEGMENT_FLOW;
    struct tuple half = tuple_half(&whole, sender);
    if (take(t, &half))
        return true;
    half = tuple_half(&whole, sender ^ 1);
    return take(t, &half);
}

void announced_free(struct announced_table *t)
{
    free(t->ring);
    free(t->buckets);
    t->ring = NULL;
    t->buckets = NULL;
    t->capacity = 0;
    t->first = t->end = 0;
    t->waiting = 0;
}
