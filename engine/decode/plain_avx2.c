/* The AVX2 version of the fast path. Built for x86-64; others have plain_avx2_stub.c. */
#include "engine/decode/plain_avx2.h"

static PLAIN_AVX2 void decode_frames_avx2(struct decoder *d, const struct frame *frames, unsigned n,
                                          uint32_t index)
{
    struct plain_counts plain = {0};
    while (n) {
        /* Frames of one kind, which is nearly always all of them. */
        const uint32_t kind = frames->kind;
        const bool ethernet = kind_is_ethernet(kind);
        const struct plain_loop loop = plain_loop_begin(d, kind);
        for (; n && frames->kind == kind; n--, frames++, index++) {
            const struct frame *f = frames;
            if (likely(ethernet &&
                       decode_plain_avx2(d, &loop, f->data, f->captured, f->length, f->time, index << 8)))
                plain_count(&plain, f);
            else
                decode_frame(d, f, index);
        }
    }
    plain_counts_add(d->counts, &plain);
}

const struct plain_path *plain_path_avx2(void)
{
    static const struct plain_path path = {"AVX2", decode_frames_avx2, RUN_AVX2};
    return __builtin_cpu_supports("avx2") ? &path : NULL;
}
