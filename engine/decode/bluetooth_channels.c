/* The table of ends of Bluetooth channels. */
#include "engine/decode/bluetooth_channels.h"
#include "engine/list.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t *bucket_of(const struct bluetooth_table *t, const struct bluetooth_end_key *key,
                           const struct hash_key *hash)
{
    uint64_t h = XXH3_64bits_withSecret(key, sizeof *key, hash->secret, HASH_SECRET_SIZE);
    return &t->buckets[h & (BLUETOOTH_ENDS - 1)];
}

struct bluetooth_end *bluetooth_find(const struct bluetooth_table *t, const struct bluetooth_end_key *key,
                                     const struct hash_key *hash)
{
    if (!t->count)
        return NULL;
    for (uint32_t i = *bucket_of(t, key, hash); i; i = t->ends[i - 1].chain)
        if (!memcmp(&t->ends[i - 1].key, key, sizeof *key))
            return &t->ends[i - 1];
    return NULL;
}

struct bluetooth_end *bluetooth_add(struct bluetooth_table *t, const struct bluetooth_end_key *key,
                                    const struct hash_key *hash, bool *failed)
{
    struct bluetooth_end *end = bluetooth_find(t, key, hash);
    if (end || t->count == BLUETOOTH_ENDS)
        return end;
    if (!t->buckets)
        t->buckets = calloc(BLUETOOTH_ENDS, sizeof *t->buckets);
    if (!t->buckets || list_reserve(&t->ends, &t->capacity, t->count + 1, sizeof *t->ends)) {
        *failed = true;
        return NULL;
    }
    end = &t->ends[t->count++];
    uint32_t *bucket = bucket_of(t, key, hash);
    *end = (struct bluetooth_end){.key = *key, .chain = *bucket};
    *bucket = t->count;
    return end;
}

void bluetooth_table_free(struct bluetooth_table *t)
{
    free(t->ends);
    free(t->buckets);
    *t = (struct bluetooth_table){0};
}

bool bluetooth_table_save(const struct bluetooth_table *t, uint32_t number, struct saved_writer *w)
{
    if (number >= t->count)
        return false;
    const struct bluetooth_end *end = &t->ends[number];
    saved_put(w, &end->key, sizeof end->key);
    saved_put32(w, end->service);
    saved_put32(w, end->peer);
    saved_put32(w, end->number);
    saved_put32(w, end->offset);
    saved_put32(w, end->wanted);
    return true;
}

int bluetooth_table_load(struct bluetooth_table *t, struct saved_reader *r, const struct hash_key *hash)
{
    while (!saved_is_done(r)) {
        struct bluetooth_end_key key;
        saved_get(r, &key, sizeof key);
        bool failed = false;
        r->failed |= bluetooth_find(t, &key, hash) || t->count == BLUETOOTH_ENDS;
        struct bluetooth_end *end = r->failed ? NULL : bluetooth_add(t, &key, hash, &failed);
        if (!end)
            return failed ? -1 : 0;
        end->service = (uint16_t)saved_get32(r);
        end->peer = (uint16_t)saved_get32(r);
        end->number = saved_get32(r);
        end->offset = saved_get32(r);
        end->wanted = saved_get32(r);
        r->failed |= end->offset > end->wanted; /* of a message under way; 0 of all others */
    }
    return 0;
}
