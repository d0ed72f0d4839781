/* IPComp, RFC 3173, 3: | next header 1 | flags 1 | CPI 2 | compressed data |
 *
 * DEFLATE (RFC 2394) is the only algorithm that is looked for, whatever the CPI says: often it was
 * negotiated.
 *
 * The frame's bytes can vanish while they are read (somebody cuts a mapped file), and a jump then leaves the
 * code that reads them. So the compressed bytes are copied first, into the decoder's own memory, and zlib,
 * which allocates, reads only that. The packets lie in the decoder's memory, too. */
#include "engine/decode/inflate.h"
#include "engine/decode/protocols.h"

#include <stdlib.h>

enum { PACKET_MAX = 65536 };

/* Kept from frame to frame. */
struct ipcomp_memory {
    uint8_t *compressed;
    size_t capacity;
    uint8_t *packet[DECODE_DEPTH]; /* one for each depth, since a packet may hold a compressed one */
};

/* A copy of the compressed bytes, and room for the packet. NULL when memory is short. */
static struct ipcomp_memory *prepare(struct decoder *d, unsigned depth, struct layer l)
{
    struct ipcomp_memory *m = d->ipcomp;
    if (!m && !(m = d->ipcomp = calloc(1, sizeof *m)))
        return NULL;
    if (!m->packet[depth] && !(m->packet[depth] = malloc(PACKET_MAX)))
        return NULL;
    if (m->capacity < l.captured) {
        uint8_t *grown = realloc(m->compressed, MAX((size_t)l.captured, (size_t)PACKET_MAX));
        if (!grown)
            return NULL;
        m->compressed = grown;
        m->capacity = MAX((size_t)l.captured, (size_t)PACKET_MAX);
    }
    if (l.captured)
        memcpy(m->compressed, l.at, l.captured);
    return m;
}

void decode_ipcomp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_IPCOMP) || !decoder_enter(d))
        return;
    const unsigned next = layer_u8(&l, 0), depth = d->depth - 1u;
    l = layer_after(l, 4);
    struct ipcomp_memory *m = prepare(d, depth, l);
    if (!m) {
        d->failed = true;
        return;
    }
    const uint8_t *packet = m->packet[depth];
    uint32_t size = (uint32_t)inflate_packet(m->packet[depth], PACKET_MAX, m->compressed, l.captured);
    if (size) {
        struct ip_addresses ip = d->ip; /* the packet's go with it */
        decode_ip_protocol(d, next, (struct layer){.at = packet, .captured = size, .length = size});
        d->ip = ip;
    } else {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 108);
    }
}

void ipcomp_memory_free(struct ipcomp_memory *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < DECODE_DEPTH; i++)
        free(m->packet[i]);
    free(m->compressed);
    free(m);
}
