/* Where a frame of a pcapng file comes from: its interface, its time stamp as it stands there, and its options.
 *
 * A frame is known by its bytes only, and its block's header lies before them. Of an enhanced or obsolete packet block
 * the captured length stands right before the original one; of a simple packet block the block's length is there, which
 * is greater: so one is not taken for the other. */
#include "io/formats/pcapng.h"
#include "io/packet_origin.h"

/* The first frame of a file lies behind a section and an interface: more than a packet's header. */
static bool is_of_packet_block(const struct pcapng_context *context, const struct frame *f)
{
    return pcapng_32(f->data - 8, context->swapped) == f->captured;
}

uint32_t pcapng_interface_number(const struct pcapng_context *context, const struct frame *f)
{
    const uint8_t *p = f->data - PACKET_HEADER;
    if (!is_of_packet_block(context, f))
        return 0;
    return pcapng_32(p, context->swapped) == BLOCK_PACKET ? pcapng_16(p + 8, context->swapped)
                                                          : pcapng_32(p + 8, context->swapped);
}

bool pcapng_origin(const struct pcapng_context *context, const struct frame *f, struct packet_origin *origin)
{
    const bool swapped = context->swapped;
    const uint8_t *p = f->data - PACKET_HEADER;
    const uint32_t number = pcapng_interface_number(context, f);
    *origin = (struct packet_origin){.swapped = swapped};
    if (is_of_packet_block(context, f)) {
        const bool obsolete = pcapng_32(p, swapped) == BLOCK_PACKET;
        const uint32_t length = pcapng_32(p + 4, swapped),
                       used = PACKET_BLOCK_MIN + (uint32_t)pcapng_padded(f->captured);
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
