/* The hash of a conversation that comes from elsewhere: the one that decoding gives its segments. Not
 * under generation 4.0, where the shard comes from another one. Thread-safe. */
#ifndef TCPREUSE_REHASH_H
#define TCPREUSE_REHASH_H

#include "engine/conversations/conversation.h"
#include "engine/conversations/hash.h"

uint64_t rehash_conversation(const union conversation_any *c, enum family family, const struct hash_key *key);

#endif
