/* The network that a conversation belongs to, in words: "VLAN 7, interface 2, VNI 99". */
#ifndef TCPREUSE_REALM_WORDS_H
#define TCPREUSE_REALM_WORDS_H

#include "engine/sink.h"

#include <stddef.h>

enum { REALM_WORDS_MAX = 64 };

/* Names the parts that are in the key (enum key_parts) and present. Text becomes "" where there are none. Returns its
 * length. Any thread. */
size_t realm_words(char text[REALM_WORDS_MAX], unsigned key_parts, const struct realm *realm);

#endif
