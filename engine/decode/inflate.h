/* Inflating one packet. */
#ifndef TCPREUSE_INFLATE_H
#define TCPREUSE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Inflates size bytes at from, a raw deflate stream (RFC 1951) or a zlib stream (RFC 1950), into room bytes
 * at to. What comes out until the input or the room ends counts. Returns the number of bytes; 0 when the
 * input is none of these, or when this build has no zlib. Any thread. */
size_t inflate_packet(uint8_t *to, size_t room, const uint8_t *from, size_t size);

#endif
