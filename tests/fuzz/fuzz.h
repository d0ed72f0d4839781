/* What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput(), that libFuzzer calls, or
 * driver.c in builds without it. */
#ifndef TCPREUSE_FUZZ_H
#define TCPREUSE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Of targets whose inputs have a structure to be kept: changes one, of size bytes and with room for `most`, and returns the new
 * size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
/* Changes any bytes: of libFuzzer, or of driver.c. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* Unlike assert(), also in release builds. */
#define REQUIRE(condition)                                                                                   \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
