/* The portable version of the fast path: byte loads and swaps, no more than any processor has. */
#include "engine/decode/plain.h"

/* False, and nothing done, for a frame that is not plain. follows_ftp: one of an FTP control connection is
 * not, and the shard is that of the hosts. */
ALWAYS_INLINE bool decode_plain_frame(struct decoder *d, const struct frame *f, uint32_t index,
                                      bool follows_ftp)
{
    const uint8_t *p = f->data;
    if (unlikely(f->captured < PLAIN_HEADERS || !frame_is_ethernet(f)))
        return false;
    /* Ether type 0800, version and header length 45; no fragment (don't fragment may be set), protocol 6. */
    const uint32_t type_version = load_be32(p + 12) >> 8;
    const uint32_t fragment_protocol = load_be32(p + PLAIN_FRAGMENT) & 0x3fff00ff;
    const uint16_t offset_flags = load_be16(p + PLAIN_OFFSET_FLAGS);
    uint32_t payload;
    if (unlikely(type_version != 0x080045 || fragment_protocol != 6 ||
                 !plain_lengths_fit(p, f->length, offset_flags, &payload)))
        return false;
    if (follows_ftp && unlikely(load_be16(p + PLAIN_TCP) == FTP_CONTROL_PORT ||
                                load_be16(p + PLAIN_TCP + 2) == FTP_CONTROL_PORT))
        return false;
    struct segment *s =
        emit_segment4(d, f, index << 8, p + PLAIN_ADDRESSES, p + PLAIN_ADDRESSES + 4, p + PLAIN_TCP,
                      offset_flags, SEGMENT_LENGTH_KNOWN, payload, follows_ftp);
    if (offset_flags & TCP_BOUNDARY && d->notes_boundaries && s)
        decode_note_plain_boundary(d, s, p, f->captured);
    return true;
}

ALWAYS_INLINE void decode_frames_of(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index,
                                    bool follows_ftp)
{
    struct plain_counts plain = {0};
    for (unsigned i = 0; i < n; i++) {
        if (likely(decode_plain_frame(d, &frames[i], index + i, follows_ftp)))
            plain_count(&plain, &frames[i]);
        else
            decode_frame(d, &frames[i], index + i);
    }
    plain_counts_add(d->counts, &plain);
}

/* One function each: with both loops in one, the compiler keeps the loop's numbers in memory, which costs 2
 * instructions a frame. */
static void decode_frames_later(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    decode_frames_of(d, frames, n, index, false);
}
static void decode_frames_4_0(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    decode_frames_of(d, frames, n, index, true);
}

const struct plain_path *plain_path_portable(enum rules rules)
{
    static const struct plain_path later = {"portable", decode_frames_later, RUN_PORTABLE};
    static const struct plain_path with_ftp = {"portable, 4.0", decode_frames_4_0, RUN_PORTABLE};
    return rules == RULES_4_0 ? &with_ftp : &later;
}
