/* The table that puts datagrams together, and the list of fragments that a lane leaves for it.
 *
 * Length: one table, and how it is saved. */
#include "engine/decode/fragments.h"
#include "engine/decode/piece_index.h"
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
    struct piece_index *index; /* of those that have a place; NULL: there are few, or memory is short */
    uint64_t reach;            /* bytes from 0 on without a gap */
    uint64_t end;              /* length of the datagram; UINT64_MAX: not known */
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
        frames[g->key.kind] += p->counted;
        free(p);
    }
    free(g->index);
    free(g);
}

/* NULL: it is not there. */
static struct datagram *datagram_look(struct fragment_table *t, const struct fragment_key *key,
                                      const struct hash_key *hash)
{
    for (struct datagram *g = *bucket_of(t, key, hash); g; g = g->chain)
        if (!memcmp(&g->key, key, sizeof *key))
            return g;
    return NULL;
}

/* The datagram, which may be a new one. NULL: memory is short. */
static struct datagram *datagram_find(struct fragment_table *t, const struct fragment_key *key,
                                      const struct hash_key *hash)
{
    struct datagram **bucket = bucket_of(t, key, hash);
    struct datagram *g = datagram_look(t, key, hash);
    if (g)
        return g;
    g = calloc(1, sizeof *g);
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

static bool is_numbered(const struct datagram *g)
{
    return g->key.kind == FRAGMENT_80211 || g->key.kind == FRAGMENT_MULTILINK;
}

/* Where the piece ends, in what its offset counts. */
static uint64_t piece_end(const struct datagram *g, const struct piece *p)
{
    return (uint64_t)p->offset + (is_numbered(g) ? 1 : p->length);
}

enum { NO_PLACE = PIECE_PLACES };

/* Offsets of IP are in units of eight bytes. Where pieces have the same place, they have the same offset. */
static uint32_t place_of(const struct datagram *g, const struct piece *p)
{
    const uint32_t place = is_numbered(g) ? p->offset : p->offset % 8 ? NO_PLACE : p->offset / 8;
    return MIN(place, (uint32_t)NO_PLACE);
}

static void note_place(struct datagram *g, struct piece *p)
{
    const uint32_t place = place_of(g, p);
    if (place != NO_PLACE)
        piece_index_set(g->index, place, p);
}

/* Once there are so many pieces that a walk along them takes longer than the index. */
static void index_pieces(struct fragment_table *t, struct datagram *g)
{
    enum { INDEX_FROM = 256 };
    if (g->pieces != INDEX_FROM || !(g->index = calloc(1, sizeof *g->index)))
        return;
    for (struct piece *p = g->first; p; p = p->next)
        note_place(g, p);
    g->memory += sizeof *g->index;
    t->memory += sizeof *g->index;
}

/* One that the piece comes behind; of those with an index, the last one. There is a first one, which it comes behind. */
static struct piece *piece_before(const struct datagram *g, const struct piece *p)
{
    if (p->offset >= g->last->offset)
        return g->last;
    const uint32_t place = g->index ? place_of(g, p) : (uint32_t)NO_PLACE;
    struct piece *found = place == NO_PLACE ? NULL : piece_index_find(g->index, place);
    if (found)
        return found;
    return g->reached && g->reached->offset <= p->offset ? g->reached : g->first;
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
        struct piece *before = piece_before(g, p);
        while (before->next && before->next->offset <= p->offset)
            before = before->next;
        p->next = before->next;
        before->next = p;
        if (before == g->last)
            g->last = p;
    }
    g->pieces++;
    if (g->index)
        note_place(g, p);

    if (p->offset <= g->reach) {
        g->reach = MAX(g->reach, piece_end(g, p));
        if (!g->reached)
            g->reached = p;
        for (struct piece *n = g->reached->next; n && n->offset <= g->reach; n = n->next) {
            g->reach = MAX(g->reach, piece_end(g, n));
            g->reached = n;
        }
    }
}

/* Room for a whole datagram, also for an empty one. 0 or -1. */
static int reserve_whole(struct fragment_table *t, uint64_t size)
{
    size = MAX(size, UINT64_C(1));
    if (t->whole_capacity >= size)
        return 0;
    uint8_t *grown = realloc(t->whole, size);
    if (!grown)
        return -1;
    t->whole = grown;
    t->whole_capacity = size;
    return 0;
}

/* Copies the pieces into t->whole. Only bytes behind those that are there already are taken of each. */
static int64_t assemble_by_offset(struct fragment_table *t, const struct datagram *g)
{
    if (reserve_whole(t, g->end))
        return -1;
    uint64_t have = 0;
    for (const struct piece *p = g->first; p && have < g->end; p = p->next) {
        uint64_t end = MIN((uint64_t)p->offset + p->length, g->end);
        if (end > have) {
            memcpy(t->whole + have, p->bytes + (have - p->offset), end - have);
            have = end;
        }
    }
    return (int64_t)g->end;
}

/* Appends the pieces of the numbers below the end, of equal ones the first, to the first size bytes of t->whole. */
static int64_t assemble_by_number(struct fragment_table *t, const struct datagram *g, uint64_t size)
{
    uint32_t next = g->first->offset;
    for (const struct piece *p = g->first; p && p->offset < g->end; p = p->next) {
        if (p->offset != next)
            continue;
        if (reserve_whole(t, size + p->length))
            return -1;
        memcpy(t->whole + size, p->bytes, p->length);
        size += p->length;
        next++;
    }
    return (int64_t)size;
}

/* The fragments of a packet of PPP that this one completes: as many as there are before it, to a first one, and behind
 * it, to a last one. Number 0 begins anew: none stands before it. */
static int64_t join_multilink(struct fragment_table *t, const struct fragment *f, const struct hash_key *key)
{
    struct datagram *part[MULTILINK_PIECES];
    struct fragment_key k = f->key;
    struct datagram *g = datagram_look(t, &k, key);
    unsigned count = 0;
    for (; g && g->first->offset && count < MULTILINK_PIECES; count++) {
        k.id--;
        g = datagram_look(t, &k, key);
    }
    for (count = 0; g && count < MULTILINK_PIECES; count++) {
        part[count] = g;
        if (g->end != UINT64_MAX) {
            count++;
            break;
        }
        k.id++;
        g = datagram_look(t, &k, key);
    }
    if (!count || part[0]->first->offset || part[count - 1]->end == UINT64_MAX)
        return 0;
    int64_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        if (size >= 0)
            size = assemble_by_number(t, part[i], (uint64_t)size);
        datagram_remove(t, part[i], key, t->joined);
    }
    return size;
}

/* A last fragment of 802.11 of whose frame there is no other. */
static bool is_alone(struct fragment_table *t, const struct fragment *f, const struct hash_key *key)
{
    return f->key.kind == FRAGMENT_80211 && !f->more && !datagram_look(t, &f->key, key);
}

static int64_t add_alone(struct fragment_table *t, const struct fragment *f)
{
    if (reserve_whole(t, f->length))
        return -1;
    memcpy(t->whole, fragment_bytes(f), f->length);
    t->joined[f->key.kind] += f->counted;
    return f->length;
}

int64_t fragment_table_add(struct fragment_table *t, const struct fragment *f, const struct hash_key *key,
                           const uint8_t **bytes)
{
    if (!t->buckets && !(t->buckets = calloc(FRAGMENT_DATAGRAMS, sizeof(struct datagram *))))
        return -1;
    if (is_alone(t, f, key)) {
        const int64_t size = add_alone(t, f);
        *bytes = t->whole;
        return size;
    }
    struct datagram *g = datagram_look(t, &f->key, key);
    if (g && f->key.kind == FRAGMENT_MULTILINK) /* numbers come again: the newest counts */
        datagram_remove(t, g, key, t->dropped);
    struct piece *p = malloc(sizeof *p + f->length);
    if (!p) /* before the datagram is added: one without pieces would break what looks at its first */
        return -1;
    g = datagram_find(t, &f->key, key);
    if (!g) {
        free(p);
        return -1;
    }
    *p = (struct piece){.offset = f->offset, .length = f->length, .counted = f->counted};
    memcpy(p->bytes, fragment_bytes(f), f->length);
    g->memory += sizeof *p + f->length;
    t->memory += sizeof *p + f->length;
    if (!f->more && g->end == UINT64_MAX)
        g->end = (uint64_t)f->offset + (is_numbered(g) ? 1 : f->length);
    datagram_insert(g, p);
    index_pieces(t, g);

    int64_t size = 0;
    if (f->key.kind == FRAGMENT_MULTILINK) {
        size = join_multilink(t, f, key);
        g = NULL;
    } else if (g->reach >= g->end) {
        size = is_numbered(g) ? assemble_by_number(t, g, 0) : assemble_by_offset(t, g);
        if (size >= 0)
            datagram_remove(t, g, key, t->joined);
        g = NULL;
    }
    if (size < 0)
        return -1;
    if (g && g->pieces == FRAGMENT_PIECES)
        datagram_remove(t, g, key, t->dropped);
    *bytes = t->whole;
    while (t->memory > FRAGMENT_MEMORY || t->datagrams > FRAGMENT_DATAGRAMS)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): one that is removed is not the oldest any more */
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
    index_pieces(t, g);
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
        r->failed |= k.kind >= FRAGMENT_KINDS || !pieces;
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
        free(g->index);
        free(g);
    }
    free(t->buckets);
    free(t->whole);
    *t = (struct fragment_table){0};
}
