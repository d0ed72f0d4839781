/* Mobile IP over UDP, RFC 3519, 3.3: | type 1, 4 is data | next header 1 | reserved 2 | IP. The next header
 * is not looked at: Wireshark takes what follows for IP. */
#include "engine/decode/protocols.h"

void decode_mobile_ip(struct decoder *d, struct layer l)
{
    if (decoder_enter(d) && layer_u8(&l, 0) == 4 && decoder_need(d, &l, 4, SUBJECT_IPV4))
        decode_ipv4(d, layer_after(l, 4));
}
