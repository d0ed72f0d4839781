/* Bytes as segments, for the targets that put some through tables and rules. */
#ifndef TCPREUSE_FUZZ_SEGMENTS_H
#define TCPREUSE_FUZZ_SEGMENTS_H

#include "tests/support/traffic.h"

#include <stddef.h>

/* Segments of 6 bytes each, 2,000 at most, of 16 tuples:
 *
 *     | direction 1 bit, tuple 7 bits | flags 8 | flags' upper 4 bits, kind of header 4 | seq 3, ack 3, payload 2 | time 16 |
 *
 * The caller frees the traffic. */
void segments_traffic(struct traffic *t, const uint8_t *bytes, size_t count);

#endif
