/* Connections that FTP has announced and that have not begun (ftp.h): generation 4.0 takes them as created.
 * Each shard has one such table for each family. Of all that are announced in a run only the newest
 * ANNOUNCED_MAX count, so a table holds no more: 64 bytes each. */
#ifndef TCPREUSE_ANNOUNCED_H
#define TCPREUSE_ANNOUNCED_H

#include "engine/conversations/tuple.h"

enum { ANNOUNCED_MAX = 1 << 16 };

/* One announcement of a batch. From settling; read by the shards. */
struct announcement {
    struct tuple half; /* who has the port that is known, and the other host, whose port may be any */
    uint32_t position; /* frame's index in the batch << 8 | number of its segment in the frame */
    uint32_t shard;    /* that it concerns */
};

/* In the order of their positions. */
struct announcement_list {
    struct announcement *items;
    uint32_t count, capacity;
    uint64_t before; /* announcements of the run before the first */
};

struct announced {
    struct tuple half;
    uint64_t number; /* in the run */
    uint32_t next;   /* place in the ring + 1 of the next newer one with the same bucket; 0: none */
    bool taken;
};

/* Places in the ring + 1. The oldest of all is the oldest of its bucket, so it goes without a search, however
 * many are equal. */
struct announced_bucket {
    uint32_t oldest, newest;
};

/* A ring, oldest first, with a hash table into it. Zeroed: empty. One thread at a time. */
struct announced_table {
    const struct hash_key *key;
    struct announced *ring;
    struct announced_bucket *buckets;
    uint32_t capacity; /* of both; a power of two, or 0 */
    uint64_t first, end;
    uint32_t waiting; /* that are not taken */
};

/* Takes in the announcement with this number. 0, or -1 when memory is short. */
int announced_add(struct announced_table *t, const struct tuple *half, uint64_t number);
/* A connection begins with this segment, when so many announcements were made in the run: true if it was
 * announced, and then that is used up. */
bool announced_take(struct announced_table *t, const struct segment *s, enum family family, uint64_t made);
/* So many were made: those that do not count any more are dropped. */
void announced_drop(struct announced_table *t, uint64_t made);
void announced_free(struct announced_table *t);

#endif
