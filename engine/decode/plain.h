/* The fast path for plain frames, as nearly all are: Ethernet, IPv4 without options and not fragmented, a
 * whole TCP header, and no length that contradicts another.
 *
 *     Ethernet 14 | IPv4 20: 45, ..., total length at 16, fragment at 20, protocol at 23, addresses at 26 |
 *     TCP 20: ports at 34, sequence number, acknowledgement, offset and flags at 46
 *
 * All others are left to decode_frame(). A 64-byte frame takes 338 instructions there, 138 on the portable
 * fast path, and less with AVX2.
 *
 * This header has what both versions of the path share, plain_portable.c and plain_avx2.c. plain.c chooses
 * one; run_template.h builds on them. Nothing else includes this. */
#ifndef TCPREUSE_PLAIN_H
#define TCPREUSE_PLAIN_H

#include "engine/decode/emit.h"

/* Offsets in a plain frame. */
enum {
    PLAIN_IP = 14,
    PLAIN_TOTAL_LENGTH = 16,
    PLAIN_FRAGMENT = 20,
    PLAIN_ADDRESSES = 26,
    PLAIN_TCP = 34,
    PLAIN_OFFSET_FLAGS = 46,
    PLAIN_HEADERS = 54, /* the length of all headers */
};

/* Sets the payload's length of a frame whose headers are plain. False if some length does not fit: one sign
 * bit tells it for all. The record may claim more captured bytes than were on the wire, as some writers do,
 * if the whole datagram is there. */
ALWAYS_INLINE bool plain_lengths_fit(const uint8_t *p, int64_t length, uint32_t offset_flags,
                                     uint32_t *payload)
{
    enum { IP_HEADER = 20, TCP_HEADER = 20 };
    const int64_t total = load_be16(p + PLAIN_TOTAL_LENGTH), header = (offset_flags >> 10) & 0x3c;
    const int64_t left = total - IP_HEADER - header;
    *payload = (uint32_t)left;
    return (left | (header - TCP_HEADER) | (length - PLAIN_IP - total)) >= 0;
}

/* A loop's counts of plain frames, added to the decoder's counts once at its end. */
struct plain_counts {
    uint64_t frames, wire, captured;
};

ALWAYS_INLINE void plain_count(struct plain_counts *c, const struct frame *f)
{
    c->frames++;
    c->wire += f->length;
    c->captured += f->captured;
}

ALWAYS_INLINE void plain_counts_add(struct decode_counts *c, const struct plain_counts *plain)
{
    c->frames[OUTCOME_WITH_TCP] += plain->frames;
    c->segments += plain->frames;
    c->wire_bytes += plain->wire;
    c->captured_bytes += plain->captured;
}

/* Notes the boundary in a plain frame, after its segment has been created. */
void decode_note_plain_boundary(struct decoder *d, struct segment *s, const uint8_t *frame,
                                uint32_t captured);

/* The AVX2 version, or NULL: the processor has no AVX2, or the version was not built (plain_avx2_stub.c). */
const struct plain_path *plain_path_avx2(bool notes_boundaries);

#endif
