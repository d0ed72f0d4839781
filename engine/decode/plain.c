/* Which version of the fast path a decoder takes. One binary runs on any x86-64, so the processor is asked at
 * run time. */
#include "engine/decode/plain.h"

const struct plain_path *plain_path_choose(enum rules rules)
{
    const struct plain_path *avx2 = plain_path_avx2();
    /* Under 4.0 frames of FTP control connections are not plain: AVX2 has no code for that. */
    return avx2 && rules != RULES_4_0 ? avx2 : plain_path_portable(rules);
}
