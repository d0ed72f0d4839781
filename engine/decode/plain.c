/* Which version of the fast path a decoder takes. One binary runs on any x86-64, so the processor is asked at
 * run time. */
#include "engine/decode/plain.h"

static void decode_frames_slowly(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    for (unsigned i = 0; i < n; i++)
        decode_frame(d, &frames[i], index + i);
}

const struct plain_path *plain_path_none(void)
{
    static const struct plain_path none = {"none", decode_frames_slowly, RUN_PORTABLE};
    return &none;
}

enum { PLAIN_IP_ID = 18 };

static __attribute__((noinline)) void note_unusual_boundary(struct decoder *d, struct segment *s,
                                                            const uint8_t *frame, uint32_t captured)
{
    if (boundary_add(d->boundaries, s, frame + PLAIN_TCP, captured - PLAIN_TCP,
                     load_be16(frame + PLAIN_IP_ID)))
        d->failed = true;
}

void decode_note_plain_boundary(struct decoder *d, struct segment *s, const uint8_t *frame, uint32_t captured)
{
    if (d->boundaries && !boundary_add_usual(d->boundaries, s, frame + PLAIN_TCP, captured - PLAIN_TCP,
                                             load_be16(frame + PLAIN_IP_ID)))
        note_unusual_boundary(d, s, frame, captured);
}

const struct plain_path *plain_path_choose(enum rules rules, bool notes_boundaries)
{
    const struct plain_path *avx2 = plain_path_avx2(notes_boundaries);
    /* Under 4.0 frames of FTP control connections are not plain: AVX2 has no code for that. */
    return avx2 && rules != RULES_4_0 ? avx2 : plain_path_portable(rules);
}
