/* IP fragments (RFC 791, 3.2; RFC 8200, 4.5) are noted for settling, which puts them together. */
#include "engine/decode/protocols.h"

void decode_fragment(struct decoder *d, struct fragment *f, struct layer l)
{
    if (!d->fragments)
        return;
    size_t before = d->fragments->used;
    f->frame = *d->frame;
    f->frame.data = NULL;
    f->position = d->position;
    f->length = l.captured;
    f->depth = d->depth;
    f->bits = d->bits;
    f->vlan = d->vlan;
    f->network = d->network;
    f->key.network = d->key_parts & KEY_VNI ? d->network : 0;
    f->key.interface = d->key_parts & KEY_INTERFACE ? d->frame->interface : 0;
    f->key.vlan = d->key_parts & KEY_VLAN ? d->vlan : 0;
    f->key.family = (uint16_t)d->ip.family;
    size_t size = d->ip.family == FAMILY_IPV4 ? 4 : 16;
    memcpy(f->key.source, d->ip.source, size);
    memcpy(f->key.destination, d->ip.destination, size);
    if (!fragment_list_add(d->fragments, f, l.at)) {
        d->failed = true;
        return;
    }
    if (d->fragments_frame != d->frame) {
        d->fragments_frame = d->frame;
        d->fragments_first = before;
    }
}
