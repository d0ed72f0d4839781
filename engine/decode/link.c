/* Link types: the numbers of the pcap registry (https://www.tcpdump.org/linktypes.html). */
#include "../decode.h"

enum {
    LINK_ETHERNET = 1,
};

void decode_link(struct decoder *d, unsigned link_type, struct layer l)
{
    if (likely(link_type == LINK_ETHERNET)) {
        decode_ethernet(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_LINK_TYPE, link_type);
}
