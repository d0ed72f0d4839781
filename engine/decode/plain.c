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

const struct plain_path *plain_path_choose(enum rules rules)
{
    const struct plain_path *avx2 = plain_path_avx2();
    /* Under 4.0 frames of FTP control connections are not plain: AVX2 has no code for that. */
    return avx2 && rules != RULES_4_0 ? avx2 : plain_path_portable(rules);
}
