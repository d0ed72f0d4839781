/* IP of either version, and what it carries: the protocol numbers of IANA. */
#include "../decode.h"

enum {
    PROTOCOL_TCP = 6,
    PROTOCOL_ESP = 50,
};

void decode_ip_protocol(struct decoder *d, unsigned protocol, struct layer l)
{
    if (likely(protocol == PROTOCOL_TCP)) {
        decode_tcp(d, l);
        return;
    }
    if (protocol == PROTOCOL_ESP)
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, protocol);
}

void decode_ip_any(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 1, SUBJECT_IP_VERSION))
        return;
    switch (layer_u8(&l, 0) >> 4) {
    case 4:
        decode_ipv4(d, l);
        return;
    case 6:
        decode_ipv6(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_IP_VERSION, 0);
}
