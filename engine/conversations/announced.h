/* Connections that FTP has announced and that have not begun yet (ftp_segment.h): generation 4.0 considers
 * them created. Each shard has one table a family. Only the newest ANNOUNCED_MAX announcements of a run
 * count, so a table holds no more; 64 bytes each. */
#ifndef TCPREUSE_ANNOUNCED_H
#define TCPREUSE_ANNOUNCED_H

#include "engine/conversations/tuple.h"

enum { ANNOUNCED_MAX = 1 << 16 };

/* One announcement of a batch. Written by settling before the batch is settled, read by the shards after
 * (BATCH_SETTLED, release and acquire). */
struct announcement {
    struct tuple half; /* the endpoint whose port is known, and the other host, with port 0 */
    uint32_t position; /* in the batch: see events.h */
    uint32_t shard;    /* that owns the two hosts */
};

/* In order of position. */
struct announcement_list {
    struct announcement *items;
    uint32_t count, capacity;
    uint64_t before; /* announcements in the run before the first of these */
};

struct announced {
    struct tuple half;
    uint64_t number; /* of the announcement in the run */
    uint32_t next;   /* place in the ring + 1 of the next newer one in its bucket; 0: none */
    bool taken;      /* by the connection that it announced, or dropped */
};

/* Places in the ring + 1. The oldest announcement of all is also the oldest of its bucket, so dropping it
 * takes no search, even if many are equal. */
struct announced_bucket {
    uint32_t oldest, newest;
};
_Static_assert(sizeof(struct announced) + sizeof(struct announced_bucket) == 64, "memory an announcement");

/* A ring, oldest first, and a hash table into it. Zeroed but for key, it is empty. One thread at a time. */
struct announced_table {
    const struct hash_key *key;
    struct announced *ring;
    struct announced_bucket *buckets;
    uint32_t capacity;   /* of both; a power of two, or 0 */
    uint64_t first, end; /* of the ring; they run freely, and places are taken modulo capacity */
    uint32_t waiting;    /* in the ring and not taken */
};

/* Adds the announcement with this number; numbers rise. 0, or -1 when memory is short. */
int announced_add(struct announced_table *t, const struct tuple *half, uint64_t number);
/* A connection begins with this segment, after `made` announcements in the run. True if it was announced; the
 * announcement is removed then. */
bool announced_take(struct announced_table *t, const struct segment *s, enum family family, uint64_t made);
/* Drops what no longer counts after `made` announcements. */
void announced_drop(struct announced_table *t, uint64_t made);
void announced_free(struct announced_table *t);

#endif
