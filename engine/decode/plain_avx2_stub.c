/* In place of plain_avx2.c where the processor is no x86-64. */
#include "engine/decode/plain.h"

const struct plain_path *plain_path_avx2(bool notes_boundaries __attribute__((unused)))
{
    return NULL;
}
