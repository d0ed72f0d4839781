/* Community ID, version 1: the hash of a connection's addresses and ports by which reports of several programs
 * find each other. https://github.com/corelight/community-id-spec
 *
 * community_id_stub.c has these functions in a build without the library. */
#ifndef TCPREUSE_COMMUNITY_ID_H
#define TCPREUSE_COMMUNITY_ID_H

#include "engine/sink.h"

enum { COMMUNITY_ID_LENGTH = 30 };

/* Is it in this build? Else the others are not to be called. */
bool community_id_available(void);
/* Writes COMMUNITY_ID_LENGTH bytes and returns the end. Thread-safe. */
char *community_id_put(char *p, uint16_t seed, const union conversation_any *c, enum family family);

#endif
