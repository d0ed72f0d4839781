/* In place of plain_avx2.c where the processor is no x86-64. */
#include "engine/decode/plain.h"

const struct plain_path *plain_path_avx2(void)
{
    return NULL;
}
