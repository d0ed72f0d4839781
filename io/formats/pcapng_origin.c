/* Where a frame of a pcapng file comes from: its interface, its time stamp as it stands there, and its options.
 *
 * A frame is known by its bytes only, and its block's header lies before them. Of an enhanced or obsolete packet block
 * the captured length stands right before the original one; of a simple packet block the block's length is there, which
 * is greater: so one is not taken for the other. */
#include "io/formats/pcapng.h"
#include "io/packet_origin.h"

bool pcapng_origin(const struct pcapng_context *context, const struct frame *f, struct packet_origin *origin)
{
    const bool swapped = context->swapped;
    /* The first frame of a file lies behind a section and an interface: more than a packet's header. */
    const uint8_t *p = f->data - PACKET_HEADER;
    uint32_t number = 0;
    *origin = (struct packet_origin){.swapped = swapped};
    if (pcapng_32(f->data - 8, swapped) == f->captured) {
        const bool obsolete = pcapng_32(p, swapped) == BLOCK_PACKET;
        const uint32_t length = pcapng_32(p + 4, swapped),
                       used = PACKET_BLOCK_MIN + (uint32_t)pcapng_padded(f->captured);
        number = obsolete ? pcapng_16(p + 8, swapped) : pcapng_32(p + 8, swapped);
        origin->has_ticks = true;
        origin->ticks = (uint64_t)pcapng_32(p + 12, swapped) << 32 | pcapng_32(p + 16, swapped);
        if (length > used && !obsolete) {
            origin->options = f->data + pcapng_padded(f->captured);
            origin->options_length = length - used;
        }
    }
    if (number >= context->count)
        return false;
    origin->interface = pcapng_interface_at(context->table, number);
    if (number < context->table->described)
        origin->description = context->table->description[number];
    if (origin->description)
        origin->description_length = pcapng_32(origin->description + 4, swapped);
    return true;
}
