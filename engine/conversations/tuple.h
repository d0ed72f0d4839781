/* A tuple, or half of one, as the key of a hash table: for the small FTP tables of generation 4.0 (control.h,
 * announced.h). All functions are thread-safe. */
#ifndef TCPREUSE_TUPLE_H
#define TCPREUSE_TUPLE_H

#include "engine/conversations/hash.h"
#include "engine/conversations/segment.h"

/* Hashed and compared as bytes, so unused bytes are zero. */
struct tuple {
    uint8_t address[2][16]; /* IPv4: the first 4 bytes, in host order */
    uint16_t port[2];
    uint32_t family; /* enum family */
};
_Static_assert(sizeof(struct tuple) == 40, "no padding, which would be hashed");

/* Keyed; all 64 bits are of good quality. */
uint64_t tuple_hash(const struct tuple *t, const struct hash_key *key);

ALWAYS_INLINE bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
    return !memcmp(a, b, sizeof *a);
}

/* The tuple of a segment. */
static inline struct tuple tuple_of(const struct segment *s, enum family family)
{
    struct tuple t = {.port = {s->port[0], s->port[1]}, .family = family};
    for (unsigned i = 0; i < 2; i++)
        if (family == FAMILY_IPV4)
            memcpy(t.address[i], &((const struct segment4 *)s)->address[i], 4);
        else
            memcpy(t.address[i], ((const struct segment6 *)s)->address[i], 16);
    return t;
}

/* Half a tuple, with one port unknown: endpoint i comes first, with its port; then the other endpoint, with
 * port 0. */
static inline struct tuple tuple_half(const struct tuple *t, unsigned i)
{
    struct tuple half = {.port = {t->port[i], 0}, .family = t->family};
    memcpy(half.address[0], t->address[i], 16);
    memcpy(half.address[1], t->address[i ^ 1], 16);
    return half;
}

#endif
