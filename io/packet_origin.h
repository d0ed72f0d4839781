/* What a capture file says of a frame beside the frame: enough to write it to another file as it was. */
#ifndef TCPREUSE_PACKET_ORIGIN_H
#define TCPREUSE_PACKET_ORIGIN_H

#include "engine/util.h"

/* Bytes stay where they are as long as the frame's do. In the file's byte order. */
struct packet_origin {
    const void *interface; /* differs for each interface of the capture */
    /* Its interface description block, whole, of a pcapng file; NULL: its options are not known any more, and
     * what a tick is. */
    const uint8_t *description;
    uint32_t description_length;
    bool swapped;   /* the other byte order than this machine's */
    bool has_ticks; /* the time stamp as it stands in the file; else the time is not given there */
    uint64_t ticks;
    const uint8_t *options; /* of the packet, up to the end of its block */
    uint32_t options_length;
};

#endif
