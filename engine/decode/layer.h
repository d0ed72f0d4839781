/* Checked access to packet bytes. A layer is the part of a frame from one protocol's header on: the captured
 * bytes, and the length that the enclosing header or the frame claims. captured <= length always.
 *
 * A read beyond the captured bytes gives 0 and never touches memory, so a protocol that forgets a check is
 * wrong, not unsafe. Protocols call decoder_need() (decoder.h) first; then the compiler drops the checks of
 * constant offsets. */
#ifndef TCPREUSE_LAYER_H
#define TCPREUSE_LAYER_H

#include "engine/util.h"

struct layer {
    const uint8_t *at;
    uint32_t captured;
    uint32_t length;
};

ALWAYS_INLINE uint8_t layer_u8(const struct layer *l, uint32_t offset)
{
    return likely(offset < l->captured) ? l->at[offset] : 0;
}

ALWAYS_INLINE uint16_t layer_u16(const struct layer *l, uint32_t offset)
{
    return likely(l->captured >= 2 && offset <= l->captured - 2) ? load_be16(l->at + offset) : 0;
}

ALWAYS_INLINE uint32_t layer_u32(const struct layer *l, uint32_t offset)
{
    return likely(l->captured >= 4 && offset <= l->captured - 4) ? load_be32(l->at + offset) : 0;
}

ALWAYS_INLINE uint16_t layer_le16(const struct layer *l, uint32_t offset)
{
    return likely(l->captured >= 2 && offset <= l->captured - 2) ? load_le16(l->at + offset) : 0;
}

ALWAYS_INLINE uint32_t layer_le32(const struct layer *l, uint32_t offset)
{
    return likely(l->captured >= 4 && offset <= l->captured - 4) ? load_le32(l->at + offset) : 0;
}

/* The captured bytes [offset, offset + n), or NULL if they are not all captured. */
ALWAYS_INLINE const uint8_t *layer_bytes(const struct layer *l, uint32_t offset, uint32_t n)
{
    return likely(l->captured >= n && offset <= l->captured - n) ? l->at + offset : NULL;
}

/* What follows the first n bytes. Beyond the end: an empty layer. */
ALWAYS_INLINE struct layer layer_after(struct layer l, uint32_t n)
{
    uint32_t c = MIN(n, l.captured);
    l.at += c;
    l.captured -= c;
    l.length -= MIN(n, l.length);
    return l;
}

/* The same layer, at most n bytes long. */
ALWAYS_INLINE struct layer layer_first(struct layer l, uint32_t n)
{
    l.length = MIN(l.length, n);
    l.captured = MIN(l.captured, l.length);
    return l;
}

/* The same layer without its last n bytes. */
ALWAYS_INLINE struct layer layer_without_last(struct layer l, uint32_t n)
{
    return layer_first(l, l.length - MIN(n, l.length));
}

#endif
