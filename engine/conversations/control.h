/* FTP control connections under generation 4.0: which of their segments it reads. It does not read
 * retransmissions, so connections are followed: the CONTROL_MAX most recently active ones, 124 bytes each. A
 * segment of a connection that was dropped counts as the first of its connection. */
#ifndef TCPREUSE_CONTROL_H
#define TCPREUSE_CONTROL_H

#include "engine/conversations/ftp_segment.h"
#include "engine/conversations/tuple.h"
#include "engine/rules.h"

enum { CONTROL_MAX = 1 << 15 };

/* One direction of a control connection. */
struct control_flow {
    uint32_t next;         /* highest sequence number seen + 1; 0: none yet */
    uint32_t acknowledged; /* by its last segment; 0: none */
    int64_t time;          /* of its last segment; ns */
    uint32_t repeats;      /* duplicate acknowledgements in a row */
    uint32_t window;       /* of its last segment */
};

struct control {
    struct tuple tuple;
    struct rules_state state;
    struct control_flow flow[2];
    uint32_t older, newer; /* by last segment; index + 1 */
    uint32_t chain;        /* index + 1 of the next one in the same bucket */
};
_Static_assert(sizeof(struct control) == 120, "memory a control connection, with 4 bytes in the buckets");

/* Zeroed: empty. One thread at a time. */
struct control_table {
    struct control *items;
    uint32_t *buckets;        /* index + 1 of the first of each chain; 0: empty */
    uint32_t count, capacity; /* of items; as many buckets as capacity */
    uint32_t oldest, newest;
};

/* The next segment of a control connection, in capture order. 1: 4.0 reads it; 0: it does not; -1: memory is
 * short. */
int control_add(struct control_table *t, const struct ftp_segment *f, const struct hash_key *key);
/* Puts a connection back that another run followed; those with older last segments come first. 0, or -1 when memory is short. */
int control_restore(struct control_table *t, const struct control *saved, const struct hash_key *key);
void control_free(struct control_table *t);

#endif
