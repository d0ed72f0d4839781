/* Fragments of IP and of link layers: the list that a decoder adds them to, and the table that reassembles
 * datagrams. Other frames that can only be decoded in capture order take the same way.
 *
 * Frames are decoded in parallel and in no order, but a datagram is complete in the frame that brings its
 * last missing fragment. So a decoder only notes fragments, with copies of their bytes, in the list of its
 * lane. Settling, in capture order, feeds the lists to the table; a datagram that becomes complete is decoded
 * in the place of that frame.
 *
 * A datagram is complete when all bytes up to the end of the fragment without the more-fragments flag are
 * there. Where fragments overlap, the one with the lower offset counts; of equal ones, the earlier. A
 * fragment that arrives after its datagram was completed begins a new one. All this is what Wireshark does.
 *
 * Fragments of 802.11 have numbers instead of offsets. A last one that comes alone is a whole frame, since
 * some devices number frames so. Fragments of PPP multilink (RFC 1990) have one sequence number each, and
 * only the first and the last of a packet are marked: each is kept by its own number, and joined with its
 * neighbours. */
#ifndef TCPREUSE_FRAGMENTS_H
#define TCPREUSE_FRAGMENTS_H

#include "engine/conversations/hash.h"
#include "engine/conversations/segment.h"
#include "engine/frame.h"
#include "engine/saved.h"

enum fragment_kind {
    FRAGMENT_IPV4 = FAMILY_IPV4,
    FRAGMENT_IPV6 = FAMILY_IPV6,
    FRAGMENT_80211,
    FRAGMENT_MULTILINK, /* of PPP */
    FRAGMENT_LOWPAN,    /* by offset, as those of IP */
    FRAGMENT_L2TP,      /* no fragment: a message that depends on the control messages before it */
    FRAGMENT_BLUETOOTH, /* the same, in one packet of a link; or a part of it, by offset */
    FRAGMENT_KINDS
};

/* What fragments of one datagram have in common. Without padding: it is hashed. */
struct fragment_key {
    uint8_t source[16], destination[16]; /* of IPv4 the first 4, of MAC addresses the first 2, 6 or 8 */
    uint32_t id;                         /* of FRAGMENT_MULTILINK: the fragment's own number */
    uint16_t kind;                       /* enum fragment_kind */
    /* As in struct realm, where they belong to the key of conversations; else 0. */
    uint16_t vlan;
    uint32_t network, interface;
};
_Static_assert(sizeof(struct fragment_key) == 48, "no padding is hashed");

struct fragment {
    struct fragment_key key;
    struct frame frame; /* without data */
    uint32_t position;  /* frame's index in the lane << 8 | its segments */
    uint32_t offset;    /* of FRAGMENT_80211: the number; of FRAGMENT_MULTILINK: 0 for a first one, else 1 */
    uint32_t length;
    uint32_t network; /* decoder.network */
    uint16_t vlan;
    uint8_t
        next; /* what the datagram carries; of FRAGMENT_L2TP and FRAGMENT_BLUETOOTH, what the message is */
    uint8_t depth, bits;
    bool more;
    bool counted; /* the frame counts as unsupported because of this fragment */
    /* length bytes follow */
};

/* Fragments of a lane in capture order, each with its bytes, one behind the other. */
struct fragment_list {
    uint8_t *bytes;
    size_t used, capacity;
};

ALWAYS_INLINE size_t fragment_size(const struct fragment *f)
{
    return (sizeof *f + f->length + 15) & ~(size_t)15;
}
ALWAYS_INLINE const uint8_t *fragment_bytes(const struct fragment *f)
{
    return (const uint8_t *)(f + 1);
}
/* Adds one with room for its bytes; f->length is set. NULL when memory is short. */
struct fragment *fragment_list_add(struct fragment_list *list, const struct fragment *f,
                                   const uint8_t *bytes);

/* Limits of incomplete datagrams; 64 MiB are 5 ms of fragments at 100 Gbit/s. Beyond them the oldest datagram
 * is dropped. */
enum { FRAGMENT_MEMORY = 64 << 20, FRAGMENT_DATAGRAMS = 1 << 16, FRAGMENT_PIECES = 1 << 14 };
/* The most fragments of a PPP packet, as in Wireshark. */
enum { MULTILINK_PIECES = 6 };

struct datagram;

/* One thread at a time. */
struct fragment_table {
    struct datagram **buckets; /* allocated with the first fragment */
    struct datagram *oldest, *newest;
    uint32_t datagrams;
    size_t memory;
    uint8_t *whole; /* the datagram that was completed last */
    size_t whole_capacity;
    /* What happened to frames that counted as unsupported, since the caller last looked, by kind. */
    uint64_t joined[FRAGMENT_KINDS];  /* their datagram is complete */
    uint64_t dropped[FRAGMENT_KINDS]; /* their datagram was dropped */
};

/* Adds a fragment. > 0: its datagram is complete; *bytes are its bytes, valid until the next call, and the
 * result is their number. 0: it is not. < 0: memory is short. */
int64_t fragment_table_add(struct fragment_table *t, const struct fragment *f, const struct hash_key *key,
                           const uint8_t **bytes);
void fragment_table_free(struct fragment_table *t);
/* Appends the incomplete datagram *g, or the oldest one if *g is NULL, and moves *g to the next one, or to
 * NULL after the last. False: there is none. */
bool fragment_table_save(const struct fragment_table *t, const struct datagram **g, struct saved_writer *w);
/* Adds saved datagrams as the newest. 0, or -1 when memory is short; invalid contents set r->failed. */
int fragment_table_load(struct fragment_table *t, struct saved_reader *r, const struct hash_key *key);

#endif
