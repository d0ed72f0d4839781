/* Bluetooth: the channels of L2CAP that signals have opened, and what they carry.
 *
 * A channel has an end, a number, at each of the two devices of a link. Which channel a message belongs to is decided as Wireshark
 * does it: who asks for a channel names its own end, and the answer the other one; what was said last of an end holds. */
#ifndef TCPREUSE_BLUETOOTH_CHANNELS_H
#define TCPREUSE_BLUETOOTH_CHANNELS_H

#include "engine/conversations/hash.h"
#include "engine/saved.h"

/* No more ends than this are kept, 36 bytes each. What is opened beyond it is not followed. */
enum { BLUETOOTH_ENDS = 1 << 16 };

/* Which end. Without padding: it is hashed. */
struct bluetooth_end_key {
    uint32_t network,
        interface; /* as in struct realm, where they belong to the key of conversations; else 0 */
    uint16_t adapter, link;
    uint32_t
        end; /* number << 1 | the device; number 0: no end, but what the device sends in several packets */
};
_Static_assert(sizeof(struct bluetooth_end_key) == 16, "no padding is hashed");

struct bluetooth_end {
    struct bluetooth_end_key key;
    uint16_t service; /* PSM; 0: closed */
    uint16_t peer;    /* number of the other end; 0: not known yet */
    uint32_t number;  /* of number 0: of the message under way */
    uint32_t offset;  /* of number 0: how much of it is there */
    uint32_t
        wanted; /* of number 0: its length, 0: none is under way; else whether what comes has control fields */
    uint32_t chain; /* in its bucket; index + 1 */
};

/* Zeroed, it is empty. One thread at a time. */
struct bluetooth_table {
    struct bluetooth_end *ends;
    uint32_t count, capacity;
    uint32_t *buckets; /* allocated with the first end */
};

/* NULL: there is none. Valid until one is added. */
struct bluetooth_end *bluetooth_find(const struct bluetooth_table *t, const struct bluetooth_end_key *key,
                                     const struct hash_key *hash);
/* The one that is there, or a new one, zeroed but for its key. NULL: no more are kept, or, if *failed is set, memory is short. */
struct bluetooth_end *bluetooth_add(struct bluetooth_table *t, const struct bluetooth_end_key *key,
                                    const struct hash_key *hash, bool *failed);
void bluetooth_table_free(struct bluetooth_table *t);

/* Appends the end with this number. False: there is none. */
bool bluetooth_table_save(const struct bluetooth_table *t, uint32_t number, struct saved_writer *w);
/* Adds ends as they were saved. 0, or -1 when memory is short; what makes no sense fails the reader. */
int bluetooth_table_load(struct bluetooth_table *t, struct saved_reader *r, const struct hash_key *hash);

#endif
