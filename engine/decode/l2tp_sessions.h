/* L2TP version 3 (RFC 3931): the sessions that control messages have announced, and what they carry.
 *
 * Messages are assigned to sessions as in Wireshark. A tunnel is everything that the sender of a first SCCRQ,
 * its first end, and the receiver, its second end, exchange. What requests for a session announce belongs to
 * the first end, whoever sent them; what replies announce, to the second. An id of 0 is not known yet. */
#ifndef TCPREUSE_L2TP_SESSIONS_H
#define TCPREUSE_L2TP_SESSIONS_H

#include "engine/decode/fragments.h"

/* Limits. 64 bytes a tunnel and 20 a session. What is announced beyond the limits is not followed. */
enum { L2TP_TUNNELS = 1 << 12, L2TP_SESSIONS = 1 << 16, L2TP_SESSIONS_OF_TUNNEL = 1 << 10 };

struct l2tp_session {
    uint32_t id[2];     /* of the tunnel's ends */
    uint16_t cookie[2]; /* bytes before what is sent to an end */
    uint16_t wire;      /* pseudowire type (RFC 4446 and others); 0: not known */
    uint8_t sublayer[2];
    uint32_t next; /* of the tunnel, in the order of their announcement; index + 1; 0: none */
};
_Static_assert(sizeof(struct l2tp_session) == 20, "memory a session");

struct l2tp_tunnel {
    /* source: the first end; id: its UDP port, or L2TP_OVER_IP. The other end's port does not count. */
    struct fragment_key key;
    uint32_t first, last; /* sessions; index + 1 */
    uint32_t count;
    uint32_t chain; /* in its bucket; index + 1 */
};
_Static_assert(sizeof(struct l2tp_tunnel) == 64, "memory a tunnel");
enum { L2TP_OVER_IP = 1 << 16, L2TP_IPV6 = 1 << 17 };

/* Zeroed, it is empty. One thread at a time. */
struct l2tp_table {
    struct l2tp_tunnel *tunnels;
    uint32_t tunnel_count, tunnel_capacity;
    struct l2tp_session *sessions;
    uint32_t session_count, session_capacity;
    uint32_t buckets[L2TP_TUNNELS];
};

/* NULL: there is none. */
struct l2tp_tunnel *l2tp_find(struct l2tp_table *t, const struct fragment_key *key,
                              const struct hash_key *hash);
/* Adds a tunnel that is not there yet, unless there are L2TP_TUNNELS. 0, or -1 when memory is short. */
int l2tp_add_tunnel(struct l2tp_table *t, const struct fragment_key *key, const struct hash_key *hash);
/* The first session of the tunnel with either of these ids at the tunnel's ends; NULL: there is none. */
struct l2tp_session *l2tp_session_of(struct l2tp_table *t, const struct l2tp_tunnel *tunnel,
                                     const uint32_t id[2]);
/* Adds a session, zeroed except for its ids. NULL if a limit is reached or, with *failed set, memory is
 * short. Does not move tunnels. */
struct l2tp_session *l2tp_add_session(struct l2tp_table *t, struct l2tp_tunnel *tunnel, const uint32_t id[2],
                                      bool *failed);
void l2tp_table_free(struct l2tp_table *t);

/* Appends the tunnel with this number, and its sessions. False: there is none. */
bool l2tp_table_save(const struct l2tp_table *t, uint32_t tunnel, struct saved_writer *w);
/* Adds saved tunnels. 0, or -1 when memory is short; invalid contents set r->failed. */
int l2tp_table_load(struct l2tp_table *t, struct saved_reader *r, const struct hash_key *hash);

#endif
