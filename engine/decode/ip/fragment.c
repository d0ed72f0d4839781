/* IP fragments (RFC 791, 3.2; RFC 8200, 4.5) are noted for settling, which puts them together. */
#include "engine/decode/protocols.h"

void decode_fragment(struct decoder *d, struct fragment *f, struct layer l)
{
    size_t size = d->ip.family == FAMILY_IPV4 ? 4 : 16;
    f->key.kind = (uint16_t)d->ip.family;
    memcpy(f->key.source, d->ip.source, size);
    memcpy(f->key.destination, d->ip.destination, size);
    decoder_note(d, f, l);
}
