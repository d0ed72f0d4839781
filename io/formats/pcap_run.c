/* Runs of pcap records: little-endian, with headers of 16 bytes and lengths in order, as most files have
 * them.
 *
 *     | seconds 4 | fraction 4 | captured length 4 | length on the wire 4 | captured bytes ... |
 */
#include "engine/record_run.h"
#include "io/formats/pcap.h"

bool pcap_run(const struct capture *c, const struct window *window, const struct record_reader *reader,
              struct record_run *run)
{
    const struct pcap_file *file = c->format_data;
    const bool little_endian = file->swapped == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    if (!file->plain || !little_endian)
        return false;
    *run =
        (struct record_run){.kind = file->kind, .unit_ns = file->fraction_ns, .decoder = &pcap_run_decoder};
    return capture_run(window, reader, file->captured_max, RECORD_HEADER, run);
}

/* The layout, for the template. */
#define LAYOUT_DECODER  pcap_run_decoder
#define LAYOUT_IS_TIGHT 1
enum { LAYOUT_HEADER = RECORD_HEADER };

ALWAYS_INLINE uint32_t layout_captured(const uint8_t *record)
{
    return load_le32(record + 8);
}

ALWAYS_INLINE uint32_t layout_on_wire(const uint8_t *record)
{
    return load_le32(record + 12);
}

ALWAYS_INLINE uint64_t layout_length(uint32_t captured)
{
    return (uint64_t)LAYOUT_HEADER + captured;
}

ALWAYS_INLINE int64_t layout_time(const struct record_run *run, const uint8_t *record)
{
    return load_le32(record) * INT64_C(1000000000) + (int64_t)load_le32(record + 4) * run->unit_ns;
}

ALWAYS_INLINE bool layout_has(const struct record_run *run, const uint8_t *record, uint32_t captured)
{
    (void)record;
    return likely(captured <= run->longest);
}

#include "engine/decode/run_template.h"
