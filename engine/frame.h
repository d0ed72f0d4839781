/* A frame as a source hands it to the decoder: one record of a capture. */
#ifndef TCPREUSE_FRAME_H
#define TCPREUSE_FRAME_H

#include "engine/util.h"

/* Time stamps are nanoseconds since the epoch, with the number of decimals that the capture really has. */
struct frame {
    const uint8_t *data; /* captured bytes; owned by the source, valid while the batch is decoded */
    int64_t time;        /* ns since 1970-01-01 UTC */
    uint32_t captured;   /* bytes at data */
    uint32_t length;     /* bytes on the wire, as the record says; may be less than captured in odd files */
    union {
        struct {
            uint16_t link_type; /* LINKTYPE_ value of the pcap registry */
            uint8_t decimals;   /* of the time stamp: 0 to 9 */
            uint8_t fcs; /* bytes of frame check sequence at the end of the frame, when the capture says so */
        };
        uint32_t kind; /* all of them, in one store */
    };
    uint32_t reserved;
};

_Static_assert(sizeof(struct frame) == 32, "two frames a cache line");

/* Records one right behind the other, little-endian, all numbers of 4 bytes: what most files are.
 *
 *     RUN_PCAP    | seconds | fraction | captured length | length on the wire | captured bytes |
 *     RUN_PCAPNG  | 6 | length | interface | time, upper half | lower half | captured length | length on the
 *                 wire | captured bytes, padded to 4 | length |: enhanced packet blocks without options
 *
 * Owned by whoever has the run, its bytes by the source, like those of a frame. */
enum run_layout { RUN_PCAP, RUN_PCAPNG };

struct record_run {
    const uint8_t *at;    /* the next record */
    const uint8_t *limit; /* a record here or behind this is not of the run */
    /* Nor is what would have more captured bytes. At each place before limit, a record with so many may be
     * read. */
    uint32_t longest;
    uint32_t kind;       /* of all frames */
    int64_t fraction_ns; /* ns a unit of the fraction, or of the time */
    enum run_layout layout;
    /* RUN_PCAPNG. Nor is what has another interface, or a greater upper half, with which a time may be more
     * than 2^63 - 1 ns. */
    uint32_t interfaces, upper_halves;
    /* Set by whoever reads on: */
    int64_t latest;    /* a frame that is later is not of the run; INT64_MAX: all may be */
    int64_t last_time; /* of the last frame before at */
};

enum {
    RUN_HEADER = 16,
    RUN_BLOCK_HEADER = 28,
    RUN_BLOCK = 32, /* without captured bytes */
};

/* Where the captured bytes begin in a record. */
ALWAYS_INLINE uint32_t run_header(enum run_layout layout)
{
    return layout == RUN_PCAP ? RUN_HEADER : RUN_BLOCK_HEADER;
}

ALWAYS_INLINE uint32_t run_captured(enum run_layout layout, const uint8_t *record)
{
    return load_le32(record + run_header(layout) - 8);
}

ALWAYS_INLINE uint32_t run_on_wire(enum run_layout layout, const uint8_t *record)
{
    return load_le32(record + run_header(layout) - 4);
}

/* Of the record that has so many captured bytes. */
ALWAYS_INLINE uint64_t run_record_length(enum run_layout layout, uint32_t captured)
{
    return layout == RUN_PCAP ? (uint64_t)RUN_HEADER + captured
                              : RUN_BLOCK + (((uint64_t)captured + 3) & ~UINT64_C(3));
}

/* Of a record of the run. */
ALWAYS_INLINE int64_t run_time(enum run_layout layout, int64_t fraction_ns, const uint8_t *record)
{
    if (layout == RUN_PCAP)
        return load_le32(record) * INT64_C(1000000000) + (int64_t)load_le32(record + 4) * fraction_ns;
    return ((int64_t)load_le32(record + 12) << 32 | load_le32(record + 16)) * fraction_ns;
}

/* Whether the record, which begins before the limit and has so many captured bytes, is of the run, but for
 * its time. */
ALWAYS_INLINE bool run_has(const struct record_run *run, enum run_layout layout, const uint8_t *record,
                           uint32_t captured)
{
    if (unlikely(captured > run->longest))
        return false;
    if (layout == RUN_PCAP)
        return true;
    const uint32_t length = (uint32_t)run_record_length(layout, captured);
    return likely(!((load_le32(record) ^ 6) | (load_le32(record + 4) ^ length) |
                    (load_le32(record + length - 4) ^ length))) &&
           likely(load_le32(record + 8) < run->interfaces) &&
           likely(load_le32(record + 12) < run->upper_halves);
}

/* What whoever reads on fetches at each record: two lines far ahead, since records of 64 bytes take one and a
 * quarter. 3.6 ns a frame for a walk alone, where one line 1,024 bytes ahead took 4.9 and one line 2,048
 * ahead 4.2. Up to 6,144 bytes ahead: no difference. */
ALWAYS_INLINE void run_fetch(const uint8_t *record)
{
    enum { AHEAD_BYTES = 2048 };
    __builtin_prefetch(record + AHEAD_BYTES);
    __builtin_prefetch(record + AHEAD_BYTES + CACHE_LINE);
}

/* The same of a record whose place nothing foretells: all that decoding reads of most frames, the record's
 * header, and those of Ethernet, IPv4 and TCP. They lie in two lines or three, mostly of one page; fetched
 * together, they took 0.96 of the time of fetching the second when the first was read, and without the
 * third 1.03. */
ALWAYS_INLINE void run_fetch_headers(const uint8_t *record)
{
    enum { HEADERS = RUN_HEADER + 14 + 20 + 20 };
    __builtin_prefetch(record);
    __builtin_prefetch(record + CACHE_LINE);
    __builtin_prefetch(record + HEADERS - 1);
}

#endif
