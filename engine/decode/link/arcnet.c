/* ARCNET (RFC 1201, RFC 1051), as BSD and as Linux capture it.
 *
 *     | source 1 | destination 1 | type 1 | split flag 1 | sequence number 2 | ...                BSD
 *     | source 1 | destination 1 | offset 2 | type 1 | split flag 1 | sequence number 2 | ...    Linux
 *
 * The types of RFC 1051 and LLC have neither flag nor number. A flag of FF marks an exception packet, whose
 * true flag follows four bytes later.
 */
#include "engine/decode/protocols.h"

enum {
    TYPE_IP_RFC1051 = 240,
    TYPE_IPV6 = 196,
    TYPE_LLC = 205,
    TYPE_IP = 212,

    FLAG_EXCEPTION = 0xff,
};

static void decode_arcnet(struct decoder *d, unsigned type, struct layer l)
{
    switch (type) {
    case TYPE_IP_RFC1051:
        decode_ipv4(d, l);
        return;
    case TYPE_LLC:
        decode_llc(d, l);
        return;
    case TYPE_IP:
        decode_ipv4(d, layer_after(l, 3));
        return;
    case TYPE_IPV6:
        decode_ipv6(d, layer_after(l, 3));
        return;
    }
}

void decode_arcnet_bsd(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 3, SUBJECT_ARCNET) || !decoder_enter(d))
        return;
    unsigned type = layer_u8(&l, 2);
    l = layer_after(l, 3);
    bool exception = (type == TYPE_IP || type == TYPE_IPV6) && layer_u8(&l, 0) == FLAG_EXCEPTION;
    decode_arcnet(d, type, exception ? layer_after(l, 4) : l);
}

/* Linux has taken exception frames apart. */
void decode_arcnet_linux(struct decoder *d, struct layer l)
{
    if (decoder_need(d, &l, 5, SUBJECT_ARCNET) && decoder_enter(d))
        decode_arcnet(d, layer_u8(&l, 4), layer_after(l, 5));
}
