/* The table of L2TP sessions. */
#include "engine/decode/l2tp_sessions.h"
#include "engine/list.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t *bucket_of(struct l2tp_table *t, const struct fragment_key *key, const struct hash_key *hash)
{
    uint64_t h = XXH3_64bits_withSecret(key, sizeof *key, hash->secret, HASH_SECRET_SIZE);
    return &t->buckets[h & (L2TP_TUNNELS - 1)];
}

struct l2tp_tunnel *l2tp_find(struct l2tp_table *t, const struct fragment_key *key,
                              const struct hash_key *hash)
{
    if (!t->tunnel_count)
        return NULL;
    for (uint32_t i = *bucket_of(t, key, hash); i; i = t->tunnels[i - 1].chain)
        if (!memcmp(&t->tunnels[i - 1].key, key, sizeof *key))
            return &t->tunnels[i - 1];
    return NULL;
}

int l2tp_add_tunnel(struct l2tp_table *t, const struct fragment_key *key, const struct hash_key *hash)
{
    if (t->tunnel_count == L2TP_TUNNELS)
        return 0;
    if (list_reserve(&t->tunnels, &t->tunnel_capacity, t->tunnel_count + 1, sizeof *t->tunnels))
        return -1;
    uint32_t *bucket = bucket_of(t, key, hash);
    t->tunnels[t->tunnel_count++] = (struct l2tp_tunnel){.key = *key, .chain = *bucket};
    *bucket = t->tunnel_count;
    return 0;
}

struct l2tp_session *l2tp_session_of(struct l2tp_table *t, const struct l2tp_tunnel *tunnel,
                                     const uint32_t id[2])
{
    for (uint32_t i = tunnel->first; i; i = t->sessions[i - 1].next) {
        struct l2tp_session *s = &t->sessions[i - 1];
        if (s->id[0] == id[0] || s->id[1] == id[1])
            return s;
    }
    return NULL;
}

struct l2tp_session *l2tp_add_session(struct l2tp_table *t, struct l2tp_tunnel *tunnel, const uint32_t id[2],
                                      bool *failed)
{
    if (t->session_count == L2TP_SESSIONS || tunnel->count == L2TP_SESSIONS_OF_TUNNEL)
        return NULL;
    if (list_reserve(&t->sessions, &t->session_capacity, t->session_count + 1, sizeof *t->sessions)) {
        *failed = true;
        return NULL;
    }
    struct l2tp_session *s = &t->sessions[t->session_count++];
    *s = (struct l2tp_session){.id = {id[0], id[1]}};
    *(tunnel->last ? &t->sessions[tunnel->last - 1].next : &tunnel->first) = t->session_count;
    tunnel->last = t->session_count;
    tunnel->count++;
    return s;
}

void l2tp_table_free(struct l2tp_table *t)
{
    free(t->tunnels);
    free(t->sessions);
    *t = (struct l2tp_table){0};
}

bool l2tp_table_save(const struct l2tp_table *t, uint32_t tunnel, struct saved_writer *w)
{
    if (tunnel >= t->tunnel_count)
        return false;
    const struct l2tp_tunnel *from = &t->tunnels[tunnel];
    saved_put(w, &from->key, sizeof from->key);
    saved_put32(w, from->count);
    for (uint32_t i = from->first; i; i = t->sessions[i - 1].next) {
        const struct l2tp_session *s = &t->sessions[i - 1];
        for (unsigned end = 0; end < 2; end++) {
            saved_put32(w, s->id[end]);
            saved_put32(w, s->cookie[end]);
            saved_put8(w, s->sublayer[end]);
        }
        saved_put32(w, s->wire);
    }
    return true;
}

int l2tp_table_load(struct l2tp_table *t, struct saved_reader *r, const struct hash_key *hash)
{
    while (!saved_is_done(r)) {
        struct fragment_key key;
        saved_get(r, &key, sizeof key);
        const uint32_t count = saved_get32(r);
        r->failed |=
            count > L2TP_SESSIONS_OF_TUNNEL || l2tp_find(t, &key, hash) || t->tunnel_count == L2TP_TUNNELS;
        if (r->failed)
            return 0;
        if (l2tp_add_tunnel(t, &key, hash))
            return -1;
        for (uint32_t i = 0; i < count && !r->failed; i++) {
            struct l2tp_session s = {0};
            for (unsigned end = 0; end < 2; end++) {
                s.id[end] = saved_get32(r);
                s.cookie[end] = (uint16_t)saved_get32(r);
                s.sublayer[end] = saved_get8(r);
            }
            s.wire = (uint16_t)saved_get32(r);
            bool failed = false;
            struct l2tp_session *to = l2tp_add_session(t, &t->tunnels[t->tunnel_count - 1], s.id, &failed);
            if (failed)
                return -1;
            if (to) {
                s.next = to->next;
                *to = s;
            }
            r->failed |= !to;
        }
    }
    return 0;
}
