/* pcapng files (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html): blocks that have their
 * length at both ends.
 *
 *     packet (6, enhanced) | type 4 | length 4 | interface 4           | time 8 | captured 4 | original 4 |
 *                          | bytes, padded ... | options ... | length 4 |
 *     packet (2, obsolete) | type 4 | length 4 | interface 2 | drops 2 | time 8 | captured 4 | original 4 |
 *                          | bytes, padded ... | options ... | length 4 |
 *     packet (3, simple)   | type 4 | length 4 | original 4 | bytes, padded ... | length 4 |
 *
 * Numbers are in the byte order of the section. Everything else is in the files beside this one; pcapng.h
 * says what a context is. What ends the reading, and what does not, is as in Wireshark 4.6.
 */
#include "io/formats/pcapng.h"
#include "io/formats/chain.h"

enum {
    /* A boundary is believed when this many blocks in a row have their length at both ends. */
    GUESS_CHAIN = 4,
    /* More interfaces at the beginning of a file than fit here are left to walking, so that a stream need not
     * be read on and on before its first frame. */
    OPEN_BYTES_MAX = 64 << 10,
};

static bool pcapng_probe(const uint8_t *bytes, size_t count)
{
    (void)count;
    return load_be32(bytes) == BLOCK_SECTION;
}

static enum capture_open_result pcapng_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                            bool whole)
{
    const struct pcapng_context *context = NULL;
    uint64_t at = 0;
    while (at < OPEN_BYTES_MAX) {
        uint64_t left = count - at, length = 0;
        if (left < 4 && !whole)
            return OPEN_MORE;
        if (at > 0 && (left < 4 || pcapng_32(bytes + at, context->swapped) != BLOCK_INTERFACE))
            break;
        struct pcapng_fault fault = pcapng_read_context(c, bytes + at, left, &context, &length);
        if (!whole && (fault.broken == BROKEN_HEADER || fault.broken == BROKEN_CUT))
            return OPEN_MORE;
        if (fault.broken != BROKEN_NOT) {
            pcapng_report(c, at, fault);
            return OPEN_FAILED;
        }
        at += length;
    }
    c->first_record = at;
    atomic_store_explicit(&c->context, context, memory_order_release);
    return OPEN_DONE;
}

/* Guessing */

/* Of an enhanced packet block, in seconds; as far as its interface is known. Packets of several interfaces need not be in
 * order. */
static void note_time(struct chained *chain, const uint8_t *p)
{
    const struct pcapng_context *context = chain->context;
    const uint32_t number = pcapng_32(p + 8, chain->swapped);
    const uint64_t units =
        (uint64_t)pcapng_32(p + 12, chain->swapped) << 32 | pcapng_32(p + 16, chain->swapped);
    if (number >= context->count)
        return;
    chain->seconds = (uint32_t)(units / pcapng_interface_at(context->table, number)->units);
    chain->timed = true;
}

/* A block that has its length at both ends. If it is the first one, it can be read: a packet has an interface that was
 * described before it. That of later ones may have been lost. */
static inline uint64_t pcapng_follow(const struct capture *c, struct chained *chain, const uint8_t *p,
                                     uint64_t left)
{
    const struct pcapng_context *context = chain->context;
    const bool first = !chain->begun;
    (void)c;
    if (first) {
        chain->begun = true;
        chain->swapped = context->swapped;
    }
    if (left < BLOCK_FRAME)
        return CHAIN_CUT;
    const uint32_t type = pcapng_32(p, chain->swapped);
    if (type == BLOCK_SECTION) {
        if (load_be32(p + 8) != BYTE_ORDER_MAGIC && load_le32(p + 8) != BYTE_ORDER_MAGIC)
            return CHAIN_BREAKS;
        chain->swapped = load_raw32(p + 8) != BYTE_ORDER_MAGIC;
    }
    const uint32_t claimed = pcapng_32(p + 4, chain->swapped);
    if (claimed > BLOCK_LENGTH_MAX || claimed % 4 || claimed < pcapng_block_min(type))
        return CHAIN_BREAKS;
    if (first && ((type == BLOCK_ENHANCED && pcapng_32(p + 8, chain->swapped) >= context->count) ||
                  (type == BLOCK_PACKET && pcapng_16(p + 8, chain->swapped) >= context->count) ||
                  (type == BLOCK_SIMPLE && !context->count)))
        return CHAIN_BREAKS;
    if (claimed > left)
        return CHAIN_CUT;
    if (unlikely(chain->notes_time) && type == BLOCK_ENHANCED)
        note_time(chain, p);
    return pcapng_32(p + claimed - 4, chain->swapped) == claimed ? claimed : CHAIN_BREAKS;
}

static bool is_usual(uint32_t type)
{
    return type - 1 < BLOCK_SECRETS || type == BLOCK_SECTION || type == BLOCK_CUSTOM ||
           type == BLOCK_CUSTOM_NO_COPY;
}

/* The first place where blocks begin: at, or a step behind it, and so on. */
ALWAYS_INLINE uint64_t find_block(const struct capture *c, const struct window *window,
                                  const struct record_reader *reader, uint64_t at, unsigned step)
{
    const struct pcapng_context *context = reader->context;
    for (; at < reader->limit && at + BLOCK_FRAME <= window->end; at += step)
        if (is_usual(pcapng_32(window_at(window, at), context->swapped)) &&
            chain_holds(pcapng_follow, c, window, context, at, GUESS_CHAIN))
            return at;
    return UINT64_MAX;
}

/* Blocks begin at multiples of four, unless bytes were lost before them. */
static uint64_t pcapng_guess(const struct capture *c, const struct window *window,
                             const struct record_reader *reader)
{
    const uint64_t phase = atomic_load_explicit(&c->phase, memory_order_relaxed);
    const uint64_t at = reader->position < phase ? phase : pcapng_padded(reader->position - phase) + phase;
    return find_block(c, window, reader, at, 4);
}

static uint64_t pcapng_find(const struct capture *c, const struct window *window,
                            const struct record_reader *reader)
{
    return find_block(c, window, reader, reader->position, 1);
}

static uint64_t pcapng_record_length(const struct capture *c, const void *context, const uint8_t *p,
                                     uint64_t available)
{
    (void)c;
    bool swapped = ((const struct pcapng_context *)context)->swapped;
    if (available < BLOCK_HEADER)
        return 0;
    uint32_t type = pcapng_32(p, swapped);
    uint64_t changes = type == BLOCK_INTERFACE ? RECORD_CHANGES : 0;
    if (type == BLOCK_SECTION) {
        if (available < BLOCK_FRAME)
            return 0;
        uint32_t magic = load_raw32(p + 8);
        swapped = magic == __builtin_bswap32(BYTE_ORDER_MAGIC);
        if (!swapped && magic != BYTE_ORDER_MAGIC)
            return RECORD_BROKEN;
        changes = RECORD_CHANGES;
    }
    uint32_t claimed = pcapng_32(p + 4, swapped);
    if (claimed > BLOCK_LENGTH_MAX || claimed % 4 || claimed < pcapng_block_min(type))
        return RECORD_BROKEN;
    return claimed | changes;
}

/* Reads sections and interfaces as long as they follow each other. A new section that is like the one before,
 * as in files that were put together with cat, changes nothing.
 *
 * The reader moves when all is read, so that reading may break off anywhere and begin again (io/guard.h); the
 * contexts that were made until then belong to the capture. */
static void pcapng_change(struct capture *c, const struct window *window, struct record_reader *reader)
{
    const struct pcapng_context *before = reader->context, *context = before;
    const struct pcapng_mark mark = pcapng_mark(c);
    uint64_t at = reader->position;
    bool started = false;
    while (at < window->end) {
        const uint8_t *p = window_at(window, at);
        uint64_t left = window->end - at, length = 0;
        if (started) {
            if (at >= reader->limit || left < 4)
                break;
            uint32_t type = pcapng_32(p, context->swapped);
            if (type != BLOCK_SECTION && type != BLOCK_INTERFACE)
                break;
        }
        struct pcapng_fault fault = pcapng_read_context(c, p, left, &context, &length);
        if (fault.broken != BROKEN_NOT) {
            if (started)
                break; /* walking comes back to it */
            pcapng_fault_at(reader, fault.broken, fault.expected, fault.found);
            return;
        }
        started = true;
        at += length;
    }
    reader->position = at;
    if (!c->keeps_interfaces && pcapng_contexts_equal(before, context))
        pcapng_drop(c, mark);
    else
        reader->context = context;
    atomic_store_explicit(&c->context, reader->context, memory_order_release);
}

static void pcapng_fault(struct capture *c, const struct window *window, const struct record_reader *reader)
{
    (void)window;
    pcapng_report(c, reader->position,
                  (struct pcapng_fault){(enum pcapng_broken)reader->fault,
                                        (uint32_t)(reader->fault_value >> 32),
                                        (uint32_t)reader->fault_value});
}

static bool origin_of(const void *context, const struct frame *f, struct packet_origin *origin)
{
    return pcapng_origin(context, f, origin);
}

static uint32_t interface_of(const void *context, const struct frame *f)
{
    return pcapng_interface_number(context, f);
}

const struct capture_format format_pcapng = {
    .name = "pcapng",
    .magic_tells = true,
    .probe = pcapng_probe,
    .open = pcapng_open,
    .guess = pcapng_guess,
    .find = pcapng_find,
    .follow = pcapng_follow,
    .walk = pcapng_walk,
    .run = pcapng_run,
    .change = pcapng_change,
    .fault = pcapng_fault,
    .origin = origin_of,
    .interface = interface_of,
    .record_length = pcapng_record_length,
    .close = pcapng_close,
};
