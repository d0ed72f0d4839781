/* IPComp, RFC 3173, 3: | next header 1 | flags 1 | CPI 2 | compressed data |
 *
 * DEFLATE (RFC 2394) is the only algorithm that is looked for, whatever the CPI says: often it was
 * negotiated. */
#include "engine/decode/inflate.h"
#include "engine/decode/protocols.h"

#include <stdlib.h>

enum { PACKET_MAX = 65536 };

void decode_ipcomp(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_IPCOMP) || !decoder_enter(d))
        return;
    unsigned next = layer_u8(&l, 0);
    l = layer_after(l, 4);
    uint8_t *packet = malloc(PACKET_MAX);
    if (!packet) {
        d->failed = true;
        return;
    }
    uint32_t size = (uint32_t)inflate_packet(packet, PACKET_MAX, l.at, l.captured);
    if (size) {
        struct ip_addresses ip = d->ip; /* the packet's go with it */
        decode_ip_protocol(d, next, (struct layer){.at = packet, .captured = size, .length = size});
        d->ip = ip;
    } else {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 108);
    }
    free(packet);
}
