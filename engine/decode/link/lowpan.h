/* 6LoWPAN: IPv6 in frames that are too small for it. */
#ifndef TCPREUSE_DECODE_LOWPAN_H
#define TCPREUSE_DECODE_LOWPAN_H

#include "engine/decode/protocols.h"

/* Of a frame, most significant byte first. */
struct lowpan_address {
    uint8_t size; /* 0, 2, 8, or 6 of Ethernet */
    uint8_t bytes[8];
};

/* What begins like 6LoWPAN. */
void decode_lowpan(struct decoder *d, const struct lowpan_address *source,
                   const struct lowpan_address *destination, struct layer l);

#endif
