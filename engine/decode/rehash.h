/* The hash that decoding gives the segments of a tuple, for a tuple from a segment or a conversation. Under
 * generation 4.0 it is good for tags only: the shard comes from the addresses. Thread-safe. */
#ifndef TCPREUSE_REHASH_H
#define TCPREUSE_REHASH_H

#include "engine/conversations/conversation.h"
#include "engine/conversations/hash.h"

/* addresses: as in segments and conversations of the family; for FAMILY_KEYED, the realm follows. */
uint64_t rehash_tuple(const void *addresses, const uint16_t port[2], enum family family,
                      const struct hash_key *key);

#endif
