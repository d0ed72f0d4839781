/* What the parts of the pcap reader share. Only they include this. */
#ifndef TCPREUSE_PCAP_H
#define TCPREUSE_PCAP_H

#include "io/formats/format.h"

enum {
    FILE_HEADER = 24,
    RECORD_HEADER = 16, /* of most */
};

/* Old writers put the original length before the captured one. */
enum pcap_length_order {
    LENGTHS_IN_ORDER,
    LENGTHS_SWAPPED,
    LENGTHS_SMALLER_FIRST, /* version 2.3 has both: what is captured is the smaller one */
};

struct pcap_lengths {
    uint32_t captured, original;
};

ALWAYS_INLINE uint32_t pcap_32(const uint8_t *p, bool swapped)
{
    uint32_t v = load_raw32(p);
    return swapped ? __builtin_bswap32(v) : v;
}

/* Of the record at p. */
ALWAYS_INLINE struct pcap_lengths pcap_lengths(const struct capture *c, const uint8_t *p)
{
    uint32_t first = pcap_32(p + 8, c->swapped), second = pcap_32(p + 12, c->swapped);
    if (c->length_order == LENGTHS_IN_ORDER || (c->length_order == LENGTHS_SMALLER_FIRST && first <= second))
        return (struct pcap_lengths){first, second};
    return (struct pcap_lengths){second, first};
}

ALWAYS_INLINE bool pcap_is_plausible(const struct capture *c, const uint8_t *p)
{
    struct pcap_lengths n = pcap_lengths(c, p);
    return n.captured > 0 && n.captured <= c->captured_max && n.captured <= n.original &&
           pcap_32(p + 4, c->swapped) < c->fraction_max;
}

/* frame.kind of all frames of the file. */
ALWAYS_INLINE uint32_t pcap_kind(const struct capture *c)
{
    return (struct frame){.link_type = c->link_type, .decimals = c->decimals, .fcs = c->fcs}.kind;
}

/* A magic number of a pcap file, in host order. */
bool pcap_magic(uint32_t magic);
/* As capture_format.open. */
enum capture_open_result pcap_read_header(struct capture *c, const uint8_t *bytes, uint64_t count,
                                          bool whole);

/* pcap_run.c. As capture_format.run. */
bool pcap_run(const struct capture *c, const struct window *window, const struct record_reader *reader,
              struct record_run *run);
extern const struct run_decoder pcap_run_decoder;

#endif
