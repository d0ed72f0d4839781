/* A frame as a source hands it to the decoder: one record of a capture. */
#ifndef TCPREUSE_FRAME_H
#define TCPREUSE_FRAME_H

#include "engine/util.h"

/* The link type of records that have a frame number and hold no packet of any kind. They may have no time: then it is 0. */
enum { LINK_TYPE_NOT_A_PACKET = 0xffff };

/* Time stamps are nanoseconds since the epoch, with the number of decimals that the capture really has. */
struct frame {
    const uint8_t *data; /* captured bytes; owned by the source, valid while the batch is decoded */
    int64_t time;        /* ns since 1970-01-01 UTC */
    uint32_t captured;   /* bytes at data */
    uint32_t length;     /* bytes on the wire, as the record says; may be less than captured in odd files */
    union {
        struct {
            uint16_t link_type; /* LINKTYPE_ value of the pcap registry */
            uint8_t decimals;   /* of the time stamp: 0 to 9 */
            uint8_t fcs; /* bytes of frame check sequence at the end of the frame, when the capture says so */
        };
        uint32_t kind; /* all of them, in one store */
    };
    /* Of a source that was asked for it (key_parts, KEY_INTERFACE): the interface's number in its file, or the port's.
     * Of others it is undefined. */
    uint32_t interface;
};

_Static_assert(sizeof(struct frame) == 32, "two frames a cache line");

#endif
