/* A tuple, or half of one, as a key: for the small tables that only generation 4.0 keeps. */
#ifndef TCPREUSE_TUPLE_H
#define TCPREUSE_TUPLE_H

#include "engine/conversations/hash.h"
#include "engine/conversations/segment.h"

/* Without padding: it is hashed, and compared as bytes. */
struct tuple {
    uint8_t address[2][16]; /* of IPv4 the first 4, in the order of the host */
    uint16_t port[2];
    uint32_t family; /* enum family */
};
_Static_assert(sizeof(struct tuple) == 40, "no padding is hashed");

uint64_t tuple_hash(const struct tuple *t, const struct hash_key *key);

ALWAYS_INLINE bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
    return !memcmp(a, b, sizeof *a);
}

/* That of a segment. */
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

/* Without one port, which is 0: endpoint i is the first, with its port, the other address the second. */
static inline struct tuple tuple_half(const struct tuple *t, unsigned i)
{
    struct tuple half = {.port = {t->port[i], 0}, .family = t->family};
    memcpy(half.address[0], t->address[i], 16);
    memcpy(half.address[1], t->address[i ^ 1], 16);
    return half;
}

#endif
