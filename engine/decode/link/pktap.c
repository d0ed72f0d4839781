/* Apple's pktap: which interface and process a packet belongs to (LINKTYPE_PKTAP).
 *
 *     | header length 4 | record type 4 | link type 4 | interface name 24 | flags 4 | ...     little endian
 */
#include "engine/decode/protocols.h"

enum { PKTAP_HEADER_MIN = 108, PKTAP_RECORD_PACKET = 1 };

void decode_pktap(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, PKTAP_HEADER_MIN, SUBJECT_PKTAP) || !decoder_enter(d))
        return;
    uint32_t size = layer_le32(&l, 0);
    if (size < PKTAP_HEADER_MIN) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_PKTAP, 0);
        return;
    }
    if (layer_le32(&l, 4) == PKTAP_RECORD_PACKET)
        decode_link(d, layer_le32(&l, 8), layer_after(l, size));
}
