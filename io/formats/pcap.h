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

/* What the file's header says: the capture's format_data. */
struct pcap_file {
    bool swapped;          /* other byte order than this machine's */
    bool plain;            /* record headers of 16 bytes, lengths in order */
    uint8_t record_header; /* bytes of a record before what was captured */
    uint8_t length_order;  /* enum pcap_length_order */
    uint32_t fraction_ns;  /* nanoseconds a unit of the fraction: 1000 or 1 */
    uint32_t fraction_max; /* units a second */
    uint32_t captured_max;
    /* Bytes of the longest record that guessing meets, 0: it has met none; and that the guess before met. Written and read by
     * whoever guesses, in no order: what is wrong costs time only. */
    _Atomic uint32_t longest, longest_before;
    union {
        struct {
            uint16_t link_type;
            uint8_t decimals;
            uint8_t fcs;
        };
        uint32_t kind; /* as in struct frame */
    };
};
_Static_assert(offsetof(struct pcap_file, decimals) - offsetof(struct pcap_file, kind) ==
                       offsetof(struct frame, decimals) - offsetof(struct frame, kind) &&
                   offsetof(struct pcap_file, fcs) - offsetof(struct pcap_file, kind) ==
                       offsetof(struct frame, fcs) - offsetof(struct frame, kind),
               "alike");

struct pcap_lengths {
    uint32_t captured, original;
};

ALWAYS_INLINE uint32_t pcap_32(const uint8_t *p, bool swapped)
{
    uint32_t v = load_raw32(p);
    return swapped ? __builtin_bswap32(v) : v;
}

/* Of the record at p. */
ALWAYS_INLINE struct pcap_lengths pcap_lengths(const struct pcap_file *file, const uint8_t *p)
{
    uint32_t first = pcap_32(p + 8, file->swapped), second = pcap_32(p + 12, file->swapped);
    if (file->length_order == LENGTHS_IN_ORDER ||
        (file->length_order == LENGTHS_SMALLER_FIRST && first <= second))
        return (struct pcap_lengths){first, second};
    return (struct pcap_lengths){second, first};
}

ALWAYS_INLINE bool pcap_is_plausible(const struct pcap_file *file, const uint8_t *p)
{
    struct pcap_lengths n = pcap_lengths(file, p);
    return n.captured > 0 && n.captured <= file->captured_max && n.captured <= n.original &&
           pcap_32(p + 4, file->swapped) < file->fraction_max;
}

/* Which of 8 positions from p on could have a captured length from 1 to 2^24 - 1: bits 7, 15, ..., of which
 * some may be wrong. The highest byte of the length is 0, and some other one is not. */
ALWAYS_INLINE uint64_t pcap_candidates(const uint8_t *p, bool big_endian)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), sevens = 0x7f * ones;
    const uint64_t length[4] = {load_le64(p + 8), load_le64(p + 9), load_le64(p + 10), load_le64(p + 11)};
    const uint64_t high = length[big_endian ? 0 : 3],
                   low = length[1] | length[2] | length[big_endian ? 3 : 0];
    return (high - ones) & ~high & (((low & sevens) + sevens) | low) & 0x80 * ones;
}

/* A magic number of a pcap file, in host order. */
bool pcap_magic(uint32_t magic);
/* As capture_format.open. */
enum capture_open_result pcap_read_header(struct capture *c, const uint8_t *bytes, uint64_t count,
                                          bool whole);

/* pcap_guess.c. As capture_format.guess. */
uint64_t pcap_guess(const struct capture *c, const struct window *window, const struct record_reader *reader);

/* pcap_find.c. As capture_format.find and follow. */
uint64_t pcap_find(const struct capture *c, const struct window *window, const struct record_reader *reader);
uint64_t pcap_follow(const struct capture *c, struct chained *chain, const uint8_t *p, uint64_t left);

/* pcap_run.c. As capture_format.run. */
bool pcap_run(const struct capture *c, const struct window *window, const struct record_reader *reader,
              struct record_run *run);
extern const struct run_decoder pcap_run_decoder;

#endif
