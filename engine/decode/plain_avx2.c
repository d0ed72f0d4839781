/* The AVX2 version of the fast path. Built for x86-64; others have plain_avx2_stub.c. */
#include "engine/decode/plain_avx2.h"

ALWAYS_INLINE PLAIN_AVX2 void decode_frames_of(struct decoder *d, const struct frame *frames, unsigned n,
                                               uint32_t index, bool notes)
{
    struct plain_counts plain = {0};
    while (n) {
        /* Frames of one kind, which is nearly always all of them. */
        const uint32_t kind = frames->kind;
        const bool ethernet = kind_is_ethernet(kind);
        const struct plain_loop loop = plain_loop_begin(d, kind);
        for (; n && frames->kind == kind; n--, frames++, index++) {
            const struct frame *f = frames;
            if (likely(ethernet && decode_plain_avx2(d, &loop, f->data, f->captured, f->length, f->time,
                                                     index << 8, notes)))
                plain_count(&plain, f);
            else
                decode_frame(d, f, index);
        }
    }
    plain_counts_add(d->counts, &plain);
}

static PLAIN_AVX2 void decode_frames_avx2(struct decoder *d, const struct frame *frames, unsigned n,
                                          uint32_t index)
{
    decode_frames_of(d, frames, n, index, false);
}
static PLAIN_AVX2 void decode_frames_avx2_noting(struct decoder *d, const struct frame *frames, unsigned n,
                                                 uint32_t index)
{
    decode_frames_of(d, frames, n, index, true);
}

const struct plain_path *plain_path_avx2(bool notes_boundaries)
{
    static const struct plain_path path = {"AVX2", decode_frames_avx2, RUN_AVX2};
    static const struct plain_path noting = {"AVX2, noting", decode_frames_avx2_noting, RUN_AVX2_NOTING};
    if (!__builtin_cpu_supports("avx2"))
        return NULL;
    return notes_boundaries ? &noting : &path;
}
