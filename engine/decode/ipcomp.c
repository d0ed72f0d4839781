/* IPComp, RFC 3173, 3: | next header 1 | flags 1 | CPI 2 | compressed data. */
#include "../decode.h"

void decode_ipcomp(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 4, SUBJECT_IPCOMP) && decoder_enter(d))
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 108);
}
