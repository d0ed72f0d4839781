/* What UDP ports carry, where the user says so: the tunnels that are known, by Wireshark's names. */
#ifndef TCPREUSE_DECODE_AS_H
#define TCPREUSE_DECODE_AS_H

#include <stdbool.h>
#include <stdint.h>

struct decoder;
struct layer;

/* One of the names: see decode_as_names. */
struct decode_as {
    uint16_t first, last; /* ports, inclusive */
    uint8_t protocol;     /* the name's index */
};

/* Those of a run. Of two that a port is in, the one behind counts. */
struct decode_as_list {
    const struct decode_as *items;
    uint32_t count;
};

enum { DECODE_AS_NAMES = 24 };
extern const char *const decode_as_names[DECODE_AS_NAMES];

/* What the user says of this port; NULL: nothing. */
const struct decode_as *decode_as_find(const struct decode_as_list *list, unsigned port);
/* Decodes the payload of a UDP datagram so. False: it is something else. */
bool decode_as(struct decoder *d, const struct decode_as *as, struct layer l);

#endif
