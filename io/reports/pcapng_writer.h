/* Writes packets of other captures to a pcapng file: one section in this machine's byte order, interfaces as they are
 * needed. One thread at a time. */
#ifndef TCPREUSE_PCAPNG_WRITER_H
#define TCPREUSE_PCAPNG_WRITER_H

#include "engine/frame.h"
#include "io/packet_origin.h"

#include <stdio.h>

struct pcapng_writer;

/* A packet, and where it comes from. */
struct written_packet {
    const struct frame *frame;
    size_t
        order; /* of its file; frames of one file and kind are of one interface, unless origin tells more */
    const struct packet_origin *origin; /* NULL: nothing more is known than the frame */
    bool moved;                         /* the frame's time counts, not that of its origin */
    const char *comment;                /* NULL: none */
};

/* Begins the section. The stream stays the caller's, and outlives the writer's use. NULL with errno. */
struct pcapng_writer *pcapng_writer_begin(FILE *to);
/* Makes the packet's block, behind one for its interface if that is new. Reads the packet's bytes, so that it may have to
 * be guarded (io/guard.h); it may break off there and be called again. 0, or -1 when memory is short. */
int pcapng_writer_make(struct pcapng_writer *w, const struct written_packet *packet);
/* Writes what was made last. 0, or -1 with errno. */
int pcapng_writer_put(struct pcapng_writer *w);
/* NULL is fine. */
void pcapng_writer_free(struct pcapng_writer *w);

#endif
