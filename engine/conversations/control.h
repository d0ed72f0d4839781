/* FTP control connections under generation 4.0: which of their segments are read. Bytes that come again are
 * not: so each connection has to be followed. The CONTROL_MAX that had a segment last are, with 128 bytes
 * each; what comes on one that was given up is taken as the first of a connection. */
#ifndef TCPREUSE_CONTROL_H
#define TCPREUSE_CONTROL_H

#include "engine/conversations/tuple.h"
#include "engine/decode/ftp.h"
#include "engine/rules.h"

enum { CONTROL_MAX = 1 << 15 };

/* One direction of it. */
struct control_flow {
    uint32_t next;         /* the sequence number behind the highest seen; 0: none yet */
    uint32_t acknowledged; /* the number that its last segment acknowledged; 0: none */
    int64_t time;          /* of its last segment */
    uint32_t repeats;      /* segments that did nothing but acknowledge the same once more */
    uint32_t window;       /* of its last segment */
};

struct control {
    struct tuple tuple;
    struct rules_state state;
    struct control_flow flow[2];
    uint32_t older, newer; /* by their last segment; index + 1 */
    uint32_t chain;        /* index + 1 of the next one with the same bucket */
};

/* Zeroed: empty. One thread at a time. */
struct control_table {
    struct control *items;
    uint32_t *buckets;        /* index + 1 */
    uint32_t count, capacity; /* of items; there are as many buckets as room for items */
    uint32_t oldest, newest;
};

/* The next segment of a control connection, in capture order. 1: it is read; 0: not; -1: memory is short. */
int control_add(struct control_table *t, const struct ftp_segment *f, const struct hash_key *key);
void control_free(struct control_table *t);

#endif
