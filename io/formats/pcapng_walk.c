/* Walking the blocks of a pcapng section: nearly all are enhanced packet blocks without options, and have a
 * loop of their own; what it leaves goes through the other, which knows all kinds of blocks.
 *
 * Length of walk_one: one check after the other, in the order in which they end the reading. */
#include "io/formats/pcapng.h"

/* Nanoseconds of a resolution that is no whole number of them, or with an offset. Finer ones are cut, as
 * Wireshark does; what does not fit ends at the ends of time. */
static int64_t odd_time(const struct pcapng_interface *i, uint64_t units)
{
    __int128 ns =
        (__int128)units * 1000000000 / (__int128)i->units + (__int128)i->offset_seconds * 1000000000;
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

ALWAYS_INLINE int64_t time_of(const struct pcapng_interface *i, uint64_t units)
{
    uint64_t ns;
    if (unlikely(!i->scale))
        return odd_time(i, units);
    if (unlikely(__builtin_mul_overflow(units, (uint64_t)i->scale, &ns) || ns > INT64_MAX))
        return INT64_MAX;
    return (int64_t)ns;
}

/* The block that ends at reader->position, of the frame f, is whole: its length stands at its end, too, and
 * its options are well-formed. False: the reader is at fault, and at the block again.
 *
 * This comes a turn after the frame was taken. The end of a block lies where the next header does, which has
 * been prefetched by then. */
static bool finish_badly(const struct window *window, struct record_reader *reader, struct frame *f,
                         uint32_t claimed, bool swapped)
{
    const uint8_t *end = window_at(window, reader->position) - 4;
    uint32_t again = pcapng_32(end, swapped);
    struct pcapng_fault fault = {BROKEN_TRAILER, claimed, again};
    if (pcapng_is_again(again, claimed)) {
        const uint8_t *options = f->data + pcapng_padded(f->captured);
        uint32_t flags = 0;
        fault = pcapng_check_options(options, (uint64_t)(end - options), swapped, &flags);
        if (fault.broken == BROKEN_NOT) {
            unsigned fcs = flags >> 5 & 15;
            if (fcs && f->link_type == 1)
                f->fcs = (uint8_t)fcs;
            return true;
        }
    }
    reader->position -= claimed;
    return pcapng_fault_at(reader, fault.broken, fault.expected, fault.found);
}

ALWAYS_INLINE bool finish(const struct window *window, struct record_reader *reader, struct frame *f,
                          uint32_t claimed, bool swapped)
{
    const uint8_t *end = window_at(window, reader->position) - 4;
    if (likely(pcapng_32(end, swapped) == claimed && f->data + pcapng_padded(f->captured) == end))
        return true;
    return finish_badly(window, reader, f, claimed, swapped);
}

enum step { STEP_FRAME, STEP_SKIP, STEP_STOP };

static enum step simple_packet(const struct pcapng_context *context, struct record_reader *reader,
                               struct frame *f, const uint8_t *p, uint64_t length)
{
    if (context->count == 0) {
        pcapng_fault_at(reader, BROKEN_INTERFACE, 0, 0);
        return STEP_STOP;
    }
    const struct pcapng_interface *i = &context->table->first[0];
    uint32_t original = pcapng_32(p + 8, context->swapped);
    uint32_t captured = i->snapshot ? MIN(original, i->snapshot) : original;
    if (captured > length - SIMPLE_BLOCK_MIN) {
        pcapng_fault_at(reader, BROKEN_CAPTURED, length - SIMPLE_BLOCK_MIN, captured);
        return STEP_STOP;
    }
    if (captured > i->captured_max) {
        pcapng_fault_at(reader, BROKEN_CAPTURED_MAX, i->captured_max, captured);
        return STEP_STOP;
    }
    /* There are no options: the length has to follow the packet. */
    uint64_t end = SIMPLE_HEADER + pcapng_padded(captured);
    if (end != length - 4) {
        pcapng_fault_at(reader, BROKEN_TRAILER, length, pcapng_32(p + end, context->swapped));
        return STEP_STOP;
    }
    *f = (struct frame){.data = p + SIMPLE_HEADER,
                        .captured = captured,
                        .length = original,
                        .link_type = i->link_type,
                        .fcs = i->fcs};
    return STEP_FRAME;
}

/* What is no enhanced packet block: at reader->position, of this length, and there. */
static enum step other_block(const struct pcapng_context *context, struct record_reader *reader,
                             struct frame *f, const uint8_t *p, uint32_t type, uint64_t length)
{
    bool swapped = context->swapped;
    if (type == BLOCK_SIMPLE)
        return simple_packet(context, reader, f, p, length);
    uint32_t claimed = pcapng_32(p + 4, swapped), again = pcapng_32(p + length - 4, swapped);
    struct pcapng_fault fault = {BROKEN_TRAILER, claimed, again};
    if (pcapng_is_again(again, claimed))
        fault = pcapng_check_block(p, length, type, swapped);
    if (fault.broken != BROKEN_NOT) {
        pcapng_fault_at(reader, fault.broken, fault.expected, fault.found);
        return STEP_STOP;
    }
    if (!pcapng_is_counted(type))
        return STEP_SKIP;
    uint32_t n = (uint32_t)(length - BLOCK_FRAME);
    *f = (struct frame){
        .data = p + BLOCK_HEADER, .captured = n, .length = n, .link_type = LINK_TYPE_NOT_A_PACKET};
    return STEP_FRAME;
}

/* The next frame, or false and the reader's new state. *claimed: the block's length as it stands in it. */
ALWAYS_INLINE bool walk_one(const struct window *window, struct record_reader *reader, struct frame *f,
                            uint32_t *claimed, const struct pcapng_context *context, bool swapped)
{
    for (;;) {
        uint64_t at = reader->position, size = window->end;
        const uint8_t *p = window_at(window, at);
        if (unlikely(at >= reader->limit || at >= size)) {
            reader->state = LANE_DONE;
            return false;
        }
        if (unlikely(size - at < BLOCK_FRAME))
            return pcapng_fault_at(reader, BROKEN_HEADER, 0, size - at);
        uint32_t type = pcapng_32(p, swapped);
        *claimed = pcapng_32(p + 4, swapped);
        uint64_t length = *claimed;
        bool packet = type == BLOCK_ENHANCED || type == BLOCK_PACKET;
        if (unlikely(type == BLOCK_SECTION || type == BLOCK_INTERFACE)) {
            reader->state = LANE_CHANGE;
            return false;
        }
        if (unlikely(*claimed > BLOCK_LENGTH_MAX))
            return pcapng_fault_at(reader, BROKEN_LENGTH_MAX, 0, *claimed);
        if (unlikely(length < PACKET_BLOCK_MIN) && length < pcapng_block_min(type))
            return pcapng_fault_at(reader, BROKEN_LENGTH, pcapng_block_min(type), *claimed);
        if (unlikely(length % 4))
            return pcapng_fault_at(reader, BROKEN_LENGTH_ODD, 0, *claimed);
        uint64_t next = at + length;
        if (unlikely(next > size))
            return pcapng_fault_at(reader, BROKEN_CUT, length, size - at);
        if (unlikely(!packet)) {
            if (length < pcapng_block_min(type))
                return pcapng_fault_at(reader, BROKEN_LENGTH, pcapng_block_min(type), *claimed);
            enum step step = other_block(context, reader, f, p, type, length);
            if (step == STEP_STOP)
                return false;
            reader->position = next;
            if (step == STEP_SKIP)
                continue;
            return true;
        }
        __builtin_prefetch(p + 64);
        __builtin_prefetch(p + length);
        uint32_t number = pcapng_32(p + 8, swapped);
        if (unlikely(type == BLOCK_PACKET))
            number = pcapng_16(p + 8, swapped);
        if (unlikely(number >= context->count))
            return pcapng_fault_at(reader, BROKEN_INTERFACE, context->count, number);
        const struct pcapng_interface *i = likely(number < TABLE_FIRST)
                                               ? &context->table->first[number]
                                               : pcapng_interface_at(context->table, number);
        uint32_t captured = pcapng_32(p + 20, swapped);
        if (unlikely(pcapng_padded(captured) > length - PACKET_BLOCK_MIN))
            return pcapng_fault_at(reader, BROKEN_CAPTURED, length - PACKET_BLOCK_MIN, captured);
        if (unlikely(captured > i->captured_max))
            return pcapng_fault_at(reader, BROKEN_CAPTURED_MAX, i->captured_max, captured);
        f->data = p + PACKET_HEADER;
        f->time = time_of(i, (uint64_t)pcapng_32(p + 12, swapped) << 32 | pcapng_32(p + 16, swapped));
        f->captured = captured;
        f->length = pcapng_32(p + 24, swapped);
        f->link_type = i->link_type;
        f->decimals = i->decimals;
        f->fcs = i->fcs;
        reader->position = next;
        return true;
    }
}

/* A reader in the common walk: blocks from at on, one after the other. What begins behind the limit, or could
 * be the last block, is not for this walk. */
struct chain {
    const uint8_t *at, *limit;
    const struct pcapng_interface *interfaces; /* the first ones */
    uint32_t interface_count;
    uint32_t length; /* of the block before at, which has to stand there again; 0: it has been checked */
};

/* The block at the chain's place, if it is like nearly all: an enhanced packet block without options, of one
 * of the first interfaces, in this machine's byte order. False, and nothing done, for all others. */
ALWAYS_INLINE bool walk_common_block(struct chain *chain, const uint8_t *end, struct frame *f)
{
    const uint8_t *p = chain->at;
    const uint32_t length = load_raw32(p + 4), number = load_raw32(p + 8), captured = load_raw32(p + 20);
    const struct pcapng_interface *i = &chain->interfaces[number % TABLE_FIRST];
    const uint8_t *next = p + length;
    if (unlikely(load_raw32(p) != BLOCK_ENHANCED || number >= chain->interface_count ||
                 captured > i->captured_max || length != PACKET_BLOCK_MIN + pcapng_padded(captured) ||
                 next > end || !i->scale))
        return false;
    __builtin_prefetch(p + 64);
    __builtin_prefetch(next);
    f->data = p + PACKET_HEADER;
    f->time = time_of(i, (uint64_t)load_raw32(p + 12) << 32 | load_raw32(p + 16));
    f->captured = captured;
    f->length = load_raw32(p + 24);
    f->kind = i->kind;
    chain->at = next;
    chain->length = length;
    return true;
}

/* Of what nearly all blocks are, 76 instructions each; walk_all() takes 140. */
static void walk_common(const struct window *window, struct walk *walk)
{
    struct chain chains[LANES] = {0};
    const uint8_t *const bytes = window->bytes, *const end = bytes + (window->end - window->base);
    for (unsigned i = walk->first; i < walk->end; i++) {
        const struct record_reader *reader = walk->reader[i];
        const struct pcapng_context *context = reader->context;
        if (reader->state == LANE_OPEN && context->count && window->end - window->base > PACKET_BLOCK_MIN)
            chains[i] = (struct chain){
                .at = bytes + (reader->position - window->base),
                .limit = bytes + (MIN(reader->limit, window->end - PACKET_BLOCK_MIN) - window->base),
                .interfaces = context->table->first,
                .interface_count = MIN(context->count, (uint32_t)TABLE_FIRST),
            };
    }
    for (unsigned k = 0; k < WALK_FRAMES; k++) {
        for (unsigned i = walk->first; i < walk->end; i++) {
            struct chain *chain = &chains[i];
            if (unlikely(chain->at >= chain->limit))
                continue;
            if (unlikely((chain->length && load_raw32(chain->at - 4) != chain->length) ||
                         !walk_common_block(chain, end, &walk->frame[i][k])))
                chain->limit = NULL;
            else
                walk->count[i] = k + 1;
        }
    }
    for (unsigned i = walk->first; i < walk->end; i++) {
        const struct chain *chain = &chains[i];
        if (!chain->length)
            continue;
        const uint8_t *at = chain->at;
        if (unlikely(load_raw32(at - 4) != chain->length)) {
            at -= chain->length;
            walk->count[i]--;
        }
        walk->reader[i]->position = (uint64_t)(at - bytes) + window->base;
    }
}

/* Goes on where the readers are. All of them go a step each in turn, and each step fetches the reader's next
 * header: the misses of the chains overlap. mixed: they are in both byte orders; else all are all_swapped. */
ALWAYS_INLINE void walk_all(const struct window *window, struct walk *walk, bool mixed, bool all_swapped)
{
    uint32_t claimed[LANES];
    bool pending[LANES] = {0}; /* the reader's last frame is not finished */
    for (unsigned k = 0; k <= WALK_FRAMES; k++)
        for (unsigned i = walk->first; i < walk->end; i++) {
            struct record_reader *reader = walk->reader[i];
            const unsigned n = walk->count[i];
            if (reader->state != LANE_OPEN)
                continue;
            const struct pcapng_context *context = reader->context;
            bool swapped = mixed ? context->swapped : all_swapped;
            if (pending[i] &&
                unlikely(!finish(window, reader, &walk->frame[i][n - 1], claimed[i], swapped))) {
                walk->count[i] = n - 1;
                continue;
            }
            pending[i] = false;
            if (n == WALK_FRAMES)
                continue;
            if (walk_one(window, reader, &walk->frame[i][n], &claimed[i], context, swapped)) {
                walk->count[i] = n + 1;
                /* What is no packet has been looked at as a whole. */
                pending[i] = walk->frame[i][n].link_type != LINK_TYPE_NOT_A_PACKET;
            }
        }
}

void pcapng_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
    (void)c;
    unsigned orders = 0;
    for (unsigned i = walk->first; i < walk->end; i++) {
        walk->count[i] = 0;
        if (walk->reader[i]->state == LANE_OPEN)
            orders |= 1U << ((const struct pcapng_context *)walk->reader[i]->context)->swapped;
    }
    if (orders == 3) {
        walk_all(window, walk, true, false);
    } else if (orders == 2) {
        walk_all(window, walk, false, true);
    } else if (orders == 1) {
        walk_common(window, walk);
        for (unsigned i = walk->first; i < walk->end; i++)
            if (walk->count[i] < WALK_FRAMES && walk->reader[i]->state == LANE_OPEN) {
                walk_all(window, walk, false, false);
                break;
            }
    }
}
