/* The hash of a tuple that comes from elsewhere, out of a segment or a conversation: the one that decoding gives its
 * segments. Under generation 4.0 it tells tags only: the shard comes from the addresses. Thread-safe. */
#ifndef TCPREUSE_REHASH_H
#define TCPREUSE_REHASH_H

#include "engine/conversations/conversation.h"
#include "engine/conversations/hash.h"

/* addresses: as segments and conversations of the family have them, with the realm behind them where it is FAMILY_KEYED. */
uint64_t rehash_tuple(const void *addresses, const uint16_t port[2], enum family family,
                      const struct hash_key *key);

#endif
