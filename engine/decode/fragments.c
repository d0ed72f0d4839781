/* The table that puts datagrams together, and the list of fragments that a lane leaves for it. */
#include "engine/decode/fragments.h"
#include "engine/list.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct piece {
    struct piece *next;
    uint32_t offset, length;
    uint8_t counted;
    uint8_t bytes[];
};

struct datagram {
    struct fragment_key key;
    struct datagram *chain;           /* in its bucket */
    struct datagram *older, *younger; /* by age */
    struct piece *first, *last;       /* by offset, and by arrival where these are equal */
    struct piece *reached;            /* the last one that begins inside of reach */
    uint64_t reach;                   /* bytes from 0 on without a gap */
    uint64_t end;                     /* length of the datagram; UINT64_MAX: not known */
    uint32_t pieces;
    size_t memory;
};

struct fragment *fragment_list_add(struct fragment_list *list, const struct fragment *f, const uint8_t *bytes)
{
    size_t size = fragment_size(f);
    if (buffer_reserve(&list->bytes, &list->capacity, list->used + size))
        return NULL;
    struct fragment *to = (struct fragment *)(void *)(list->bytes + list->used);
    *to = *f;
    if (f->length)
        memcpy(to + 1, bytes, f->length);
    list->used += size;
    return to;
}

static struct datagram **bucket_of(struct fragment_table *t, const struct fragment_key *key,
                                   const struct hash_key *hash)
{
    uint64_t h = XXH3_64bits_withSecret(key, sizeof *key, hash->secret, HASH_SECRET_SIZE);
    return &t->buckets[h & (FRAGMENT_DATAGRAMS - 1)];
}

/* Takes the datagram out of the table; its frames are counted in frames. */
static void datagram_remove(struct fragment_table *t, struct datagram *g, const struct hash_key *hash,
                            uint64_t *frames)
{
    struct datagram **at = bucket_of(t, &g->key, hash);
    while (*at != g)
        at = &(*at)->chain;
    *at = g->chain;
    *(g->older ? &g->older->younger : &t->oldest) = g->younger;
    *(g->younger ? &g->younger->older : &t->newest) = g->older;
    t->datagrams--;
    t->memory -= g->memory;
    for (struct piece *p = g->first, *next; p; p = next) {
        next = p->next;
        frames[g->key.family] += p->counted;
        free(p);
    }
    free(g);
}

static struct datagram *datagram_find(struct fragment_table *t, const struct fragment_key *key,
                                      const struct hash_key *hash)
{
    struct datagram **bucket = bucket_of(t, key, hash);
    for (struct datagram *g = *bucket; g; g = g->chain)
        if (!memcmp(&g->key, key, sizeof *key))
            return g;
    struct datagram *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->key = *key;
    g->end = UINT64_MAX;
    g->memory = sizeof *g;
    g->chain = *bucket;
    *bucket = g;
    g->older = t->newest;
    *(t->newest ? &t->newest->younger : &t->oldest) = g;
    t->newest = g;
    t->datagrams++;
    t->memory += g->memory;
    return g;
}

/* Puts the piece in its place. Fragments come in order mostly, or in reverse: both ends are tried first. */
static void datagram_insert(struct datagram *g, struct piece *p)
{
    if (!g->first || p->offset < g->first->offset) {
        p->next = g->first;
        g->first = p;
        if (!g->last)
            g->last = p;
    } else {
        struct piece *before = g->first;
        if (p->offset >= g->last->offset)
            before = g->last;
        else if (g->reached && g->reached->offset <= p->offset)
            before = g->reached;
        while (before->next && before->next->offset <= p->offset)
            before = before->next;
        p->next = before->next;
        before->next = p;
        if (before == g->last)
            g->last = p;
    }
    g->pieces++;

    uint64_t end = (uint64_t)p->offset + p->length;
    if (p->offset <= g->reach) {
        g->reach = MAX(g->reach, end);
        if (!g->reached)
            g->reached = p;
        for (struct piece *n = g->reached->next; n && n->offset <= g->reach; n = n->next) {
            g->reach = MAX(g->reach, (uint64_t)n->offset + n->length);
            g->reached = n;
        }
    }
}

/* Copies the pieces into t->whole. Only bytes behind those that are there already are taken of each. */
static int datagram_assemble(struct fragment_table *t, const struct datagram *g)
{
    if (t->whole_capacity < g->end) {
        uint8_t *grown = realloc(t->whole, g->end);
        if (!grown)
            return -1;
        t->whole = grown;
        t->whole_capacity = g->end;
    }
    uint64_t have = 0;
    for (const struct piece *p = g->first; p && have < g->end; p = p->next) {
        uint64_t end = MIN((uint64_t)p->offset + p->length, g->end);
        if (end > have) {
            memcpy(t->whole + have, p->bytes + (have - p->offset), end - have);
            have = end;
        }
    }
    return 0;
}

int64_t fragment_table_add(struct fragment_table *t, const struct fragment *f, const struct hash_key *key,
                           const uint8_t **bytes)
{
    if (!t->buckets && !(t->buckets = calloc(FRAGMENT_DATAGRAMS, sizeof(struct datagram *))))
        return -1;
    struct datagram *g = datagram_find(t, &f->key, key);
    struct piece *p = malloc(sizeof *p + f->length);
    if (!g || !p) {
        free(p);
        return -1;
    }
    *p = (struct piece){.offset = f->offset, .length = f->length, .counted = f->counted};
    memcpy(p->bytes, fragment_bytes(f), f->length);
    g->memory += sizeof *p + f->length;
    t->memory += sizeof *p + f->length;
    if (!f->more && g->end == UINT64_MAX)
        g->end = (uint64_t)f->offset + f->length;
    datagram_insert(g, p);

    int64_t size = 0;
    if (g->reach >= g->end) {
        size = (int64_t)g->end;
        if (datagram_assemble(t, g))
            return -1;
        *bytes = t->whole;
        datagram_remove(t, g, key, t->joined);
    } else if (g->pieces == FRAGMENT_PIECES) {
        datagram_remove(t, g, key, t->dropped);
    }
    while (t->memory > FRAGMENT_MEMORY || t->datagrams > FRAGMENT_DATAGRAMS)
        datagram_remove(t, t->oldest, key, t->dropped);
    return size;
}

bool fragment_table_save(const struct fragment_table *t, const struct datagram **g, struct saved_writer *w)
{
    *g = *g ? (*g)->younger : t->oldest;
    if (!*g)
        return false;
    saved_put(w, &(*g)->key, sizeof(*g)->key);
    saved_put64(w, (*g)->end);
    saved_put32(w, (*g)->pieces);
    for (const struct piece *p = (*g)->first; p; p = p->next) {
        saved_put32(w, p->offset);
        saved_put32(w, p->length);
        saved_put8(w, p->counted);
        saved_put(w, p->bytes, p->length);
    }
    return true;
}

/* Pieces are saved by offset, and by arrival where these are equal, and come in this order to where they
 * were. */
static int load_piece(struct fragment_table *t, struct datagram *g, struct saved_reader *r)
{
    const uint32_t offset = saved_get32(r), length = saved_get32(r);
    const uint8_t counted = saved_get8(r), *bytes = saved_take(r, length);
    if (!bytes)
        return 0;
    struct piece *p = malloc(sizeof *p + length);
    if (!p)
        return -1;
    *p = (struct piece){.offset = offset, .length = length, .counted = counted};
    memcpy(p->bytes, bytes, length);
    g->memory += sizeof *p + length;
    t->memory += sizeof *p + length;
    datagram_insert(g, p);
    return 0;
}

int fragment_table_load(struct fragment_table *t, struct saved_reader *r, const struct hash_key *key)
{
    if (!t->buckets && !(t->buckets = calloc(FRAGMENT_DATAGRAMS, sizeof(struct datagram *))))
        return -1;
    while (!saved_is_done(r)) {
        struct fragment_key k;
        saved_get(r, &k, sizeof k);
        const uint64_t end = saved_get64(r);
        const uint32_t pieces = saved_get32(r);
        r->failed |= k.family >= ADDRESS_FAMILIES;
        struct datagram *g = r->failed ? NULL : datagram_find(t, &k, key);
        if (r->failed || !g)
            return r->failed ? 0 : -1;
        g->end = end;
        for (uint32_t i = 0; i < pieces && !r->failed; i++)
            if (load_piece(t, g, r))
                return -1;
    }
    return 0;
}

void fragment_table_free(struct fragment_table *t)
{
    for (struct datagram *g = t->oldest, *younger; g; g = younger) {
        younger = g->younger;
        for (struct piece *p = g->first, *next; p; p = next) {
            next = p->next;
            free(p);
        }
        free(g);
    }
    free(t->buckets);
    free(t->whole);
    *t = (struct fragment_table){0};
}
