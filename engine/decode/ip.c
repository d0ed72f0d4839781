/* What IP carries: the protocol numbers of IANA. */
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
