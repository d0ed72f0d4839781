/* The rows of endpoints.csv, one for each client address and for each server address and port: conversations and
 * reuses, grouped by endpoint at the end of the capture. endpoint_rows.c feeds it.
 *
 * First all conversations are added. endpoints_group() takes the reuses and groups both, and then each endpoint
 * makes a row. Some 55 bytes a conversation and 100 an endpoint. One thread at a time. */
#ifndef TCPREUSE_ENDPOINTS_H
#define TCPREUSE_ENDPOINTS_H

#include "engine/conversations/hash.h"
#include "engine/conversations/history.h"
#include "engine/sink.h"

/* Compared as bytes: IPv4 before IPv6, then by address, then the client before the servers by port. */
struct endpoint_key {
    uint8_t family;      /* enum family */
    uint8_t address[16]; /* in network order; IPv4 has the first four */
    uint8_t is_server;
    uint8_t port[2]; /* of a server, in network order; else 0 */
};
_Static_assert(sizeof(struct endpoint_key) == 20, "hashed and compared as bytes");

struct endpoint {
    struct endpoint_key key;
    uint32_t conversations, reuses, failed;
    uint64_t first_conversation, first_reuse; /* in the members; set by endpoints_group() */
    /* Steps from one client port to the next different one, towards one server: all, those up by no more than
     * SMALL_STEP, and those down. */
    uint32_t steps, small_steps, steps_down;
    uint32_t last_server; /* while steps are counted: the last server with a conversation of this client */
    uint16_t last_port;
    uint32_t members; /* conversations that are grouped for it: all of them if its row is whole */
};

enum { ROLE_CLIENT, ROLE_SERVER, ROLES };

struct endpoint_conversation {
    int64_t first_time, last_time;
    uint32_t endpoint[ROLES];
    uint16_t port; /* the client's */
    uint8_t handshake;
    bool delayed; /* its SYN had to be sent again */
};
_Static_assert(sizeof(struct endpoint_conversation) == 32, "memory a conversation");

/* A reuse, as numbering notes it. */
struct endpoint_reuse {
    uint64_t stream; /* of the conversation that the segment belongs to */
    int64_t gap;     /* ns */
    uint8_t trigger, verdict, decimals;
};

struct endpoint_reuse_list {
    struct endpoint_reuse *items;
    uint32_t count, capacity;
};

/* A place in the hash table. */
struct endpoint_slot {
    uint32_t hash;
    uint32_t endpoint; /* + 1; 0: empty */
};

/* An endpoint of a conversation, to be looked up once the cache lines for that have arrived. */
struct endpoint_lookup {
    struct endpoint_key key;
    uint32_t hash;
    uint32_t *found;
};

enum { ENDPOINT_LOOKUPS = 64 };

struct endpoints {
    struct port_range range;
    struct hash_key key;
    struct endpoint *items;
    uint32_t count, capacity;
    struct endpoint_slot *slots; /* a power of two, more than count */
    uint32_t slot_count;
    struct endpoint_lookup lookups[ENDPOINT_LOOKUPS];
    unsigned lookup_count;
    struct endpoint_conversation *conversations; /* by stream */
    uint32_t conversation_count;
    const struct endpoint_reuse *reuses; /* the caller's */
    uint32_t reuse_count;
    uint32_t *conversation_members; /* by endpoint, and in the order of the capture */
    uint32_t *reuse_members;        /* by endpoint, and in the order of gaps */
    uint32_t *order;                /* endpoints as the report has them */
    uint64_t *whole;                /* bit i: item i has a whole row; NULL: all have */
    uint64_t member_count;
    /* Scratch of a row. */
    int64_t *times;      /* three a conversation of the largest endpoint */
    uint64_t *port_seen; /* a bit a port, all 0 between rows */
};

/* For this many conversations, which are streams 0 and up. key: for hashing. 0, or -1 when memory is short;
 * call endpoints_free() in either case. */
int endpoints_init(struct endpoints *e, uint64_t conversations, struct port_range range,
                   const struct hash_key *key);
void endpoints_free(struct endpoints *e);
/* h: histories_read_beginning(). 0, or -1 when memory is short. */
int endpoints_add_conversation(struct endpoints *e, uint64_t stream, const union conversation_any *c,
                               const struct history *h, enum family family);
/* After the last conversation: groups both by endpoint, and sorts the endpoints as the report has them. The
 * reuses stay the caller's. worst: as in struct sink; unless 0, only what the whole rows take is grouped, and endpoints
 * without reuses come last in any order. 0, or -1 when memory is short. */
int endpoints_group(struct endpoints *e, const struct endpoint_reuse *reuses, uint32_t count, uint32_t worst);
/* Item i of the list, not of the report. */
ALWAYS_INLINE bool endpoints_is_whole(const struct endpoints *e, uint32_t i)
{
    return !e->whole || e->whole[i / 64] >> i % 64 & 1;
}
/* Endpoint i of the report. Valid until endpoints_free(). */
void endpoints_row(struct endpoints *e, uint32_t i, struct endpoint_row *row);

#endif
