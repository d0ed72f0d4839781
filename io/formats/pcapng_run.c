/* Runs of pcapng blocks: little-endian enhanced packet blocks without options, of the first interfaces.
 *
 *     | type (6) 4 | length 4 | interface 4 | time, upper half 4 | lower half 4 | captured length 4
 *     | length on the wire 4 | captured bytes, padded to 4 | length 4 |
 *
 * They are not walked side by side: a block's length stands at its end, too, and has to be compared before
 * the block is decoded. Runs of them are for small frames, which lie one after the other as processors
 * expect. */
#include "engine/record_run.h"
#include "io/formats/pcapng.h"

/* Interfaces like interface 0, as mostly all are: 0.76 of the time of walking blocks of 64 bytes and decoding
 * them then, with two threads, 0.67 with one. */
bool pcapng_run(const struct capture *c, const struct window *window, const struct record_reader *reader,
                struct record_run *run)
{
    enum { PADDING = 3 };
    (void)c;
    const struct pcapng_context *context = reader->context;
    const bool little_endian = context->swapped == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    if (!little_endian || !context->count)
        return false;
    const struct pcapng_interface *first = context->table->first;
    if (!first->scale)
        return false;
    uint32_t alike = 1;
    while (alike < MIN(context->count, (uint32_t)TABLE_FIRST) && first[alike].kind == first->kind &&
           first[alike].scale == first->scale && first[alike].captured_max == first->captured_max)
        alike++;
    *run = (struct record_run){
        .kind = first->kind,
        .unit_ns = first->scale,
        /* With a greater upper half a time may be more than 2^63 - 1 ns. */
        .bound = {[PCAPNG_RUN_INTERFACES] = alike,
                  [PCAPNG_RUN_UPPER_HALVES] = (uint32_t)((uint64_t)INT64_MAX / first->scale >> 32)},
        .decoder = &pcapng_run_decoder};
    return capture_run(window, reader, first->captured_max, PACKET_BLOCK_MIN + PADDING, run);
}

/* The layout, for the template. */
#define LAYOUT_DECODER  pcapng_run_decoder
#define LAYOUT_IS_TIGHT 0
enum { LAYOUT_HEADER = PACKET_HEADER };

ALWAYS_INLINE uint32_t layout_captured(const uint8_t *record)
{
    return load_le32(record + 20);
}

ALWAYS_INLINE uint32_t layout_on_wire(const uint8_t *record)
{
    return load_le32(record + 24);
}

ALWAYS_INLINE uint64_t layout_length(uint32_t captured)
{
    return PACKET_BLOCK_MIN + pcapng_padded(captured);
}

ALWAYS_INLINE int64_t layout_time(const struct record_run *run, const uint8_t *record)
{
    return ((int64_t)load_le32(record + 12) << 32 | load_le32(record + 16)) * run->unit_ns;
}

ALWAYS_INLINE bool layout_has(const struct record_run *run, const uint8_t *record, uint32_t captured)
{
    if (unlikely(captured > run->longest))
        return false;
    const uint32_t length = (uint32_t)layout_length(captured);
    return likely(!((load_le32(record) ^ BLOCK_ENHANCED) | (load_le32(record + 4) ^ length) |
                    (load_le32(record + length - 4) ^ length))) &&
           likely(load_le32(record + 8) < run->bound[PCAPNG_RUN_INTERFACES]) &&
           likely(load_le32(record + 12) < run->bound[PCAPNG_RUN_UPPER_HALVES]);
}

#include "engine/decode/run_template.h"
