/* OpenBSD's IPsec and packet filter taps (LINKTYPE_ENC, LINKTYPE_PFLOG).
 *
 *     | address family 4, host order | SPI 4 | flags 4 | IP ...                                  enc
 *     | header length 1 | address family 1 | action 1 | reason 1 | interface 16 | ... | IP ...   pflog
 */
#include "engine/decode/protocols.h"

enum { OPENBSD_INET = 2, OPENBSD_INET6 = 24 };

static void decode_enc_family(struct decoder *d, uint32_t family, struct layer l)
{
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    if (family == OPENBSD_INET)
        decode_ipv4(d, l);
    else if (family == OPENBSD_INET6)
        decode_ipv6(d, l);
}

void decode_enc(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 12, SUBJECT_ENC) && decoder_enter(d))
        decode_enc_family(d, layer_le32(&l, 0), layer_after(l, 12));
}

void decode_pflog(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_PFLOG) || !decoder_enter(d))
        return;
    uint32_t size = layer_u8(&l, 0);
    decode_bsd_family(d, layer_u8(&l, 1), layer_after(l, (size + 3) & ~3u));
}
